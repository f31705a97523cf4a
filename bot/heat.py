"""Several negative notes within minutes: a calm line for the group, at most once an hour, if it wants it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.courier import Courier, Unreachable
from bot.notes import Note
from bot.sensitivity import lean, leaning
from bot.store import ChatSettings, HeatNotice, Store
from bot.warnings import Texts

__all__ = ["Heat"]

log = structlog.get_logger(__name__)

LAST = 6
ENOUGH = 4
"""Surely negative ones among the last notes."""
WITHIN = timedelta(minutes=10)
REST = timedelta(hours=1)


class Heat:
    """Notices when a group's notes are heated."""

    def __init__(self, courier: Courier, store: Store) -> None:
        self._courier = courier
        self._store = store

    async def notice(self, note: Note, chat: ChatSettings, texts: Texts) -> None:
        """Call after the note's verdict is kept. Never raises: the note itself has been answered."""
        since = datetime.now(UTC) - WITHIN
        # What was said while the bot was away, or is asked about later, is no heat of now.
        if note.private or chat.heat is HeatNotice.OFF or note.came_at < since:
            return
        try:
            if not await self._is_tense(note.chat_id, chat, since):
                return
            if not await self._store.counts.notice_heat(note.chat_id, REST):
                return
            log.info("heat noticed", chat=note.chat_id, said=chat.heat is HeatNotice.ON)
            if chat.heat is HeatNotice.ON:
                await self._courier.say(replace(note, reply_to=None), texts("heat"), silently=True)
        except (SQLAlchemyError, Unreachable) as error:
            log.warning("heat not noticed", chat=note.chat_id, error=type(error).__name__)

    async def _is_tense(self, chat_id: int, chat: ChatSettings, since: datetime) -> bool:
        """Whether the last notes sound so by this chat's own ear, which is what it was told of each."""
        by = leaning(chat.sensitivity, await self._store.people.corrections(chat_id))
        last = [lean(heard, by) for _, heard in (await self._store.heard(chat_id, since))[-LAST:]]
        return sum(heard.tone == "negative" and not heard.unsure for heard in last) >= ENOUGH
