"""A note goes in, a verdict comes out; the loop stays free meanwhile."""

import asyncio
import csv
import json
import shutil
import subprocess
import sys
import time
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from models.analyzer import Analyzer, AnalyzerOptions
from models.audio import SAMPLE_RATE, decode
from models.speech import engines
from models.speech.engines import Engine
from models.speech.transcript import EngineUnavailable, Span, Transcript, Word
from models.tone.model import WEIGHTS
from models.verdict import EMOTIONS, TONES, Unusable, UnusableNote
from tests.models.test_audio import make  # noqa: F401 - a fixture

FOLDER = Path(__file__).parents[2] / "bot" / "samples"
with (FOLDER / "samples.tsv").open(encoding="utf-8", newline="") as _table:
    NOTES = list(csv.DictReader(_table, delimiter="\t"))

TRAINING = {"torch", "transformers", "sklearn", "scipy", "matplotlib", "pandas", "datasets"}
UNWANTED = {
    "wav2vec2": TRAINING | {"onnx", "google", "huggingface_hub", "ctc_beam_decoder", "faster_whisper"},
    "whisper": TRAINING | {"onnx", "google"},
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


def note(file):
    return (FOLDER / file).read_bytes()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def analyzer(tmp_path_factory):
    options = AnalyzerOptions(engine="whisper", cache_dir=tmp_path_factory.mktemp("cache"))
    async with await Analyzer.open(options) as analyzer:
        await analyzer.warm_up()
        yield analyzer


@pytest.mark.parametrize("sample", NOTES, ids=lambda sample: sample["file"])
async def test_samples_get_their_tone(analyzer, sample):
    verdict = await analyzer.listen(note(sample["file"]))
    assert verdict.tone == sample["tone"]
    assert verdict.language == sample["language"]
    assert not verdict.unsure


async def test_verdict_is_whole(analyzer):
    verdict = await analyzer.listen(note("bad_day.oga"))

    assert verdict.engine == analyzer.engine == "whisper"
    assert 3 < verdict.duration < 8
    assert set(verdict.scores) == set(TONES)
    assert sum(verdict.scores.values()) == pytest.approx(1, abs=1e-3)
    assert verdict.confidence == max(verdict.scores.values()) == verdict.scores[verdict.tone]
    assert set(verdict.emotions) == set(EMOTIONS)
    assert all(0 <= chance <= 1 for chance in verdict.emotions.values())
    assert " ".join(word.word for word in verdict.words) == verdict.transcript
    assert all(0 <= word.start <= word.end <= verdict.duration for word in verdict.words)
    assert all(-1 <= word.weight <= 1 for word in verdict.words)
    [moment] = verdict.timeline
    assert 0 <= moment.start < moment.end <= verdict.duration


async def test_texts_are_judged_in_order_without_sound(analyzer):
    verdicts = await analyzer.judge(
        ["I love you so much!", "", "Ты меня бесишь, я тебя ненавижу.", "https://a.b"]
    )

    assert [verdict.tone for verdict in verdicts] == ["positive", "neutral", "negative", "neutral"]
    assert [verdict.language for verdict in verdicts] == ["en", "en", "ru", "en"]
    assert [verdict.unsure for verdict in verdicts] == [False, True, False, True]
    assert {(verdict.engine, verdict.duration, verdict.timeline) for verdict in verdicts} == {("text", 0, ())}
    assert await analyzer.judge([]) == []


@pytest.mark.parametrize("sound", ["anullsrc", "anoisesrc=amplitude=0.3", "sine=frequency=440"])
async def test_a_note_without_speech_never_gets_a_tone(analyzer, make, sound):  # noqa: F811
    data = make("speechless.oga", "-f", "lavfi", "-i", sound, "-t", "5", "-c:a", "libopus", "-ar", "48000")
    with pytest.raises(UnusableNote) as caught:
        await analyzer.listen(data)
    assert caught.value.reason is Unusable.NO_WORDS


async def test_what_is_no_audio_is_refused(analyzer):
    with pytest.raises(UnusableNote) as caught:
        await analyzer.listen(b"not a voice note")
    assert caught.value.reason is Unusable.NOT_AUDIO


async def test_loop_stays_free_while_notes_are_listened_to(analyzer):
    listening = asyncio.gather(*(analyzer.listen(note("bad_day.oga")) for _ in range(3)))
    pauses = []
    while not listening.done():
        before = time.perf_counter()
        await asyncio.sleep(0.01)
        pauses.append(time.perf_counter() - before)
    assert len({verdict.transcript for verdict in await listening}) == 1
    assert len(pauses) > 5
    assert float(np.median(pauses)) < 0.1


class Slow:
    """A transcriber that takes a tenth of the note's length, in pieces."""

    name = "whisper"

    def transcribe(self, samples, speech, language, hint, pause):
        for second in range(round(len(samples) / SAMPLE_RATE)):
            pause(float(second))
            time.sleep(0.1)
        return Transcript((Word("Hello.", 0.0, 1.0),), "en", self.name)


async def test_a_short_note_does_not_wait_for_long_ones(make):  # noqa: F811
    short = note("bad_day.oga")
    long = make("long.oga", "-stream_loop", "30", "-i", str(FOLDER / "bad_day.oga"), "-c:a", "libopus")
    async with await Analyzer.open(AnalyzerOptions(listens=False)) as analyzer:
        analyzer._engine = Engine(Slow(), "slow", "slow")
        longs = [asyncio.create_task(analyzer.listen(long)) for _ in range(2)]
        await asyncio.sleep(1.5)
        started = time.perf_counter()
        await analyzer.listen(short)
        assert time.perf_counter() - started < 10
        assert not any(task.done() for task in longs)
        for task in longs:
            task.cancel()
        await asyncio.gather(*longs, return_exceptions=True)
        started = time.perf_counter()
        await analyzer.listen(short)
        assert time.perf_counter() - started < 10


async def test_a_short_note_does_not_wait_for_eight_of_four_minutes(make):  # noqa: F811
    long = make("four.oga", "-stream_loop", "60", "-i", str(FOLDER / "bad_day.oga"), "-c", "copy")
    async with await Analyzer.open(AnalyzerOptions(listens=False)) as analyzer:
        analyzer._engine = Engine(Slow(), "slow", "slow")
        longs = [asyncio.create_task(analyzer.listen(long)) for _ in range(8)]
        await asyncio.sleep(6)  # all are decoded by now, or about to be
        started = time.perf_counter()
        await analyzer.listen(note("bad_day.oga"))
        assert time.perf_counter() - started < 10
        assert not any(task.done() for task in longs)
        for task in longs:
            task.cancel()
        await asyncio.gather(*longs, return_exceptions=True)


async def test_two_long_notes_at_most_are_in_memory_and_short_ones_pass_them(make, monkeypatch):  # noqa: F811
    # Small as a file: its size tells nothing.
    long = make("long.flac", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "301")
    decoded, most = [], 0

    def held():
        return sum(one() is not None for one in decoded)

    async def watched(data, limits=None):
        nonlocal most
        samples = await decode(data, limits)
        if len(samples) > 300 * SAMPLE_RATE:
            decoded.append(weakref.ref(samples))
        most = max(most, held())
        return samples

    monkeypatch.setattr("models.analyzer.decode", watched)
    monkeypatch.setattr("models.analyzer.find_speech", lambda *_, **__: [Span(0.0, 1.0)])
    async with await Analyzer.open(AnalyzerOptions(listens=False)) as analyzer:
        analyzer._engine = Engine(Slow(), "slow", "slow")
        longs = [asyncio.create_task(analyzer.listen(long)) for _ in range(6)]
        async with asyncio.timeout(30):
            while held() < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        started = time.perf_counter()
        await analyzer.listen(note("bad_day.oga"))
        assert time.perf_counter() - started < 10
        # Whoever gives up makes room for the next one, be it in work or not, and keeps none of the sound.
        for task in longs[:5]:
            task.cancel()
        await asyncio.gather(*longs[:5], return_exceptions=True)
        before = len(decoded)
        async with asyncio.timeout(30):
            while len(decoded) == before or held() > 1:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        longs[5].cancel()
    assert most == 2


async def test_describe_names_engine_and_weights_in_one_line(analyzer):
    line = analyzer.describe()
    assert "Whisper base" in line
    assert "tone weights" in line
    assert "\n" not in line


async def test_auto_takes_whisper_where_no_wav2vec2_can_be_had_and_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "_within_reach", lambda *_: False)
    async with await Analyzer.open(AnalyzerOptions(cache_dir=tmp_path)) as chosen:
        assert chosen.engine == "whisper"
        assert "not wav2vec2" in chosen.describe()


