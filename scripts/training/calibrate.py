"""From scores on development rows to honest probabilities and to thresholds.

Each is fitted per language, on texts as written and as a recogniser writes them, every set weighing
the same however many rows it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from scripts.training.datasets import UNKNOWN
from scripts.training.evaluation import Judged
from scripts.training.metrics import Floats, best_thresholds, present, softmax

NEIGHBOURHOOD = 0.05
"""Share of the answers that says how often a confidence is right."""


def temperature(sets: Sequence[Judged]) -> float:
    """The divisor, 0.5..5, that makes the scores of `sets` (judged at temperature 1) least surprising."""

    def surprise(candidate: float) -> float:
        losses = []
        for one in sets:
            known = one.tone_truth != UNKNOWN
            scores = _at(one, candidate)
            losses.append(-np.log(scores[np.arange(known.sum()), one.tone_truth[known]] + 1e-12).mean())
        return float(np.mean(losses))

    return float(minimize_scalar(surprise, bounds=(0.5, 5), method="bounded").x)


def unsure_below(sets: Sequence[Judged], divisor: float) -> float:
    """The confidence under which an answer is wrong at least as often as right.

    The answers are sorted by confidence; the threshold is the highest one whose NEIGHBOURHOOD right
    below is right at most half of the time.
    """
    parts = []
    for one in sets:
        known = one.tone_truth != UNKNOWN
        scores = _at(one, divisor)
        right = scores.argmax(1) == one.tone_truth[known]
        parts.append(np.stack([scores.max(1), right, np.full(len(right), 1 / len(right))]))
    confidence, right, share = np.concatenate(parts, axis=1)
    order = np.argsort(confidence)
    confidence, right, share = confidence[order], right[order], share[order] / share.sum()
    total, hits = np.cumsum(share), np.cumsum(share * right)
    threshold = 0.0
    for at in range(int(np.searchsorted(total, NEIGHBOURHOOD)), len(total)):
        first = int(np.searchsorted(total, total[at] - NEIGHBOURHOOD))
        if hits[at] - hits[first] <= 0.5 * (total[at] - total[first]):
            threshold = float(confidence[at])
    return threshold


def emotion_thresholds(sets: Sequence[Judged]) -> Floats:
    """For each emotion the probability from which on it is called present: best F1 over all `sets`."""
    scores = np.concatenate([one.emotions for one in sets])
    return best_thresholds(scores, np.concatenate([one.emotion_truth for one in sets]))


def calibrated(one: Judged, values: Mapping[str, Any]) -> Judged:
    """What the model with these `values` would have said, from what it said at temperature 1."""
    return replace(
        one,
        scores=softmax(np.log(one.scores + 1e-12) / values["temperature"]),
        present=present(one.emotions, np.array(values["emotion_thresholds"])),
    )


def _at(one: Judged, divisor: float) -> Floats:
    known = one.tone_truth != UNKNOWN
    return softmax(np.log(one.scores[known] + 1e-12) / divisor)
