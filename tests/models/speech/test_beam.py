"""What is misheard is written as the language model expects it, where it was said."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log10
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from models.analyzer import Analyzer, AnalyzerOptions
from models.audio import decode as decode_audio
from models.speech.beam import BeamSearch, LanguageModel
from models.speech.conversion import network_of
from models.speech.ctc import LogProbs, Vocabulary, decode
from models.speech.network import Network
from models.speech.transcript import EngineUnavailable, Word
from models.speech.vad import find_speech
from models.speech.wav2vec2 import LanguageDoubt, Wav2Vec2Transcriber
from models.verdict import Language

FIXTURES = Path(__file__).parents[2] / "fixtures"
TINY = FIXTURES / "tiny-wav2vec2"
with (FIXTURES / "notes" / "notes.tsv").open() as table:
    SAID = {row["file"]: row["transcript"] for row in csv.DictReader(table, delimiter="\t")}

CLASSES = "-|ABCDEHLOSTUVW"  # blank, delimiter, letters
VOCABULARY = Vocabulary(("", "", *CLASSES[2:]), delimiter=1)
FRAME = 0.02
SEA = ["the sea was cold", "we saw the sea", "the old sea", "was it cold"]


def arpa(texts: Sequence[str]) -> str:
    """A bigram model of `texts`, discounted by a half."""
    sentences = [["<s>", *text.split(), "</s>"] for text in texts]
    words = Counter(word for sentence in sentences for word in sentence)
    pairs = Counter(pair for sentence in sentences for pair in pairwise(sentence))
    starts = Counter(first for first, _ in pairs.elements())
    kinds = Counter(first for first, _ in pairs)
    total = sum(words.values()) + 1
    ones = [f"{log10(1 / total)}\t<unk>\t0"]
    ones += [
        f"{log10(count / total)}\t{word}\t{log10(0.5 * kinds[word] / starts[word]) if kinds[word] else 0}"
        for word, count in words.items()
    ]
    twos = [f"{log10((n - 0.5) / starts[one])}\t{one} {two}" for (one, two), n in pairs.items()]
    header = f"\\data\\\nngram 1={len(ones)}\nngram 2={len(twos)}\n"
    return "\n".join([header, "\\1-grams:", *ones, "", "\\2-grams:", *twos, "", "\\end\\", ""])


def model(folder: Path, texts: Sequence[str]) -> Path:
    file = folder / "words.arpa"
    file.write_text(arpa(texts), "utf-8")
    return file


def frames(*path: str) -> LogProbs:
    """One frame for each: a letter is sure, of two the first is a little likelier."""
    probs = np.full((len(path), len(CLASSES)), 1e-4)
    for frame, letters in enumerate(path):
        for rank, letter in enumerate(letters):
            probs[frame, CLASSES.index(letter)] = 0.6 - 0.2 * rank
    return np.log(probs / probs.sum(axis=1, keepdims=True)).astype(np.float32)


CEE = (*"THE|", "CS", "EA", "-", "EA", *"|WAS|COLD|")
"""Greedily "the cee was cold"; "sea" is as good as heard."""


@pytest.mark.parametrize("capitals", [False, True])
def test_a_misheard_word_becomes_the_likely_one_and_stays_in_its_place(
    tmp_path: Path, capitals: bool
) -> None:
    texts = [text.upper() if capitals else text for text in SEA]
    search = BeamSearch(LanguageModel.read(model(tmp_path, texts)), VOCABULARY)
    heard = decode(frames(*CEE), VOCABULARY, FRAME, start=1.0).words
    read = search.words(frames(*CEE), FRAME, start=1.0)
    assert text(heard) == "the cee was cold"
    assert text(read) == "the sea was cold"
    assert_same_places(read, heard)


def test_what_is_clear_is_left_as_it_was_heard(tmp_path: Path) -> None:
    search = BeamSearch(LanguageModel.read(model(tmp_path, SEA)), VOCABULARY)
    assert text(search.words(frames(*"--THE||LOST|-C-E--E|"), FRAME)) == "the lost cee"
    assert search.words(frames(*"----"), FRAME) == ()


def test_speech_without_an_end_is_read_piece_by_piece(tmp_path: Path) -> None:
    """Three minutes in one breath; nothing is lost where the pieces meet, and others are let by between."""
    search = BeamSearch(LanguageModel.read(model(tmp_path, SEA)), VOCABULARY)
    many = 9000 // len(CEE)
    pauses: list[float] = []
    words = search.words(frames(*(CEE * many)), FRAME, 5.0, lambda heard=0.0: pauses.append(heard))
    assert text(words) == " ".join(["the sea was cold"] * many)
    times = [time for word in words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert 10 <= len(pauses) <= 20
    assert pauses == sorted(pauses)
    assert pauses[0] == 5.0


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def confused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that takes every N for an M: to its last layer they are one, M a little likelier."""
    folder = tmp_path_factory.mktemp("confused") / "model"
    shutil.copytree(TINY, folder)
    numbers = json.loads((TINY / "vocab.json").read_text())
    tensors = load_file(TINY / "model.safetensors")
    weight, bias = tensors["lm_head.weight"], tensors["lm_head.bias"]
    n, m = numbers["N"], numbers["M"]
    weight[n] = weight[m] = np.where(abs(weight[n]) > abs(weight[m]), weight[n], weight[m])
    bias[n] = bias[m] = max(bias[n], bias[m])
    bias[m] += 0.5
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.parametrize("name", SAID)
async def test_a_note_is_written_down_as_it_was_meant(
    tmp_path: Path, cache: Path, confused: Path, name: str
) -> None:
    samples = await decode_audio((FIXTURES / "notes" / name).read_bytes())
    networks: dict[Language, Network] = {"en": network_of(str(confused), cache, 1, lambda *_: None)}
    known: dict[Language, LanguageModel] = {"en": LanguageModel.read(model(tmp_path, [*SAID.values(), *SEA]))}
    speech = find_speech(samples)
    alone = Wav2Vec2Transcriber(networks, threads=1).transcribe(samples, speech, "en", None)
    helped = Wav2Vec2Transcriber(networks, threads=1, language_models=known).transcribe(
        samples, speech, "en", None
    )
    assert alone.text == SAID[name].replace("n", "m")
    assert helped.text == SAID[name]
    assert_same_places(helped.words, alone.words)


