"""What was said beside what was heard, word by word; case and punctuation do not count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import jiwer

from models.verdict import Language
from scripts.training.asr_style import asr_style

__all__ = ["Pair", "word_error_rate"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A transcript and the text that was said."""

    heard: str
    reference: str
    language: Language

    def plain(self) -> tuple[str, str]:
        """What was said and what was heard, both as a recogniser writes it."""
        return asr_style(self.reference, self.language), asr_style(self.heard, self.language)


def word_error_rate(pairs: Iterable[Pair]) -> float:
    """Words wrong, missing or too many, over the words that were said; 0 where none were.

    Above 1 where more was heard than said. Pairs in which nothing was said are left out.
    """
    plain = [(said, heard) for said, heard in (pair.plain() for pair in pairs) if said]
    return float(jiwer.wer([said for said, _ in plain], [heard for _, heard in plain])) if plain else 0.0
