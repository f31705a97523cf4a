"""A polite way out of listening now, on a button under a warning.

An excuse goes to whoever sent the note, so none of them says that a bot heard it, let alone how it sounds.
"""

from __future__ import annotations

import random
from typing import Literal, get_args

from telegram import CopyTextButton, InlineKeyboardButton

from bot.warnings.texts import Texts
from models.verdict import Seconds, Verdict

__all__ = ["EXCUSE", "OCCASIONS", "Excuses", "Occasion", "copy_button", "excuse_button", "occasion"]

Occasion = Literal["negative", "long"]
"""What an excuse is for: to answer a hard note later and calmly, or not to listen to a long dull one now."""
OCCASIONS: tuple[Occasion, ...] = get_args(Occasion)
EXCUSE = "excuse"
EACH = 6
LONG: Seconds = 60


def occasion(verdict: Verdict) -> Occasion | None:
    """What an excuse could be wanted for after this note, if anything."""
    if verdict.tone == "negative":
        return "negative"
    return "long" if verdict.tone == "neutral" and verdict.duration > LONG else None


def excuse_button(texts: Texts, occasion: Occasion) -> InlineKeyboardButton:
    return InlineKeyboardButton(texts("excuse-button"), callback_data=f"{EXCUSE}:{occasion}")


def copy_button(texts: Texts, excuse: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(texts("excuse-copy"), copy_text=CopyTextButton(excuse))


class Excuses:
    """Picks excuses, never the same one twice running in a chat."""

    def __init__(self) -> None:
        self._last: dict[int, str] = {}

    def pick(self, chat_id: int, occasion: Occasion, texts: Texts) -> str:
        keys = {f"excuse-{occasion}-{number}" for number in range(1, EACH + 1)}
        key = random.choice(sorted(keys - {self._last.get(chat_id)}))  # noqa: S311
        self._last[chat_id] = key
        return texts(key)
