"""Who is about to record a note of their own to hear how it will sound: see `/check`.

Kept in memory, for it is a matter of minutes; a note that replies to the question is known by that, whatever
happened between.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from telegram import Message
from telegram.constants import ChatType

from bot.warnings.checks import questions

__all__ = ["Checks"]

WAITS = 600.0
"""Seconds after `/check` in which a note that replies to nothing is meant for it."""


class Checks:
    """The private chats where a note is expected."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[int, float] = {}

    def expect(self, chat_id: int) -> None:
        """The next note in this private chat is to be checked."""
        now = self._clock()
        self._until = {chat: until for chat, until in self._until.items() if until > now}
        self._until[chat_id] = now + WAITS

    def take(self, message: Message) -> bool:
        """Whether this note is the expected one; after it, none is expected."""
        if message.chat.type != ChatType.PRIVATE:
            return False
        expected = self._until.pop(message.chat_id, 0.0) > self._clock()
        return expected or _answers_the_question(message.reply_to_message)


def _answers_the_question(replied: Message | None) -> bool:
    asked_by_bot = replied is not None and replied.from_user is not None and replied.from_user.is_bot
    return asked_by_bot and replied is not None and replied.text in questions()
