"""What has come already and what is still to come: updates, albums, a note to check, notes of a group that
became a supergroup.

Kept for as long as Telegram may send an update again, and in a table, because the next one may come to
another process, or after a crash.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.tables import expected, firsts, moves, turns, updates

__all__ = ["Arrivals", "Claim"]

Living = Callable[[], Awaitable[Collection[str] | None]]
"""Asks for all that live; None if that cannot be judged now."""
KEPT = timedelta(days=2)
"""Telegram keeps what it could not deliver for one."""


class Claim(Enum):
    """Who deals with an update."""

    OURS = auto()
    OTHERS = auto()
    """Another process, or an earlier delivery, is at it."""
    NOBODYS = auto()
    """It has been dealt with."""


class Arrivals:
    """The part of the store that is about what comes in. Made by `Store`, on its engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
        self._expecting: set[int] | None = None
        """Chats where a check may be expected; None where other processes may know of more."""

    async def keep_in_mind(self) -> None:
        """As `Store.keep_in_mind`."""
        async with self._engine.connect() as connection:
            self._expecting = {*await connection.scalars(select(expected.c.chat_id))}

    async def claim(self, update_id: int, by: str, living: Living) -> Claim:
        """Take an update on, if it is new, or was left undone by one that lives no more.

        `by`: this process, which is not at it now. `living` is asked only then, for what was known of the
        others a moment ago knows nothing of one that has just come.
        """
        row = {"update_id": update_id, "taken_by": by, "done": False, "taken_at": datetime.now(UTC)}
        async with self._engine.begin() as connection:
            new = self._insert(updates).values(row).on_conflict_do_nothing()
            if (await connection.execute(new)).rowcount:
                return Claim.OURS
            known = select(updates.c.taken_by, updates.c.done).where(updates.c.update_id == update_id)
            before = (await connection.execute(known)).one_or_none()
            if before is None or before.done:
                return Claim.NOBODYS
        if before.taken_by != by:
            alive = await living()
            if alive is None or before.taken_by in alive:
                return Claim.OTHERS
        inherited = (
            update(updates)
            .where(updates.c.update_id == update_id, updates.c.taken_by == before.taken_by)
            .values(taken_by=by)
        )
        async with self._engine.begin() as connection:
            return Claim.OURS if (await connection.execute(inherited)).rowcount else Claim.OTHERS

    async def done(self, update_id: int) -> None:
        """The update has been dealt with."""
        async with self._engine.begin() as connection:
            await connection.execute(
                update(updates).where(updates.c.update_id == update_id).values(done=True)
            )

    async def is_first(self, chat_id: int, kind: str, key: str) -> bool:
        """Whether this comes up in the chat for the first time; from here on it has."""
        row = {"chat_id": chat_id, "kind": kind, "key": key, "at": datetime.now(UTC)}
        async with self._engine.begin() as connection:
            new = self._insert(firsts).values(row).on_conflict_do_nothing()
            return (await connection.execute(new)).rowcount > 0

    async def is_time(self, chat_id: int, kind: str, every: timedelta) -> bool:
        """Whether this last came up in the chat longer ago than that; if so, it has now."""
        now = datetime.now(UTC)
        new = self._insert(firsts).values(chat_id=chat_id, kind=kind, key="", at=now)
        again = new.on_conflict_do_update(
            index_elements=["chat_id", "kind", "key"], set_={"at": now}, where=firsts.c.at <= now - every
        )
        async with self._engine.begin() as connection:
            return (await connection.execute(again)).rowcount > 0

    async def expect_check(self, chat_id: int, within: timedelta) -> None:
        """The next note in this private chat is to be checked."""
        if self._expecting is not None:
            self._expecting.add(chat_id)
        until = {"until": datetime.now(UTC) + within}
        new = self._insert(expected).values(chat_id=chat_id, **until)
        async with self._engine.begin() as connection:
            await connection.execute(new.on_conflict_do_update(index_elements=["chat_id"], set_=until))

    async def take_check(self, chat_id: int) -> bool:
        """Whether a note is expected there; after this, none is."""
        if self._expecting is not None and chat_id not in self._expecting:
            return False
        query = delete(expected).where(expected.c.chat_id == chat_id).returning(expected.c.until)
        async with self._engine.begin() as connection:
            until: datetime | None = (await connection.execute(query)).scalar_one_or_none()
        return until is not None and until > datetime.now(UTC)

    async def home(self, chat_id: int) -> int:
        """Where a chat is now: a group that became a supergroup has another number."""
        query = select(moves.c.chat_id).where(moves.c.old_id == chat_id)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one_or_none() or chat_id

    async def forget_old(self) -> None:
        now = datetime.now(UTC)
        async with self._engine.begin() as connection:
            await connection.execute(delete(updates).where(updates.c.taken_at < now - KEPT))
            await connection.execute(delete(firsts).where(firsts.c.at < now - KEPT))
            await connection.execute(delete(moves).where(moves.c.moved_at < now - KEPT))
            await connection.execute(delete(expected).where(expected.c.until < now))
            await connection.execute(delete(turns).where(turns.c.free_at < now - timedelta(minutes=1)))
