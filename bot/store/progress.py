"""Where the bot told someone to wait: one message a note, gone when its job has ended.

Kept in a table, so that a message does not stay for ever if the process ends before its note, and so that a
note that was cancelled stays cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.tables import progress

__all__ = ["ProgressMessage", "ProgressMessages"]


@dataclass(frozen=True, slots=True)
class ProgressMessage:
    """A message that says how long a note will take."""

    job_id: str
    chat_id: int
    message_id: int
    asker_id: int | None
    """Who may cancel; None: any admin of the group, for an anonymous one asked."""
    cancelled: bool = False


class ProgressMessages:
    """The part of the store that is about waiting. Made by `Store`, on its engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(self, message: ProgressMessage) -> None:
        values = {name: getattr(message, name) for name in ProgressMessage.__slots__}
        async with self._engine.begin() as connection:
            await connection.execute(insert(progress).values(values))

    async def all(self) -> list[ProgressMessage]:
        async with self._engine.connect() as connection:
            return [_message(row) for row in await connection.execute(select(progress))]

    async def of(self, job_id: str) -> ProgressMessage | None:
        query = select(progress).where(progress.c.job_id == job_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _message(row)

    async def at(self, chat_id: int, message_id: int) -> ProgressMessage | None:
        query = select(progress).where(progress.c.chat_id == chat_id, progress.c.message_id == message_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _message(row)

    async def cancel(self, job_id: str) -> bool:
        """Remember that nobody wants this note any more; False if its job has ended."""
        query = update(progress).where(progress.c.job_id == job_id).values(cancelled=True)
        async with self._engine.begin() as connection:
            return (await connection.execute(query)).rowcount > 0

    async def drop(self, job_id: str) -> bool:
        """Forget the message; False if that was done before."""
        query = delete(progress).where(progress.c.job_id == job_id)
        async with self._engine.begin() as connection:
            return (await connection.execute(query)).rowcount > 0


def _message(row: Row[tuple[object, ...]]) -> ProgressMessage:
    return ProgressMessage(row.job_id, row.chat_id, row.message_id, row.asker_id, row.cancelled)
