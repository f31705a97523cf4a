"""A verdict becomes words, in a chat's style and language."""

from bot.warnings.phrase import Forewarning, phrase, worth_saying
from bot.warnings.texts import Texts, texts_for

__all__ = ["Forewarning", "Texts", "phrase", "texts_for", "worth_saying"]
