"""The figures that judge a judge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, recall_score

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def softmax(logits: Floats) -> Floats:
    """Over the last axis."""
    power = np.exp(logits - logits.max(-1, keepdims=True))
    return power / power.sum(-1, keepdims=True)  # type: ignore[no-any-return]


def calibration_error(scores: Floats, truth: Ints, bins: int = 15) -> float:
    """Expected calibration error of the predicted class: mean gap of confidence and accuracy, 0..1."""
    confidence, right = scores.max(1), scores.argmax(1) == truth
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[which == b].mean() - right[which == b].mean()) * (which == b).mean()
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps))


def tone_figures(scores: Floats, truth: Ints) -> dict[str, float]:
    """Of probabilities (texts, 3) against labels (texts,)."""
    guess = scores.argmax(1)
    return {
        "accuracy": float((guess == truth).mean()),
        "macro_f1": float(f1_score(truth, guess, average="macro", zero_division=0)),
        "weighted_f1": float(f1_score(truth, guess, average="weighted", zero_division=0)),
        "macro_recall": float(recall_score(truth, guess, average="macro", zero_division=0)),
        "ece": calibration_error(scores, truth),
    }


def emotion_figures(present: Ints, truth: Ints) -> dict[str, float]:
    """Of 0/1 (texts, 7) against 0/1."""
    return {
        "macro_f1": float(f1_score(truth, present, average="macro", zero_division=0)),
        "weighted_f1": float(f1_score(truth, present, average="weighted", zero_division=0)),
    }


def present(scores: Floats, thresholds: Floats) -> Ints:
    """1 where a probability (texts, 7) reaches its threshold; the strongest where none does."""
    guess = (scores >= thresholds).astype(int)
    empty = ~guess.any(1)
    guess[empty, scores[empty].argmax(1)] = 1
    return guess  # type: ignore[no-any-return]


def best_thresholds(scores: Floats, truth: Ints) -> Floats:
    """For each label the threshold of best F1; `truth` is -1 where unknown.

    The middle of the best plateau, not the highest point: few rows make a jagged curve.
    """
    steps = np.arange(0.05, 0.95, 0.01)
    thresholds = []
    for label in range(scores.shape[1]):
        known = truth[:, label] >= 0
        right, said = truth[known, label] == 1, scores[known, label]
        values = [
            2 * (right & (said >= step)).sum() / max(1, right.sum() + (said >= step).sum()) for step in steps
        ]
        smooth = np.convolve(values, np.ones(5) / 5, mode="valid")
        thresholds.append(float(steps[int(np.argmax(smooth)) + 2]))
    return np.array(thresholds)
