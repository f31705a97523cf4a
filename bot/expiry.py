"""The end of the bot's own messages, where a chat chose one.

What is to be deleted is kept in a table, for a restart may lie between a warning and its end.
"""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.courier import Courier, Unreachable
from bot.fleet import Fleet
from bot.store import ChatSettings, Store

__all__ = ["Expiry"]

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 15
AT_ONCE = 50


class Expiry:
    """Deletes warnings when their time has come."""

    def __init__(self, courier: Courier, store: Store, fleet: Fleet) -> None:
        self._courier = courier
        self._store = store
        self._fleet = fleet

    async def begin(self, chat_id: int, message_id: int, chat: ChatSettings) -> None:
        """Delete a message after the time that the chat chose, if it chose one; begun again, from now on.

        Never raises: the message has been sent, and to send it again would be worse.
        """
        after = chat.delete_after.time
        if after is None:
            return
        try:
            await self._store.delete_later(chat_id, message_id, after)
        except SQLAlchemyError as error:
            log.warning("message will stay", chat=chat_id, message=message_id, error=type(error).__name__)

    async def sweep_forever(self) -> None:
        while True:
            try:
                if self._fleet.leads:
                    await self._sweep()
            except (SQLAlchemyError, Unreachable) as error:
                # What is left is still due at the next round.
                log.warning("messages not deleted", error=type(error).__name__)
            await asyncio.sleep(SWEEP_SECONDS)

    async def _sweep(self) -> None:
        for chat_id, message_id in await self._store.due(AT_ONCE):
            await self._courier.delete(chat_id, message_id)
            await self._store.deleted(chat_id, message_id)
