"""The engine, from a voice note to its words, with a network that the project trained itself."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.numpy import load_file, save_file

from models.audio import SAMPLE_RATE, decode
from models.speech.conversion import network_of
from models.speech.engines import open_engine
from models.speech.network import Network
from models.speech.transcript import EngineUnavailable, Samples, Span
from models.speech.vad import find_speech
from models.speech.wav2vec2 import Wav2Vec2Transcriber
from models.verdict import Language, Unusable, UnusableNote

FIXTURES = Path(__file__).parents[2] / "fixtures"
TINY = FIXTURES / "tiny-wav2vec2"
NOTES = FIXTURES / "notes"
with (NOTES / "notes.tsv").open() as table:
    SAID = {row["file"]: row["transcript"] for row in csv.DictReader(table, delimiter="\t")}
NOTE = "the-train-leaves-at-six.oga"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each checkpoint is converted once for all tests of this module."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def deaf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that guesses: the tiny one, its last layer turned to noise; it writes Cyrillic."""
    folder = tmp_path_factory.mktemp("deaf") / "model"
    shutil.copytree(TINY, folder)
    tensors = load_file(folder / "model.safetensors")
    noise = np.random.default_rng(0).standard_normal(tensors["lm_head.weight"].shape) * 0.05
    tensors["lm_head.weight"] = noise.astype(np.float16)
    tensors["lm_head.bias"] = np.zeros_like(tensors["lm_head.bias"])
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    vocabulary = json.loads((folder / "vocab.json").read_text())
    cyrillic = {chr(ord("а") + n - 5) if n >= 5 else token: n for token, n in vocabulary.items()}
    (folder / "vocab.json").write_text(json.dumps(cyrillic))
    return folder


def had(source: object, cache: Path) -> Network:
    return network_of(str(source), cache, 1, lambda *_: None)


async def listen(
    cache: Path,
    models: Mapping[Language, Path],
    samples: Samples,
    language: Language | None = None,
    hint: Language | None = None,
) -> tuple[str, Language]:
    networks = {key: had(folder, cache) for key, folder in models.items()}
    engine = Wav2Vec2Transcriber(networks, threads=1)
    transcript = engine.transcribe(samples, find_speech(samples), language, hint)
    assert transcript.engine == "wav2vec2"
    return transcript.text, transcript.language


async def note(name: str = NOTE) -> Samples:
    return await decode((NOTES / name).read_bytes())


@pytest.mark.parametrize("name", SAID)
async def test_a_voice_note_is_written_down_exactly(cache: Path, name: str) -> None:
    assert await listen(cache, {"en": TINY}, await note(name), "en") == (SAID[name], "en")


async def test_words_stand_where_they_were_said(cache: Path) -> None:
    engine = Wav2Vec2Transcriber({"en": had(TINY, cache)}, threads=1)
    quiet = np.zeros(3 * SAMPLE_RATE, np.float32)
    alone = await note()
    late = np.concatenate([quiet, alone])
    early_words = engine.transcribe(alone, find_speech(alone), "en", None).words
    late_words = engine.transcribe(late, find_speech(late), "en", None).words
    assert [word.text for word in late_words] == [word.text for word in early_words]
    for early, after in zip(early_words, late_words, strict=True):
        assert after.start == pytest.approx(early.start + 3, abs=0.1)
        assert 0 <= early.start < early.end <= len(alone) / SAMPLE_RATE


async def test_a_long_note_loses_and_doubles_nothing(cache: Path) -> None:
    """Forty seconds: cut at pauses that are longer than any within a phrase."""
    pause = np.zeros(2 * SAMPLE_RATE, np.float32)
    pieces = [piece for name in SAID for piece in (await note(name), pause)]
    text, _ = await listen(cache, {"en": TINY}, np.concatenate(pieces), "en")
    assert text == " ".join(SAID.values())


@pytest.mark.parametrize("hint", [None, "en", "ru"])
async def test_the_surer_language_is_kept(cache: Path, deaf: Path, hint: Language | None) -> None:
    sure_of_english: dict[Language, Path] = {"en": TINY, "ru": deaf}
    sure_of_russian: dict[Language, Path] = {"en": deaf, "ru": TINY}
    assert await listen(cache, sure_of_english, await note(), None, hint) == (SAID[NOTE], "en")
    assert await listen(cache, sure_of_russian, await note(), None, hint) == (SAID[NOTE], "ru")


@pytest.mark.parametrize("hint", [None, "ru"])
async def test_one_language_is_enough(cache: Path, hint: Language | None) -> None:
    assert await listen(cache, {"en": TINY}, await note(), None, hint) == (SAID[NOTE], "en")
    with pytest.raises(EngineUnavailable, match="'ru'"):
        await listen(cache, {"en": TINY}, await note(), "ru", hint)


