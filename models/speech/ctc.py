"""From the probabilities of a CTC network to words.

The network says for every frame how likely each letter is, or that it says nothing (blank). A letter may be
held for many frames, so equal neighbours are one letter, and a true double letter has a blank between. Pure
functions: no model, no audio.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from math import exp

import numpy as np
from numpy.typing import NDArray

from models.speech.transcript import Word
from models.verdict import Seconds

__all__ = ["Hearing", "LogProbs", "Vocabulary", "decode", "join"]

LogProbs = NDArray[np.float32]
"""Natural logarithm of each class's probability, shape (frames, classes)."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What each class of the network writes."""

    letters: tuple[str, ...]
    """By class; empty for what writes nothing: blank, markers, the word delimiter."""
    delimiter: int | None
    """The class that ends a word."""

    @property
    def silent(self) -> NDArray[np.bool_]:
        """Which classes write nothing, shape (classes,)."""
        return np.array([not letter for letter in self.letters])


@dataclass(frozen=True, slots=True)
class Hearing:
    """Words, and how sure the network was of them."""

    words: tuple[Word, ...] = ()
    letters: int = 0
    log_probability: float = 0.0
    """Sum over the letters, each at its surest frame."""

    @property
    def confidence(self) -> float:
        """Geometric mean of the letters' probabilities, 0..1; 0 without letters.

        Each letter counts at its surest frame: where one letter turns into the next, frames are unsure even
        for a network that errs nowhere, and blanks are sure even for one that understands nothing.
        """
        return exp(self.log_probability / self.letters) if self.letters else 0.0


def decode(log_probs: LogProbs, vocabulary: Vocabulary, frame: Seconds, start: Seconds = 0.0) -> Hearing:
    """The most probable class of each frame, collapsed to words.

    `frame` is the time from one frame to the next, `start` that of the first. Words come in lower case.
    """
    best = log_probs.argmax(axis=1)
    words: list[Word] = []
    letters, log_probability = 0, 0.0
    text, begins, ends = "", 0, 0

    def finish() -> None:
        nonlocal text
        if text:
            words.append(Word(text.lower(), start + begins * frame, start + ends * frame))
        text = ""

    position = 0
    for winner, held in groupby(best.tolist()):
        until = position + sum(1 for _ in held)
        if winner == vocabulary.delimiter:
            finish()
        elif letter := vocabulary.letters[winner]:
            if not text:
                begins = position
            text, ends = text + letter, until
            letters += 1
            log_probability += float(log_probs[position:until, winner].max())
        position = until
    finish()
    return Hearing(tuple(words), letters, log_probability)


def join(hearings: Iterable[Hearing]) -> Hearing:
    """Several stretches of one note, in order, as one."""
    words: list[Word] = []
    letters, log_probability = 0, 0.0
    for hearing in hearings:
        words += hearing.words
        letters += hearing.letters
        log_probability += hearing.log_probability
    return Hearing(tuple(words), letters, log_probability)
