"""What the probabilities of a CTC network say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.speech.ctc import Hearing, LogProbs, Vocabulary, decode, join
from models.speech.transcript import Word

CLASSES = "-|ABCЯ"  # blank, delimiter, letters
VOCABULARY = Vocabulary(("", "", "A", "B", "C", "Я"), delimiter=1)
FRAME = 0.02


def frames(path: str, sure: float = 0.9) -> LogProbs:
    """Log-probabilities whose best class in each frame is that of `path`."""
    probs = np.full((len(path), len(CLASSES)), (1 - sure) / (len(CLASSES) - 1))
    for frame, name in enumerate(path):
        probs[frame, CLASSES.index(name)] = sure
    return np.log(probs).astype(np.float32)


def text(hearing: Hearing) -> str:
    return " ".join(word.text for word in hearing.words)


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("", ""),
        ("----", ""),
        ("||-|", ""),
        ("A", "a"),
        ("AAA", "a"),
        ("A-A", "aa"),
        ("AAB-BC", "abbc"),
        ("-A-|-B-", "a b"),
        ("|A||B|", "a b"),
        ("A-|-|-B", "a b"),
        ("Я-Я|A", "яя a"),
    ],
)
def test_repeats_are_one_letter_and_a_blank_parts_two(path: str, written: str) -> None:
    assert text(decode(frames(path), VOCABULARY, FRAME)) == written


def test_words_know_when_they_were_said() -> None:
    heard = decode(frames("--AB-C|-B-"), VOCABULARY, FRAME, start=1.0)
    assert [word.text for word in heard.words] == ["abc", "b"]
    assert [(word.start, word.end) for word in heard.words] == [
        (pytest.approx(1.04), pytest.approx(1.12)),
        (pytest.approx(1.16), pytest.approx(1.18)),
    ]


def test_confidence_is_that_of_the_letters_and_blanks_lend_none() -> None:
    unsure = np.concatenate([frames("--------", 0.99), frames("A-B", 0.4)])
    assert decode(unsure, VOCABULARY, FRAME).confidence == pytest.approx(0.4, abs=1e-5)
    assert decode(frames("----"), VOCABULARY, FRAME).confidence == 0


def test_a_letter_counts_at_its_surest_frame() -> None:
    rising = np.concatenate([frames("A", 0.4), frames("A", 0.9), frames("A", 0.5)])
    assert decode(rising, VOCABULARY, FRAME).confidence == pytest.approx(0.9, abs=1e-5)


words = st.lists(st.text("abcя", min_size=1, max_size=5), max_size=4)


@st.composite
def spoken(draw: st.DrawFn) -> tuple[str, str]:
    """A text, and one of the many paths of frames that say it."""
    said = " ".join(draw(words))
    path = draw(st.sampled_from(["", "-", "--"]))
    for index, letter in enumerate(said.replace(" ", "|").upper()):
        if index and path[-1] == letter:
            path += "-"
        path += letter * draw(st.integers(1, 3)) + "-" * draw(st.integers(0, 2))
    return said, path


@given(spoken())
def test_every_path_of_a_text_says_that_text(case: tuple[str, str]) -> None:
    said, path = case
    assert text(decode(frames(path), VOCABULARY, FRAME)) == said


@given(st.text(CLASSES, max_size=40))
def test_words_follow_each_other_within_the_frames(path: str) -> None:
    times = [
        time for word in decode(frames(path), VOCABULARY, FRAME).words for time in (word.start, word.end)
    ]
    assert times == sorted(times)
    assert all(0 <= time <= len(path) * FRAME + 1e-9 for time in times)


@given(st.text(CLASSES, max_size=20), st.integers(1, 4))
def test_holding_every_frame_longer_says_the_same(path: str, times: int) -> None:
    held = "".join(name * times for name in path)
    assert text(decode(frames(held), VOCABULARY, FRAME)) == text(decode(frames(path), VOCABULARY, FRAME))


@given(st.text(CLASSES, max_size=20), st.text(CLASSES, max_size=20))
def test_stretches_join_to_the_whole(left: str, right: str) -> None:
    seam = len(left) + 1
    whole = decode(frames(f"{left}|{right}"), VOCABULARY, FRAME)
    parts = join(
        [
            decode(frames(left), VOCABULARY, FRAME),
            decode(frames(right), VOCABULARY, FRAME, start=seam * FRAME),
        ]
    )
    assert parts.letters == whole.letters
    assert parts.confidence == pytest.approx(whole.confidence)
    assert [_rounded(word) for word in parts.words] == [_rounded(word) for word in whole.words]


def _rounded(word: Word) -> tuple[str, float, float]:
    return word.text, round(word.start, 6), round(word.end, 6)
