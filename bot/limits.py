"""Whom the operator lets in, and how much of the machine one chat or person may use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.notes import Note
from bot.settings import Limits, Settings
from bot.store import Allowance, Store, Use
from models.verdict import Seconds

__all__ = ["Door", "Meter"]

log = structlog.get_logger(__name__)


class Door:
    """The allow-list, the block-list and the owners."""

    def __init__(self, settings: Settings) -> None:
        self.owners = settings.owners
        self._allowed = settings.allow
        self._blocked = settings.block

    def admits(self, *ids: int | None) -> bool:
        """Whether the bot serves these together, usually a chat and a person in it.

        With an allow-list, one of them must be on it; without, nobody may be on the block-list. Owners always
        come in.
        """
        if self.owners & {*ids}:
            return True
        if self._blocked & {*ids}:
            return False
        return not self._allowed or bool(self._allowed & {*ids})

    def is_kind_to(self, *ids: int | None) -> bool:
        """Whether those who are not admitted are told so: the blocked are not."""
        return not self._blocked & {*ids}


class Meter:
    """Counts notes against the operator's limits."""

    def __init__(self, store: Store, limits: Limits, door: Door) -> None:
        self._counts = store.counts
        self._limits = limits
        self._door = door

    async def refusal(self, note: Note) -> Allowance | None:
        """Count the note; or the limit that was reached before it. What cannot be counted is let in."""
        if note.asker_id in self._door.owners or (note.private and note.chat_id in self._door.owners):
            return None
        hour, day = _ends(timedelta(hours=1)), _ends(timedelta(days=1))
        limits, minutes = self._limits, (note.duration or 0.0) / 60
        allowances = [
            Allowance(Use.CHAT_NOTES, note.chat_id, 0, hour, limits.notes_per_chat_hour, 1),
            Allowance(Use.CHAT_MINUTES, note.chat_id, 0, day, limits.minutes_per_chat_day, minutes),
        ]
        if note.asker_id is not None:
            most = limits.notes_per_user_hour
            allowances.insert(0, Allowance(Use.USER_NOTES, 0, note.asker_id, hour, most, 1))
        return await self._take([allowance for allowance in allowances if allowance.most])

    async def heard(self, note: Note, duration: Seconds) -> None:
        """Count the minutes of a note whose length only came out when it was heard."""
        day, most = _ends(timedelta(days=1)), self._limits.minutes_per_chat_day
        if note.duration is None and most:
            await self._take([Allowance(Use.CHAT_MINUTES, note.chat_id, 0, day, most, duration / 60)])

    async def _take(self, allowances: Sequence[Allowance]) -> Allowance | None:
        try:
            return await self._counts.take(allowances)
        except SQLAlchemyError as error:
            # A full disk is no reason to keep silent.
            log.warning("note not counted", error=type(error).__name__)
            return None

    async def tells(self, refusal: Allowance) -> bool:
        """Whether to say that this limit is reached: once, for everybody knows it then."""
        return await self._counts.tell_once(refusal)


def _ends(period: timedelta) -> datetime:
    """When the present hour or day ends, in UTC."""
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + ((now - midnight) // period + 1) * period
