"""What is counted: uses against the operator's limits, notices of heat.

Numbers of chats and people, and times; no names and no words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.tables import heats, usage, verdicts

__all__ = ["Allowance", "Counts", "Use"]


class Use(StrEnum):
    """What the operator limits."""

    USER_NOTES = "user_notes"
    CHAT_NOTES = "chat_notes"
    CHAT_MINUTES = "chat_minutes"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a chat or a person may use until some time, and how much of it one note takes."""

    use: Use
    chat_id: int
    """0 where it counts for a person in all chats."""
    user_id: int
    """0 where it counts for a chat."""
    ends_at: datetime
    most: float
    takes: float

    @property
    def key(self) -> dict[str, str | int | datetime]:
        return {
            "chat_id": self.chat_id,
            "user_id": self.user_id,
            "kind": self.use.value,
            "ends_at": self.ends_at,
        }


class Counts:
    """The part of the store that counts. Made by `Store`, on its engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    async def take(self, allowances: Sequence[Allowance]) -> Allowance | None:
        """Count one note against all of them; or return the first that is used up, and count nothing.

        What is left for a long note need not be all that it takes: only what is used up already refuses.
        """
        async with self._engine.begin() as connection:
            for allowance in allowances:
                amount = select(usage.c.amount).filter_by(**allowance.key)
                if ((await connection.execute(amount)).scalar_one_or_none() or 0) >= allowance.most:
                    return allowance
            for allowance in allowances:
                first = self._insert(usage).values(**allowance.key, amount=allowance.takes, told=False)
                taken = {"amount": usage.c.amount + allowance.takes}
                await connection.execute(
                    first.on_conflict_do_update(index_elements=[*allowance.key], set_=taken)
                )
        return None

    async def tell_once(self, allowance: Allowance) -> bool:
        """Whether nobody was told yet that this is used up; from here on somebody was."""
        told = update(usage).filter_by(**allowance.key, told=False).values(told=True)
        async with self._engine.begin() as connection:
            return (await connection.execute(told)).rowcount > 0

    async def notice_heat(self, chat_id: int, rest: timedelta) -> bool:
        """Note that a chat's notes are heated now; False if that was noticed within `rest`."""
        if await self.heats(chat_id, datetime.now(UTC) - rest):
            return False
        async with self._engine.begin() as connection:
            await connection.execute(
                self._insert(heats).values(chat_id=chat_id, noticed_at=datetime.now(UTC))
            )
        return True

    async def heats(self, chat_id: int, since: datetime) -> int:
        """How often a chat's notes were heated."""
        query = select(func.count()).where(heats.c.chat_id == chat_id, heats.c.noticed_at >= since)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one()

    async def chats_heard(self) -> tuple[int, int]:
        """Private chats and groups of which there is a verdict."""
        heard = select(verdicts.c.chat_id).distinct().subquery()
        async with self._engine.connect() as connection:
            groups = select(func.count()).where(heard.c.chat_id < 0)
            private = select(func.count()).where(heard.c.chat_id > 0)
            return (
                (await connection.execute(private)).scalar_one(),
                (await connection.execute(groups)).scalar_one(),
            )

    async def forget(self, heat_older_than: timedelta) -> None:
        """Delete the counts of periods that are over, and old notices."""
        now = datetime.now(UTC)
        async with self._engine.begin() as connection:
            await connection.execute(delete(usage).where(usage.c.ends_at < now))
            await connection.execute(delete(heats).where(heats.c.noticed_at < now - heat_older_than))
