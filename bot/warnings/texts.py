"""Every sentence that the bot can say, from `locales/*.ftl` (Project Fluent).

Fluent knows each language's plurals and lets a translator reorder a sentence freely. A new language is a
new file; what it lacks is said in English.
"""

from __future__ import annotations

from functools import cache

from fluent.runtime import FluentLocalization, FluentResourceLoader

from bot.languages import LOCALES, SPOKEN
from bot.store.chat import ChatLanguage

__all__ = ["Texts", "read_texts", "texts_for"]


class Texts:
    """The bot's sentences in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._fluent = FluentLocalization(
            [language, "en"], ["{locale}.ftl"], FluentResourceLoader(str(LOCALES)), use_isolating=False
        )

    def __call__(self, key: str, **values: str | int | float) -> str:
        """The sentence `key`, as Telegram HTML. Values must be HTML-safe already."""
        text: str = self._fluent.format_value(key, values)
        return text


def read_texts() -> None:
    """Read all files now: up to a tenth of a second for each, in which nobody could be answered."""
    for language in SPOKEN:
        _texts(language)("language-name")


@cache
def _texts(language: str) -> Texts:
    return Texts(language)


def texts_for(chat_language: ChatLanguage, user_language_code: str | None) -> Texts:
    """The chat's language if it chose one, else the user's if the bot speaks it, else English."""
    wanted = (user_language_code or "en")[:2] if chat_language is ChatLanguage.AUTO else chat_language.value
    return _texts(next((language for language in SPOKEN if language == wanted), "en"))
