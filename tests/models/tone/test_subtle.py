"""Sentences whose tone hangs on one small word, or on none: negation, contrast, politeness, irony.

The tables in `subtle/` were written for this and labelled before any model had judged them. To read the
figures by kind and every miss: `pytest tests/models/tone/test_subtle.py --log-cli-level=INFO`.
"""

from __future__ import annotations

import csv
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

import pytest

from models.tone.model import ToneModel
from models.verdict import LANGUAGES, TONES, Language, Tone
from scripts.training.asr_style import asr_style
from scripts.training.datasets import fingerprint

HERE = Path(__file__).parent
LEARNED = HERE.parents[2] / "configs" / "train"

ROWS_AT_LEAST = 150
SHARE_OF_A_TONE = (0.28, 0.40)
"""Of the rows: three tones, none much rarer than the others."""
SHARE_OF_TURNS = (0.45, 0.55)
"""Of the rows: negation and contrast together, the commonest ways to turn a tone round."""
KINDS = {
    "negation",
    "contrast",
    "politeness",
    "irony",
    "misleading",  # words that say the opposite of what they look like: "terribly nice"
    "charged",  # facts about things that have a tone of their own: "the cancer charity shop is on the corner"
    "plain",  # good and bad news with no word for it: "he put his ring on the table and left"
}
ALIKE = 0.6
"""Of two sentences' distinct words: from here on one is a variant of the other."""

RIGHT_AT_LEAST: dict[tuple[Language, str], float] = {
    ("en", "as written"): 0.87,
    ("ru", "as written"): 0.90,
    ("en", "as heard"): 0.84,
    ("ru", "as heard"): 0.87,
}
"""Share of the rows; just under what was measured: 0.875, 0.909, 0.852, 0.881. What is aimed at is 0.90."""

_log = logging.getLogger(__name__)


class Subtle(NamedTuple):
    text: str
    tone: Tone
    kind: str


def _table(language: Language) -> list[Subtle]:
    with (HERE / "subtle" / f"{language}.tsv").open(encoding="utf-8", newline="") as file:
        return [
            Subtle(row["text"], cast(Tone, row["tone"]), row["kind"])
            for row in csv.DictReader(file, delimiter="\t")
        ]


TABLES = {language: _table(language) for language in LANGUAGES}


def _learned() -> Iterator[str]:
    """Fingerprints of all that the project's own training tables teach."""
    for path in sorted(LEARNED.glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            yield from (fingerprint(row["text"]) for row in csv.DictReader(file, delimiter="\t"))


@pytest.mark.parametrize(("language", "style"), RIGHT_AT_LEAST)
def test_most_subtle_sentences_get_the_right_tone(model: ToneModel, language: Language, style: str) -> None:
    rows = TABLES[language]
    texts = [asr_style(row.text, language) if style == "as heard" else row.text for row in rows]
    judged = model.judge(texts, [language] * len(texts))
    missed = [
        (row, f"  {row.kind}: {text} — {row.tone}, judged {one.tone} ({one.confidence:.2f})")
        for row, text, one in zip(rows, texts, judged, strict=True)
        if one.tone != row.tone
    ]
    wrong, of = Counter(row.kind for row, _ in missed), Counter(row.kind for row in rows)
    right = 1 - len(missed) / len(rows)
    kinds = ", ".join(f"{kind} {1 - wrong[kind] / of[kind]:.2f}" for kind in of)
    report = "\n".join(
        [f"{language}, {style}: {right:.3f} ({kinds}); missed:", *(line for _, line in missed)]
    )
    _log.info(report)
    assert right >= RIGHT_AT_LEAST[language, style], report


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_is_sane(language: Language) -> None:
    rows = TABLES[language]
    assert len(rows) >= ROWS_AT_LEAST
    assert all(3 <= len(row.text.split()) <= 25 for row in rows)
    tones, kinds = Counter(row.tone for row in rows), Counter(row.kind for row in rows)
    assert set(tones) == set(TONES)
    assert set(kinds) == KINDS
    for count in tones.values():
        assert SHARE_OF_A_TONE[0] <= count / len(rows) <= SHARE_OF_A_TONE[1]
    turns = kinds["negation"] + kinds["contrast"]
    assert SHARE_OF_TURNS[0] <= turns / len(rows) <= SHARE_OF_TURNS[1]
    prints = Counter(fingerprint(row.text) for row in rows)
    assert not [text for text, count in prints.items() if count > 1]


def test_none_of_it_was_learned() -> None:
    learned = [set(text.split()) for text in _learned()]
    assert learned
    for row in [row for rows in TABLES.values() for row in rows]:
        said = set(fingerprint(row.text).split())
        nearest = max(learned, key=lambda other: len(said & other) / len(said | other))
        assert len(said & nearest) / len(said | nearest) < ALIKE, f"too like a training text: {row.text}"
