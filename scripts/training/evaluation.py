"""How good the exported model is: the same judge that the product runs, on labelled texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.tone.model import ToneModel
from models.tone.text import normalise
from models.verdict import EMOTIONS, TONES
from scripts.training.asr_style import asr_style
from scripts.training.datasets import UNKNOWN, Row
from scripts.training.metrics import Floats, Ints, emotion_figures, tone_figures

Style = Literal["raw", "asr"]
STYLES: tuple[Style, ...] = ("raw", "asr")
"""As written; as a recogniser writes it (lower case, no punctuation)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One set in one style: what the model says and what is true. Unknown labels are -1."""

    name: str
    style: Style
    scores: Floats
    """(texts, 3) probabilities."""
    emotions: Floats
    """(texts, 7) probabilities."""
    present: Ints
    """(texts, 7), 1 where the model calls the emotion present."""
    tone_truth: Ints
    emotion_truth: Ints

    def tone(self) -> dict[str, float]:
        """Figures over the texts whose tone is known."""
        known = self.tone_truth != UNKNOWN
        return tone_figures(self.scores[known], self.tone_truth[known])

    def emotion(self) -> dict[str, float] | None:
        """Figures over the texts all of whose emotions are known; None where there are none."""
        known = (self.emotion_truth != UNKNOWN).all(1)
        return emotion_figures(self.present[known], self.emotion_truth[known]) if known.any() else None


def judge(model: ToneModel, name: str, rows: Sequence[Row], style: Style) -> Judged:
    """All `rows` that have words left in `style`."""
    texts = [asr_style(row.text, row.language) if style == "asr" else row.text for row in rows]
    kept = [(text, row) for text, row in zip(texts, rows, strict=True) if normalise(text, row.language)]
    judged = model.judge([text for text, _ in kept], [row.language for _, row in kept])
    return Judged(
        name=name,
        style=style,
        scores=np.array([[one.scores[tone] for tone in TONES] for one in judged]),
        emotions=np.array([[one.emotions[emotion] for emotion in EMOTIONS] for one in judged]),
        present=np.array(
            [[emotion in one.emotions_present for emotion in EMOTIONS] for one in judged], dtype=int
        ),
        tone_truth=np.array([row.tone for _, row in kept]),
        emotion_truth=np.array([row.emotions for _, row in kept]),
    )


def thin(rows: Sequence[Row], limit: int) -> Sequence[Row]:
    """At most `limit` rows, evenly spread."""
    return rows if len(rows) <= limit else [rows[i * len(rows) // limit] for i in range(limit)]


def judge_all(model: ToneModel, sets: Mapping[str, Sequence[Row]]) -> list[Judged]:
    """Every set in both styles."""
    return [judge(model, name, rows, style) for name, rows in sets.items() for style in STYLES]


def table(all_judged: Iterable[Judged]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| set | text | rows | accuracy | macro F1 | weighted F1 | macro recall | ECE "
        "| emotions: macro F1 | weighted F1 |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in all_judged:
        tone, emotion = one.tone(), one.emotion()
        cells = [one.name, one.style, str(len(one.tone_truth))]
        cells += [f"{tone[k]:.3f}" for k in ("accuracy", "macro_f1", "weighted_f1", "macro_recall", "ece")]
        cells += [f"{emotion[k]:.3f}" if emotion else "–" for k in ("macro_f1", "weighted_f1")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
