"""The door: a note becomes a durable job before Telegram is told that its update arrived.

python-telegram-bot awaits `put` for each update and only then asks for the next ones, which is what tells
Telegram to forget these. So the job is made in `put`: a crash at any point means that Telegram sends the
update again, and the job's identity makes it one job all the same.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog
from sqlalchemy.exc import SQLAlchemyError
from telegram import Message, Update

from bot.checks import Checks
from bot.jobs import Jobs
from bot.limits import Door
from bot.metrics import UPDATES
from bot.notes import BusinessNote, Note, from_a_bot, note_in
from bot.store import Obstacle, Store

__all__ = ["Intake"]

log = structlog.get_logger(__name__)


class Intake(asyncio.Queue[object]):
    """The update queue of the application: notes go to the jobs, all else to the handlers."""

    def __init__(self) -> None:
        super().__init__()
        self._jobs: Jobs | None = None
        self._store: Store | None = None
        self._checks = Checks()
        self._door: Door | None = None
        self._username = ""

    def open(self, jobs: Jobs, store: Store, checks: Checks, door: Door, bot_username: str) -> None:
        """From here on notes are taken."""
        self._jobs = jobs
        self._store = store
        self._checks = checks
        self._door = door
        self._username = bot_username

    async def put(self, item: object) -> None:
        if isinstance(item, Update):
            UPDATES.inc()
        if self._jobs is not None and isinstance(item, Update) and self._admits(item):
            if item.message is not None:
                if from_a_bot(item.message):
                    return  # two bots that answer each other would never stop
                await self._reopen(item.message)
            note = note_in(item, self._username)
            if note is not None:
                note = self._marked(note, item.message)
                await self._jobs.submit(note)
                return
            if item.business_message is not None:
                # What else contacts write to each other is read by nobody here; a handler that answered it
                # would speak in its owner's name.
                return
        await super().put(item)

    def _admits(self, update: Update) -> bool:
        """Whether its notes are taken; of a connected account, its owner is asked about in the job.

        What is not admitted goes to the handlers, where `bot.handlers.operator.gate` ends it.
        """
        if self._door is None or update.business_message is not None:
            return True
        chat, user = update.effective_chat, update.effective_user
        return self._door.admits(chat.id if chat else None, user.id if user else None)

    def _marked(self, note: Note | BusinessNote, message: Message | None) -> Note | BusinessNote:
        """A note of one's own that `/check` waits for is asked about, whatever the settings say."""
        if message is None or not isinstance(note, Note) or note.asked or not note.own:
            return note
        return replace(note, asked=True, checked=True) if self._checks.take(message) else note

    async def _reopen(self, message: Message) -> None:
        """A chat that writes is not closed to the bot; word of its own leaving is no sign of that."""
        if self._store is None or message.left_chat_member is not None:
            return
        try:
            await self._store.clear(message.chat_id, Obstacle.CLOSED)
        except SQLAlchemyError as error:
            log.warning("chat not reopened", chat=message.chat_id, error=type(error).__name__)
