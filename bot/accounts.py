"""Accounts that the bot is connected to (Telegram Business), and what their owners are told about it.

An account is known here as long as its connection is enabled. The bot speaks with the owner alone, in their
private chat: a message sent with the connection's id would go to a contact, in the owner's name.
"""

from __future__ import annotations

import asyncio

import structlog
from telegram import BusinessConnection

from bot.courier import Courier, Unreachable
from bot.limits import Door
from bot.store import Owner, Store
from bot.warnings import texts_for

__all__ = ["Accounts"]

log = structlog.get_logger(__name__)


class Accounts:
    """Who connected the bot to their account."""

    def __init__(self, courier: Courier, store: Store, door: Door) -> None:
        self._courier = courier
        self._door = door
        self._store = store
        # Telegram may tell of two changes at once; they are kept in the order in which they came.
        self._changing = asyncio.Lock()

    async def owner_of(self, connection_id: str) -> Owner | None:
        """Whose account it is; None if the bot may not see it any more, or does not serve its owner.

        A connection that is not known here was made while the bot was off, so Telegram is asked for it.

        Raises:
            Unreachable: Telegram cannot be asked.
            SQLAlchemyError: the database cannot be used now.
        """
        owner = await self._store.owner(connection_id)
        if owner is not None:
            return owner if self._door.admits(owner.user_id) else None
        connection = await self._courier.connection(connection_id)
        if connection is None or not connection.is_enabled or not self._door.admits(connection.user.id):
            return None
        return await self.connected(connection)

    async def connected(self, connection: BusinessConnection) -> Owner:
        """Keep the connection, and greet its owner if it is the first one that is known of them."""
        owner = Owner(connection.user.id, connection.user_chat_id, connection.user.language_code)
        async with self._changing:
            is_new = await self._store.connect(connection.id, owner)
        if is_new:
            log.info("account connected", connection=connection.id)
            await self._tell(owner, "business-connected")
        return owner

    async def disconnected(self, connection: BusinessConnection) -> None:
        """Delete what is kept because of the connection, and tell its owner so."""
        async with self._changing:
            was_known = await self._store.disconnect(connection.id)
        if was_known:
            log.info("account disconnected", connection=connection.id)
            owner = Owner(connection.user.id, connection.user_chat_id, connection.user.language_code)
            await self._tell(owner, "business-disconnected")

    async def _tell(self, owner: Owner, key: str) -> None:
        texts = texts_for((await self._store.chat(owner.chat_id)).language, owner.language_code)
        try:
            await self._courier.tell(owner.chat_id, texts(key))
        except Unreachable as error:
            log.warning("owner not told", about=key, reason=str(error))