async def test_the_version_changes_with_whatever_a_verdict_depends_on(tmp_path):
    calibrated = tmp_path / "weights"
    shutil.copytree(WEIGHTS, calibrated)
    about = json.loads((calibrated / "tone.json").read_text())
    about["calibration"]["en"]["temperature"] *= 2
    (calibrated / "tone.json").write_text(json.dumps(about))
    versions = []
    for options in (AnalyzerOptions(), AnalyzerOptions(tone_weights=calibrated), AnalyzerOptions()):
        async with await Analyzer.open(replace(options, listens=False)) as analyzer:
            versions.append(analyzer.version)
    assert versions[0] == versions[2] != versions[1]


async def test_the_end_of_a_text_counts_in_both_languages(analyzer):
    calm = "Сегодня утром пришла посылка, она лежит на почте до пятницы, паспорт нужен обязательно. "
    insult = "Я тебя ненавижу, ты всё испортил, ты мерзавец, ты мерзкая скотина, чтоб ты провалился!"
    [whole] = await analyzer.judge([calm * 5 + insult], "ru")
    assert whole.tone == "negative"


async def test_forced_wav2vec2_does_not_fall_back(tmp_path):
    options = AnalyzerOptions(
        engine="wav2vec2",
        wav2vec2_model=str(tmp_path / "none"),
        wav2vec2_model_ru=str(tmp_path / "none"),
        cache_dir=tmp_path,
    )
    with pytest.raises(EngineUnavailable):
        await Analyzer.open(options)


