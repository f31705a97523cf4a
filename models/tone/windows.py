"""A long note has more than one tone: judge it in windows, answer with one verdict and a timeline.

A plain mean would drown one angry minute in five calm ones, so a window counts by its words and by how
far it is from neutral. Notes of a few sentences are one window: what comes first colours what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.speech.transcript import Word
from models.tone.model import Judgement, ToneModel
from models.tone.text import normalise
from models.verdict import EMOTIONS, TONES, Language, Moment, Seconds

__all__ = ["Reading", "read", "windows"]

WHOLE: int = 40
"""Up to this many words a note is one window."""
LEAST: int = 12
MOST: int = 32
"""Words in a window of a longer note; a rest of fewer than LEAST makes the last one longer."""
PAUSE: Seconds = 0.5
"""A silence this long ends a sentence where the recogniser writes no punctuation."""
CALM: float = 0.15
"""What a window counts that is certainly neutral, beside 1 for one that certainly is not."""
SURELY: float = 0.5
"""Share of the weight that must lie in windows which are sure of the note's tone, for the note to be sure."""

_ENDS = (".", "!", "?", "…")


@dataclass(frozen=True, slots=True)
class Reading:
    """The whole note's judgement, and where in it which tone was heard."""

    whole: Judgement
    timeline: tuple[Moment, ...]
    """One moment a window, in order, times in seconds from the start of the note."""


def windows(words: Sequence[Word]) -> list[Sequence[Word]]:
    """`words` cut at ends of sentences and at pauses into stretches of LEAST to MOST words.

    Nothing is lost and nothing is twice. A rest of fewer than LEAST words joins the window before it: the
    last one has up to MOST + LEAST - 1.
    """
    if len(words) <= WHOLE:
        return [words]
    cuts, start = [0], 0
    for at in range(1, len(words)):
        before, after = words[at - 1], words[at]
        pause = after.start - before.end >= PAUSE or before.text.endswith(_ENDS)
        if (pause and at - start >= LEAST) or at - start >= MOST:
            start = at
            cuts.append(at)
    if len(cuts) > 1 and len(words) - cuts[-1] < LEAST:
        cuts.pop()
    return [words[a:b] for a, b in zip(cuts, [*cuts[1:], len(words)], strict=True)]


def read(model: ToneModel, words: Sequence[Word], language: Language) -> Reading:
    """Judge all windows in one batch; one verdict and a timeline from the same numbers.

    Raises:
        ValueError: no word has a letter in it.
    """
    stretches = [stretch for stretch in windows(words) if normalise(_text(stretch), language)]
    if not stretches:
        raise ValueError("a text without words has no tone")
    judged = model.judge([_text(stretch) for stretch in stretches], [language] * len(stretches))
    timeline = tuple(
        Moment(stretch[0].start, stretch[-1].end, one.tone, one.confidence)
        for stretch, one in zip(stretches, judged, strict=True)
    )
    if len(judged) == 1:
        return Reading(judged[0], timeline)
    scores = np.array([[one.scores[tone] for tone in TONES] for one in judged], dtype=np.float32)
    emotions = np.array([[one.emotions[emotion] for emotion in EMOTIONS] for one in judged], dtype=np.float32)
    moved = 1 - scores[:, TONES.index("neutral")]
    weight = np.array([len(stretch) for stretch in stretches]) * (CALM + (1 - CALM) * moved**2)
    weight = (weight / weight.sum()).astype(np.float32)
    whole = model.conclude(weight @ scores, weight @ emotions, language)
    # A mean of calm and angry windows is never as sure as the angry ones: doubt is theirs, not its.
    surely = np.array([one.tone == whole.tone and not one.unsure for one in judged])
    return Reading(replace(whole, unsure=bool(weight[surely].sum() <= SURELY)), timeline)


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)
