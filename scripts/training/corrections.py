"""Which misspellings a recogniser makes again and again: its transcripts laid beside what was said.

A candidate is a written form that is no word, and what mostly was said there. A form that is a word is never
one, however often it is misheard: to correct "their" to "there" would spoil every right "their".
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jiwer
import simplemma

from models.tone.text import recogniser_errors
from models.verdict import LANGUAGES, Language
from scripts.training.word_errors import Pair

__all__ = ["Candidate", "as_toml", "candidates", "read_pairs"]

_WIDEST = 3
"""Words that one written form may stand for ("whaddaya": "what do you")."""
_SAID = 0.1
"""A form that the references use more than this many times as often as the transcripts is a word."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A form to correct, for a person to judge."""

    heard: str
    said: str
    count: int
    """Times that it stood for this."""
    written: int
    """Times that it was written at all."""

    @property
    def share(self) -> float:
        """Of the times it was written, those that this correction would mend; 0..1."""
        return self.count / self.written


def read_pairs(path: Path) -> Iterator[Pair]:
    """Pairs from a tab-separated table with the columns heard, reference, language.

    Raises:
        ValueError: it is another table, or has another language.
    """
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file, delimiter="\t")
        missing = {"heard", "reference", "language"} - set(table.fieldnames or ())
        if missing:
            raise ValueError(f"{path}: no column {', '.join(sorted(missing))}")
        for row in table:
            if row["language"] not in LANGUAGES:
                raise ValueError(
                    f"{path}, line {table.line_num}: the language is one of {', '.join(LANGUAGES)}, "
                    f"not {row['language']!r}"
                )
            yield Pair(row["heard"], row["reference"], row["language"])  # type: ignore[arg-type]


def candidates(
    pairs: Iterable[Pair], language: Language, fewest: int = 2, least_share: float = 0.6
) -> list[Candidate]:
    """What `pairs` of a language suggest, the most frequent first. Case and punctuation do not count.

    A slip is worth a look that was made at least `fewest` times, in at least `least_share` of the times
    that the form was written. Left out is what the references say too, a dictionary knows, or is corrected.
    """
    corrected = recogniser_errors(language)
    said: Counter[str] = Counter()
    written: Counter[str] = Counter()
    slips: Counter[tuple[str, str]] = Counter()
    for pair in pairs:
        if pair.language != language:
            continue
        reference, heard = pair.plain()
        said.update(reference.split())
        written.update(heard.split())
        if reference and heard:
            slips.update(_slips(reference, heard))
    found = [
        Candidate(form, words, count, written[form])
        for (form, words), count in slips.items()
        if count >= max(fewest, least_share * written[form])
        and said[form] <= _SAID * written[form]
        and form not in corrected
        and not simplemma.is_known(form, lang=language)
    ]
    return sorted(found, key=lambda one: (-one.count, one.heard))


def _slips(reference: str, heard: str) -> Iterator[tuple[str, str]]:
    """The forms of `heard` where something else was said, and what that was; whole stretches alone."""
    alignment = jiwer.process_words(reference, heard)
    right = [place for place in alignment.alignments[0] if place.type == "equal"]
    said, written = reference.split(), heard.split()
    starts = [(0, 0), *((place.ref_end_idx, place.hyp_end_idx) for place in right)]
    ends = [*((place.ref_start_idx, place.hyp_start_idx) for place in right), (len(said), len(written))]
    for (from_said, from_written), (to_said, to_written) in zip(starts, ends, strict=True):
        words, forms = said[from_said:to_said], written[from_written:to_written]
        if len(words) == len(forms):
            yield from zip(forms, words, strict=True)
        elif len(forms) == 1 and 1 < len(words) <= _WIDEST:
            yield forms[0], " ".join(words)


def as_toml(found: Iterable[Candidate], language: Language) -> str:
    """A table in the format of configs/asr_corrections, with the evidence beside each line."""
    lines = [
        f"# Candidates for configs/asr_corrections/{language}.toml: read each, and copy what is right.",
        "# Beside each: how often it was said when this was written.",
        "[words]",
        *(f'"{one.heard}" = "{one.said}"  # {one.count} of {one.written}' for one in found),
    ]
    return "\n".join(lines) + "\n"
