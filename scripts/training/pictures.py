"""The pictures of a training report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from sklearn.metrics import confusion_matrix

from models.verdict import TONES
from scripts.training.datasets import UNKNOWN
from scripts.training.evaluation import Judged

mpl.use("Agg")  # needs no screen
from matplotlib import pyplot as plt

DPI = 80


def loss_picture(log: Path, target: Path) -> None:
    """Losses by step, and the tone's macro F1 on a few development rows at each checkpoint."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    steps = [line for line in lines if "tone_loss" in line]
    points = [line for line in lines if "dev" in line]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    for key in ("tone_loss", "emotion_loss"):
        left.plot(
            [line["step"] for line in steps], [line[key] for line in steps], label=key.replace("_", " ")
        )
    left.set(xlabel="step", ylabel="training loss")
    left.legend()
    for name in points[-1]["dev"] if points else ():
        known = [point for point in points if name in point["dev"]]
        values = [point["dev"][name]["macro_f1"] for point in known]
        style = "--" if name.endswith("asr") else "-"
        right.plot([point["step"] for point in known], values, style, label=name, linewidth=1)
    right.set(xlabel="step", ylabel="tone, macro F1 (development sample)")
    right.legend(fontsize=6, ncols=2)
    _save(figure, target)


def confusion_picture(judged: Sequence[Judged], target: Path) -> None:
    """For each set in asr style, which tone is taken for which (share of the true tone)."""
    shown = [one for one in judged if one.style == "asr"]
    columns = 4
    figure, axes = plt.subplots(
        -(-len(shown) // columns), columns, figsize=(11, 2.8 * -(-len(shown) // columns))
    )
    for axis in np.ravel(axes):
        axis.axis("off")
    for axis, one in zip(np.ravel(axes), shown, strict=False):
        known = one.tone_truth != UNKNOWN
        matrix = confusion_matrix(
            one.tone_truth[known], one.scores[known].argmax(1), labels=range(3), normalize="true"
        )
        axis.axis("on")
        axis.imshow(matrix, cmap="Blues", vmin=0, vmax=1)
        for i, j in np.ndindex(3, 3):
            axis.text(j, i, f"{matrix[i, j]:.2f}", ha="center", va="center", fontsize=8)
        axis.set_xticks(range(3), [tone[:3] for tone in TONES], fontsize=7)
        axis.set_yticks(range(3), [tone[:3] for tone in TONES], fontsize=7)
        axis.set_title(one.name, fontsize=8)
    _save(figure, target)


def calibration_picture(judged: Sequence[Judged], target: Path) -> None:
    """How often an answer of a given confidence is right, one line a set (asr style)."""
    figure, axis = plt.subplots(figsize=(5.5, 5))
    axis.plot([0.33, 1], [0.33, 1], color="grey", linestyle=":")
    for one in judged:
        if one.style != "asr":
            continue
        known = one.tone_truth != UNKNOWN
        confidence = one.scores[known].max(1)
        right = one.scores[known].argmax(1) == one.tone_truth[known]
        order = np.argsort(confidence)
        parts = np.array_split(order, min(10, len(order)))
        axis.plot(
            [confidence[p].mean() for p in parts], [right[p].mean() for p in parts], ".-", label=one.name
        )
    axis.set(xlabel="confidence", ylabel="share of right answers")
    axis.legend(fontsize=7)
    _save(figure, target)


def _save(figure: plt.Figure, target: Path) -> None:
    figure.tight_layout()
    figure.savefig(target, dpi=DPI)
    plt.close(figure)
