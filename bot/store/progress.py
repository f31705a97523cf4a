"""Where the bot told someone to wait: one message a note, gone when its job has ended.

Kept in a table, so that a message does not stay for ever if the process ends before its note, and so that a
note that was cancelled stays cancelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.tables import progress
from models.verdict import Seconds

__all__ = ["ProgressMessage", "ProgressMessages"]

KEPT = ("job_id", "chat_id", "message_id", "asker_id", "cancelled")


@dataclass(frozen=True, slots=True)
class ProgressMessage:
    """A message that says how long a note will take."""

    job_id: str
    chat_id: int
    message_id: int
    asker_id: int | None
    """Who may cancel; None: any admin of the group, for an anonymous one asked."""
    cancelled: bool = False
    how_far: tuple[Seconds, Seconds] | None = None
    """Seconds heard, of how many, where another process listens."""


class ProgressMessages:
    """The part of the store that is about waiting. Made by `Store`, on its engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(self, message: ProgressMessage) -> None:
        values = {name: getattr(message, name) for name in KEPT}
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

    async def share(self, heard: Mapping[str, tuple[Seconds, Seconds] | None]) -> set[str]:
        """Keep how far the listening is, as seconds heard of how many, where somebody is told of it.

        Returns those of these jobs that were cancelled meanwhile.
        """
        if not heard:
            return set()
        told = select(progress.c.job_id, progress.c.cancelled).where(progress.c.job_id.in_([*heard]))
        async with self._engine.begin() as connection:
            rows = (await connection.execute(told)).all()
            for row in rows:
                how_far = heard[row.job_id]
                if how_far is not None:
                    values = dict(zip(("heard", "duration"), how_far, strict=True))
                    changed = update(progress).where(progress.c.job_id == row.job_id).values(values)
                    await connection.execute(changed)
        return {row.job_id for row in rows if row.cancelled}

    async def cancel(self, job_id: str) -> bool:
        """Remember that nobody wants this note any more; False if its job has ended."""
        query = update(progress).where(progress.c.job_id == job_id).values(cancelled=True)
        async with self._engine.begin() as connection:
            return (await connection.execute(query)).rowcount > 0

    async def drop(self, job_id: str) -> ProgressMessage | None:
        """Forget the message; returns what it was, or None if that was done before."""
        query = delete(progress).where(progress.c.job_id == job_id).returning(*progress.c)
        async with self._engine.begin() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _message(row)


def _message(row: Row[tuple[object, ...]]) -> ProgressMessage:
    how_far = None if row.heard is None or row.duration is None else (row.heard, row.duration)
    return ProgressMessage(row.job_id, row.chat_id, row.message_id, row.asker_id, row.cancelled, how_far)