async def test_a_language_that_nobody_understands(cache: Path, deaf: Path) -> None:
    with pytest.raises(UnusableNote) as refused:
        await listen(cache, {"en": deaf, "ru": deaf}, await note())
    assert refused.value.reason is Unusable.UNKNOWN_LANGUAGE


@pytest.mark.parametrize("language", [None, "en"])
async def test_silence_has_no_words(cache: Path, language: Language | None) -> None:
    engine = Wav2Vec2Transcriber({"en": had(TINY, cache)}, threads=1)
    silence = np.zeros(2 * SAMPLE_RATE, np.float32)
    for speech in ([], [Span(0.5, 1.5)], [Span(0, 0.01)]):
        with pytest.raises(UnusableNote) as refused:
            engine.transcribe(silence, speech, language, None)
        assert refused.value.reason is Unusable.NO_WORDS


def _without(name: str) -> dict[str, object]:
    return {name: None}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (_without("vocab.json"), "there is no vocab.json"),
        (_without("model.safetensors"), "there is neither model.safetensors nor pytorch_model.bin"),
        (_without("config.json"), "config.json cannot be read"),
        ({"config.json": {"model_type": "hubert"}}, "its model_type is 'hubert', not 'wav2vec2'"),
        ({"config.json": {"adapter_attn_dim": 16}}, "it uses adapter_attn_dim"),
        ({"config.json": {"conv_dim": [96] * 6 + [97]}}, "its wav2vec2.feature_extractor.conv_layers.6.conv"),
        ({"config.json": {"num_hidden_layers": 5}}, "it has no wav2vec2.encoder.layers.4"),
        ({"model.safetensors": b"not weights"}, "its model.safetensors is damaged"),
        ({"vocab.json": {"eng": {"A": 1}}}, "its vocab.json holds more than one language"),
    ],
    ids=str,
)
def test_a_model_that_cannot_be_used_says_so_in_one_line(
    tmp_path: Path, changes: dict[str, object], complaint: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(TINY, folder)
    for name, change in changes.items():
        match change:
            case None:
                (folder / name).unlink()
            case bytes():
                (folder / name).write_bytes(change)
            case _:
                content = json.loads((folder / name).read_text()) if name == "config.json" else {}
                (folder / name).write_text(json.dumps(content | change))
    with pytest.raises(EngineUnavailable) as refused:
        had(folder, tmp_path / "cache")
    assert complaint in str(refused.value)
    assert str(folder) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_model_that_is_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EngineUnavailable, match="nobody/no-such-model: no such folder, and the model hub"):
        had("nobody/no-such-model", tmp_path)


@pytest.mark.parametrize(
    "broken",
    [RuntimeError("Data processing error: CAS service error"), TimeoutError(), ValueError("no")],
    ids=repr,
)
def test_a_line_that_breaks_while_a_model_comes_is_one_line_for_the_operator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Exception
) -> None:
    def breaks(*_: object, local_files_only: bool = False, **__: object) -> str:
        raise LocalEntryNotFoundError("nothing yet") if local_files_only else broken

    monkeypatch.setattr("huggingface_hub.snapshot_download", breaks)
    with pytest.raises(EngineUnavailable, match=r"some/model: .* does not give it") as refused:
        had("some/model", tmp_path)
    assert (str(broken) or type(broken).__name__) in str(refused.value)


def test_a_disk_that_is_full_while_a_model_is_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("models.speech.conversion._write", full)
    with pytest.raises(EngineUnavailable, match="No space left on device"):
        had(TINY, tmp_path)
    assert not list((tmp_path / "wav2vec2").iterdir())


def test_a_language_that_cannot_be_had_is_named_at_the_start_and_asked_for_no_more(tmp_path: Path) -> None:
    sources: dict[Language, str] = {"en": str(TINY), "ru": str(tmp_path / "none")}
    engine = open_engine("wav2vec2", sources, tmp_path, 1, lambda *_: None)
    assert f"wav2vec2, {TINY}; no ru: " in engine.about


def test_other_weights_are_other_weights(tmp_path: Path, deaf: Path) -> None:
    def weights(**sources: Path) -> str:
        named = {language: str(folder) for language, folder in sources.items()}
        return open_engine("wav2vec2", named, tmp_path, 1, lambda *_: None).weights  # type: ignore[arg-type]

    assert weights(en=TINY) == weights(en=TINY)
    assert len({weights(en=TINY), weights(en=deaf), weights(en=TINY, ru=deaf)}) == 3
