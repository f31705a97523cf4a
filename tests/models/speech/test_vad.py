"""Speech is found where someone speaks, and nowhere else."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from models.audio import SAMPLE_RATE, decode
from models.speech.vad import find_speech

NOTES = sorted((Path(__file__).parents[3] / "bot" / "samples").glob("*.oga"))
SECONDS = 6


@pytest.fixture(scope="module")
def voice():
    """4 to 7 seconds of speech."""
    return asyncio.run(decode(NOTES[0].read_bytes()))


def silence(seconds):
    return np.zeros(int(seconds * SAMPLE_RATE), np.float32)


def noise(loudness):
    return np.random.default_rng(7).normal(0, loudness, SECONDS * SAMPLE_RATE)


def tone(*pitches):
    time = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    return sum(np.sin(2 * np.pi * pitch * time) for pitch in pitches) / (2 * len(pitches))


def melody():
    """Chords with overtones that fade, two a second."""
    time = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    chords = [
        np.exp(-3 * time)
        * sum(
            np.sin(2 * np.pi * 220 * 2 ** ((step + third) / 12) * overtone * time) / overtone
            for third in (0, 4, 7)
            for overtone in (1, 2, 3, 4)
        )
        for step in (0, 4, 7, 12, 7, 4, 5, 9, 12, 9, 5, 2)
    ]
    music = np.concatenate(chords)
    return 0.7 * music / np.abs(music).max()


@pytest.mark.parametrize(
    "sound",
    [
        silence(SECONDS),
        silence(0),
        silence(0.01),
        noise(0.001),
        noise(0.1),
        noise(0.3),
        np.cumsum(noise(0.01)) * 0.1,
        tone(150),
        tone(440),
        tone(220, 277, 330),
        melody(),
    ],
    ids=[
        "silence",
        "nothing",
        "10 ms",
        "hiss",
        "noise",
        "loud noise",
        "rumble",
        "hum",
        "beep",
        "chord",
        "melody",
    ],
)
def test_what_is_no_speech_gives_no_spans(sound):
    assert find_speech(sound.astype(np.float32)) == []


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.stem)
def test_a_note_full_of_speech_is_found_almost_whole(note):
    samples = asyncio.run(decode(note.read_bytes()))
    spans = find_speech(samples)
    assert sum(span.end - span.start for span in spans) > 0.8 * len(samples) / SAMPLE_RATE


def test_speech_between_silences_is_cut_out(voice):
    length = len(voice) / SAMPLE_RATE
    [span] = find_speech(np.concatenate([silence(3), voice, silence(4)]))
    assert 2.5 < span.start < 3.5
    assert 2.5 + length < span.end < 3.7 + length


def test_spans_are_in_order_apart_and_within_the_note(voice):
    samples = np.concatenate([voice, silence(2), voice, silence(0.1), voice, silence(5), voice])
    spans = find_speech(samples)
    assert len(spans) >= 3
    edges = [edge for span in spans for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] <= len(samples) / SAMPLE_RATE


def test_a_click_is_no_speech():
    samples = silence(SECONDS)
    samples[SAMPLE_RATE : SAMPLE_RATE + 200] = 0.9
    assert find_speech(samples) == []


def test_one_note_does_not_change_what_is_heard_in_the_next(voice):
    alone = find_speech(voice)
    find_speech(noise(0.3).astype(np.float32))
    assert find_speech(voice) == alone