async def test_a_language_model_makes_no_network_surer_of_its_language(
    tmp_path: Path, cache: Path, confused: Path
) -> None:
    """One that confuses two letters, but reads them right, yields to one that hears clearly."""
    samples = await decode_audio((FIXTURES / "notes" / next(iter(SAID))).read_bytes())
    known: dict[Language, LanguageModel] = {"en": LanguageModel.read(model(tmp_path, list(SAID.values())))}
    sources: dict[Language, Path] = {"en": confused, "ru": TINY}
    engine = Wav2Vec2Transcriber(
        {
            language: network_of(str(folder), cache, 1, lambda *_: None)
            for language, folder in sources.items()
        },
        threads=1,
        language_models=known,
        doubt=LanguageDoubt(sure=0.99),
    )
    assert engine.transcribe(samples, find_speech(samples), None, "en").language == "ru"


def test_a_folder_from_the_hub_brings_its_words_and_weights(tmp_path: Path) -> None:
    """As pyctcdecode keeps them in a checkpoint. With no say at all, the model leaves the misheard word."""
    folder = tmp_path / "language_model"
    folder.mkdir()
    with gzip.open(folder / "4gram.arpa.gz", "wt", encoding="utf-8") as file:
        file.write(arpa(SEA))
    (folder / "unigrams.txt").write_text("\n".join(sorted({*" ".join(SEA).split(), "cee"})))
    read: dict[float, str] = {}
    for alpha in (0.5, 0.0):
        weights = {"alpha": alpha, "beta": 1.5, "unk_score_offset": -10 * alpha, "score_boundary": True}
        (folder / "attrs.json").write_text(json.dumps(weights))
        for place in (tmp_path, folder, folder / "4gram.arpa.gz"):
            found = LanguageModel.read(place)
            assert found.weights == weights
            read[alpha] = text(BeamSearch(found, VOCABULARY).words(frames(*CEE), FRAME))
    assert read == {0.5: "the sea was cold", 0.0: "the cee was cold"}


def _binary(folder: Path) -> None:
    (folder / "words.bin").write_bytes(b"mmap lm http://kheafield.com/code format version 5\n\0")


def _two(folder: Path) -> None:
    (folder / "one.arpa").write_text(arpa(SEA))
    (folder / "two.arpa").write_text(arpa(SEA))


def _wordless(folder: Path) -> None:
    (folder / "words.arpa").write_text(arpa([]))


@pytest.mark.parametrize(
    ("make", "name", "complaint"),
    [
        (lambda _: None, "none.arpa", "No such file"),
        (lambda _: None, ".", "0 files in this folder"),
        (_two, ".", "2 files in this folder"),
        (_binary, "words.bin", "unigrams.txt"),
        (_wordless, "words.arpa", "knows no word"),
    ],
    ids=["no file", "no model", "two models", "no words beside", "no words inside"],
)
async def test_a_model_that_cannot_be_used_ends_the_start_with_one_line(
    tmp_path: Path, make: Callable[[Path], None], name: str, complaint: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    make(folder)
    options = AnalyzerOptions(
        wav2vec2_model=str(TINY), language_model_ru=folder / name, cache_dir=tmp_path / "cache"
    )
    with pytest.raises(EngineUnavailable) as refused:
        await Analyzer.open(options)
    assert complaint in str(refused.value)
    assert str(folder) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    file = model(tmp_path, SEA)
    file.write_text(file.read_text().replace("\\2-grams:", "\\3-grams:"))
    with pytest.raises(EngineUnavailable, match=r"words\.arpa"):
        BeamSearch(LanguageModel.read(file), VOCABULARY)


def test_without_the_extra_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ctc_beam_decoder", None)
    with pytest.raises(EngineUnavailable, match=r"pip install 'forewarn\[lm\]'"):
        LanguageModel.read(model(tmp_path, SEA))


async def test_the_operator_sees_which_model_is_in_use(tmp_path: Path) -> None:
    options = AnalyzerOptions(
        wav2vec2_model=str(TINY), language_model=model(tmp_path, SEA), cache_dir=tmp_path / "cache"
    )
    async with await Analyzer.open(options) as analyzer:
        assert "language model words.arpa" in analyzer.describe()


def text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def assert_same_places(words: Sequence[Word], others: Sequence[Word]) -> None:
    """Within a frame or two."""
    for word, other in zip(words, others, strict=True):
        assert word.start == pytest.approx(other.start, abs=2.5 * FRAME)
        assert word.end == pytest.approx(other.end, abs=2.5 * FRAME)
