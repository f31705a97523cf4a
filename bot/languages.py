"""The languages that the bot speaks: one for each file of sentences.

Not to be confused with those that it understands in a note (`models.verdict.LANGUAGES`): whoever adds a file
here has a bot that speaks one more.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["LOCALES", "SPOKEN"]

LOCALES = Path(__file__).parent / "warnings" / "locales"
SPOKEN = tuple(sorted(file.stem for file in LOCALES.glob("*.ftl")))
"""ISO 639-1 codes, as Telegram gives them for people's apps."""
