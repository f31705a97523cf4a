"""The processes that share the database, as each of them signs itself in. PostgreSQL alone: SQLite has one.

Times are the database's, so that the clocks of the machines need not agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.tables import members
from models.verdict import Seconds

__all__ = ["Member", "Members"]


@dataclass(frozen=True, slots=True)
class Member:
    id: str
    works: bool
    """Whether it answers notes."""


class Members:
    """The part of the store that is about processes. Made by `Store`, on its engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def join(self, member: Member) -> None:
        row = {"id": member.id, "works": member.works, "joined_at": func.now(), "beaten_at": func.now()}
        async with self._engine.begin() as connection:
            await connection.execute(insert(members).values(row))

    async def beat(self, member: Member) -> bool:
        """Show that the member lives; False if it was not known any more, and had to sign in anew."""
        beat = update(members).where(members.c.id == member.id).values(beaten_at=func.now())
        async with self._engine.begin() as connection:
            known = (await connection.execute(beat)).rowcount > 0
        if not known:
            await self.join(member)
        return known

    async def leave(self, member: Member) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(members).where(members.c.id == member.id))

    async def living(self, lease: Seconds) -> list[Member]:
        """Those that gave a sign of life within `lease`, the longest-standing first."""
        query = (
            select(members.c.id, members.c.works)
            .where(members.c.beaten_at > func.now() - timedelta(seconds=lease))
            .order_by(members.c.joined_at, members.c.id)
        )
        async with self._engine.connect() as connection:
            return [Member(row.id, row.works) for row in await connection.execute(query)]

    async def forget(self, older_than: Seconds) -> None:
        """Delete those that gave no sign for so long."""
        gone = delete(members).where(members.c.beaten_at < func.now() - timedelta(seconds=older_than))
        async with self._engine.begin() as connection:
            await connection.execute(gone)
