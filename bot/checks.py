"""Who is about to record a note of their own to hear how it will sound: see `/check`."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from telegram import Message
from telegram.constants import ChatType

from bot.store import Store
from bot.warnings.checks import questions

__all__ = ["Checks"]

log = structlog.get_logger(__name__)

WAITS = timedelta(minutes=10)
"""Time after `/check` in which a note that replies to nothing is meant for it."""


class Checks:
    """The private chats where a note is expected."""

    def __init__(self, store: Store) -> None:
        self._arrivals = store.arrivals

    async def expect(self, chat_id: int) -> None:
        """The next note in this private chat is to be checked."""
        await self._arrivals.expect_check(chat_id, WAITS)

    async def take(self, message: Message) -> bool:
        """Whether this note is the expected one; after it, none is expected.

        Never raises: a note that replies to the question is known by that, whatever the database says.
        """
        if message.chat.type != ChatType.PRIVATE:
            return False
        try:
            expected = await self._arrivals.take_check(message.chat_id)
        except SQLAlchemyError as error:
            log.warning("expected note not known", chat=message.chat_id, error=type(error).__name__)
            expected = False
        return expected or _answers_the_question(message.reply_to_message)


def _answers_the_question(replied: Message | None) -> bool:
    asked_by_bot = replied is not None and replied.from_user is not None and replied.from_user.is_bot
    return asked_by_bot and replied is not None and replied.text in questions()
