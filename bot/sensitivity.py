"""From a chat's choice and its corrections to how readily a note counts as negative there.

The models' probabilities are the same for everybody; what follows from them is not. A chat that finds the bot
too gloomy leans the odds of "negative" down, one that misses warnings leans them up. The other two tones keep
their proportion, and the three still sum to 1. What the chat is told is what comes out; what corrections keep
is what the models said.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from statistics import fmean

from bot.store import Correction, Sensitivity
from models.verdict import Verdict

__all__ = ["lean", "leaning", "taught"]

CHOSEN = {Sensitivity.LOWER: -1.0, Sensitivity.NORMAL: 0.0, Sensitivity.HIGHER: 1.0}
"""Log-odds of "negative" for what a chat chose. 1: what stood at 50 % stands at 73 %."""
MOST_TAUGHT = 2.0
"""Log-odds that corrections can teach at most, either way: then 50 % is 12 % or 88 %."""
HALF_TAUGHT_BY = 4
"""Corrected notes, all the same way, that teach half of that. One press should not turn a chat round."""
DOUBT_BELOW = 0.5
"""A tone with a lower probability is more likely wrong than right."""


def taught(corrections: Iterable[Correction]) -> float:
    """Log-odds of "negative" that a chat's corrections ask for, within ±MOST_TAUGHT.

    A false alarm speaks for less, a missed one for more, by the same amount; a correction between neutral and
    positive for neither. Several people's corrections of one note share one voice.
    """
    by_note = defaultdict(list)
    for correction in corrections:
        by_note[correction.judged.note_id].append(_voice(correction))
    asked = sum(fmean(voices) for voices in by_note.values())
    spoken = sum(fmean(map(abs, voices)) for voices in by_note.values())
    return MOST_TAUGHT * asked / (spoken + HALF_TAUGHT_BY)


def _voice(correction: Correction) -> int:
    return (correction.meant == "negative") - (correction.judged.said == "negative")


def leaning(chosen: Sensitivity, corrections: Iterable[Correction]) -> float:
    """Log-odds of "negative" to add in a chat."""
    return CHOSEN[chosen] + taught(corrections)


def lean(verdict: Verdict, by: float) -> Verdict:
    """The verdict with the odds of "negative" multiplied by e^`by`; unchanged for 0.

    Doubt of the models stays doubt; leaning adds its own where it makes a likely tone unlikely, or brings
    another one out that is. A long note may be sure below DOUBT_BELOW, by its windows, and stays so. The
    words that spoke for the first tone are left out where another one comes out. The timeline is what was
    heard, moment by moment.
    """
    if by == 0:
        return verdict
    odds = verdict.scores | {"negative": verdict.scores["negative"] * math.exp(by)}
    whole = sum(odds.values())
    scores = {tone: share / whole for tone, share in odds.items()}
    tone = max(scores, key=scores.__getitem__)
    same = tone == verdict.tone
    was_likely = verdict.confidence >= DOUBT_BELOW
    return replace(
        verdict,
        tone=tone,
        confidence=scores[tone],
        unsure=verdict.unsure or (scores[tone] < DOUBT_BELOW and (was_likely or not same)),
        scores=scores,
        words=verdict.words if same else (),
    )
