"""Several negative notes within minutes: a calm line for the group, at most once an hour, if it wants it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.courier import Courier, Unreachable
from bot.notes import Note
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
        # What was said while the bot was away is no heat of now.
        if note.private or chat.heat is HeatNotice.OFF or time.time() - note.sent_at > WITHIN.total_seconds():
            return
        counts = self._store.counts
        try:
            tones = await counts.last_tones(note.chat_id, datetime.now(UTC) - WITHIN, LAST)
            if tones.count("negative") < ENOUGH or not await counts.notice_heat(note.chat_id, REST):
                return
            log.info("heat noticed", chat=note.chat_id, said=chat.heat is HeatNotice.ON)
            if chat.heat is HeatNotice.ON:
                await self._courier.say(replace(note, reply_to=None), texts("heat"), silently=True)
        except (SQLAlchemyError, Unreachable) as error:
            log.warning("heat not noticed", chat=note.chat_id, error=type(error).__name__)
