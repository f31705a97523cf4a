"""What is said around a note that somebody checks before they send it on."""

from __future__ import annotations

from bot.languages import SPOKEN
from bot.store.chat import ChatLanguage
from bot.warnings.texts import Texts, texts_for

__all__ = ["answered", "question", "questions"]


def question(texts: Texts) -> str:
    """What the note is to reply to. No markup, so that it is known again as it stands."""
    return texts("check-question")


def questions() -> frozenset[str]:
    """The question in every language."""
    return frozenset(question(texts_for(ChatLanguage.AUTO, language)) for language in SPOKEN)


def answered(html: str, texts: Texts) -> str:
    """The warning `html` as news about somebody's own note."""
    return f"{texts('check-answer')}\n{html}"