async def test_a_hub_that_never_answers_does_not_hold_up_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "_HUB_PATIENCE", 0.2)
    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", lambda *_, **__: time.sleep(5))
    started = time.perf_counter()
    assert not engines._within_reach("some/model", tmp_path)
    assert time.perf_counter() - started < 4


@pytest.mark.parametrize("engine", ["wav2vec2", "whisper"])
async def test_running_loads_nothing_that_training_and_converting_need(tmp_path, engine):
    """Time to start and memory: a note is judged without PyTorch and its kin, and with all converted before
    also without what converts."""
    fixtures = Path(__file__).parents[1] / "fixtures"
    script = f"""
import asyncio, sys
from pathlib import Path
from models.analyzer import Analyzer, AnalyzerOptions

note = Path({str(fixtures / "notes" / "the-train-leaves-at-six.oga")!r}).read_bytes()
network = {str(fixtures / "tiny-wav2vec2")!r}
options = AnalyzerOptions({engine!r}, network, network, cache_dir=Path({str(tmp_path)!r}))

async def judge():
    async with await Analyzer.open(options) as analyzer:
        return await analyzer.listen(note)

verdict = asyncio.run(judge())
print(verdict.engine, verdict.tone)
print(sorted({UNWANTED[engine]!r} & {{name.split(".")[0] for name in sys.modules}}))
"""
    for _ in ("converts", "starts from what was converted"):
        heard = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
    assert heard.stdout.splitlines() == [f"{engine} neutral", "[]"]


async def test_who_waits_can_see_how_far_it_is_and_what_the_next_note_will_cost(make):  # noqa: F811
    thrice = make("thrice.oga", "-stream_loop", "2", "-i", str(FOLDER / "bad_day.oga"), "-c:a", "libopus")
    async with await Analyzer.open(AnalyzerOptions(listens=False)) as analyzer:
        analyzer._engine = Engine(Slow(), "slow", "slow")
        before, steps = analyzer.cost(60), []
        verdict = await analyzer.listen(thrice, heard=lambda *step: steps.append(step))
        assert {whole for _, whole in steps} == {verdict.duration}
        assert [done for done, _ in steps] == sorted(done for done, _ in steps)
        assert len({done for done, _ in steps}) > 5
        # `Slow` is faster than the usual.
        assert 0.1 * 60 < analyzer.cost(60) < before


async def test_without_an_explanation_it_hears_the_same(analyzer):
    data = note("bad_day.oga")
    whole, plain = await analyzer.listen(data), await analyzer.listen(data, explain=False)
    assert any(word.weight for word in whole.words)
    assert not any(word.weight for word in plain.words)
    assert (plain.scores, plain.transcript) == (whole.scores, whole.transcript)
