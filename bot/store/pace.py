"""Telegram's limits on one bot, kept by all processes together. PostgreSQL alone: one process counts itself.

Every message takes the next free place on a line for each limit it falls under, and waits until that comes
up. A line may run ahead of the clock by its burst. Times are the database's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Float, cast, extract, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.tables import turns
from models.verdict import Seconds

__all__ = ["Limit", "Pace"]


@dataclass(frozen=True, slots=True)
class Limit:
    """One message in `every` seconds, after `burst` seconds' worth of them at once."""

    kind: str
    chat_id: int
    every: Seconds
    burst: Seconds = 0.0


class Pace:
    """The part of the store that is about turns. Made by `Store`, on its engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def turn(self, limits: Sequence[Limit]) -> Seconds:
        """Take the next turn under all of these; returns how long to wait for it.

        Always name them in the same order: two that wait for each other's rows would wait for ever.
        """
        by_kind = {limit.kind: limit for limit in limits}
        rows = [
            {
                "kind": limit.kind,
                "chat_id": limit.chat_id,
                "free_at": func.now() + timedelta(seconds=limit.every),
            }
            for limit in limits
        ]
        new = insert(turns).values(rows)
        taken = new.on_conflict_do_update(
            index_elements=["kind", "chat_id"],
            set_={
                "free_at": func.greatest(turns.c.free_at, func.now()) + (new.excluded.free_at - func.now())
            },
        ).returning(turns.c.kind, cast(extract("epoch", turns.c.free_at - func.now()), Float).label("ahead"))
        async with self._engine.begin() as connection:
            found = (await connection.execute(taken)).all()
        waits: list[Seconds] = [
            row.ahead - by_kind[row.kind].every - by_kind[row.kind].burst for row in found
        ]
        return max(0.0, *waits)

    async def rest(self, limit: Limit) -> None:
        """Let the next turn come no sooner than `every` seconds from now: a slow line made this one late."""
        mine = (turns.c.kind == limit.kind) & (turns.c.chat_id == limit.chat_id)
        free_at = func.greatest(turns.c.free_at, func.now() + timedelta(seconds=limit.every))
        async with self._engine.begin() as connection:
            await connection.execute(update(turns).where(mine).values(free_at=free_at))
