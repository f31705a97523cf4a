"""A verdict becomes words, in a chat's style and language."""

from bot.warnings.phrase import Forewarning, phrase, worth_saying
from bot.warnings.texts import Texts, read_texts, texts_for

__all__ = ["Forewarning", "Texts", "phrase", "read_texts", "texts_for", "worth_saying"]
