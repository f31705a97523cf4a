"""The door: a note becomes a durable job before Telegram is told that its update arrived.

python-telegram-bot awaits `put` for each update and only then asks for the next ones, which is what tells
Telegram to forget these. So the job is made in `put`: a crash at any point means that Telegram sends the
update again, and the job's identity makes it one job all the same.

A webhook awaits `put` too, before it answers Telegram. There all other updates are dealt with inside it as
well, each once, whichever of several processes the proxy hands it to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus

import structlog
from sqlalchemy.exc import SQLAlchemyError
from telegram import Message, Update
from tornado.web import HTTPError

from bot.checks import Checks
from bot.fleet import Fleet
from bot.jobs import Jobs
from bot.limits import Door
from bot.logs import where
from bot.metrics import UPDATES
from bot.notes import BusinessNote, Note, from_a_bot, note_in
from bot.store import Claim, Obstacle, Store

__all__ = ["Intake"]

log = structlog.get_logger(__name__)

Handle = Callable[[Update], Awaitable[None]]
DEALT_WITHIN = 25.0
"""Seconds after which Telegram is told that an update arrived though its handler is still at it: it would not
wait for much longer."""


class Intake(asyncio.Queue[object]):
    """The update queue of the application: notes go to the jobs, all else to the handlers."""

    def __init__(self) -> None:
        super().__init__()
        self._jobs: Jobs | None = None
        self._store: Store | None = None
        self._checks: Checks | None = None
        self._door: Door | None = None
        self._username = ""
        self._fleet: Fleet | None = None
        self._handle: Handle | None = None
        self._at: set[int] = set()

    def open(
        self,
        jobs: Jobs,
        store: Store,
        checks: Checks,
        door: Door,
        fleet: Fleet,
        bot_username: str,
        handle: Handle | None,
    ) -> None:
        """From here on notes are taken. `handle`: what deals with all else, where updates come by webhook."""
        self._jobs = jobs
        self._store = store
        self._checks = checks
        self._door = door
        self._username = bot_username
        self._fleet = fleet
        self._handle = handle

    async def put(self, item: object) -> None:
        """Raises nothing that an update holds, or no other would be asked for any more."""
        try:
            await self._take(item)
        except (HTTPError, SQLAlchemyError):
            raise
        except Exception as error:
            update_id = item.update_id if isinstance(item, Update) else None
            log.error("update not taken", update_id=update_id, error=type(error).__name__, at=where(error))

    async def _take(self, item: object) -> None:
        if isinstance(item, Update):
            UPDATES.inc()
        if self._jobs is not None and isinstance(item, Update) and self._admits(item):
            if item.message is not None:
                if from_a_bot(item.message):
                    return  # two bots that answer each other would never stop
                await self._reopen(item.message)
            note = note_in(item, self._username)
            if note is not None:
                note = await self._marked(note, item.message)
                await self._jobs.submit(note)
                return
            if item.business_message is not None:
                # What else contacts write to each other is read by nobody here; a handler that answered it
                # would speak in its owner's name.
                return
            if self._handle is not None:
                await self._deal(item, self._handle)
                return
        await super().put(item)

    async def _deal(self, update: Update, handle: Handle) -> None:
        """Handle an update that came by webhook, once, and return when Telegram may forget it.

        Raises:
            HTTPError: another delivery of it is being handled; Telegram will ask again whether it was.
            SQLAlchemyError: the database cannot be used now; Telegram will send the update again.
        """
        if update.update_id in self._at:
            raise HTTPError(HTTPStatus.SERVICE_UNAVAILABLE)
        self._at.add(update.update_id)
        # Telegram may give up waiting, and then the handler goes on.
        dealing = asyncio.create_task(self._deal_once(update, handle))
        dealing.add_done_callback(lambda _: self._at.discard(update.update_id))
        done, _ = await asyncio.wait([dealing], timeout=DEALT_WITHIN)
        if done:
            dealing.result()

    async def _deal_once(self, update: Update, handle: Handle) -> None:
        if self._store is None or self._fleet is None:
            return
        arrivals, fleet = self._store.arrivals, self._fleet
        match await arrivals.claim(update.update_id, fleet.id, fleet.living):
            case Claim.OTHERS:
                raise HTTPError(HTTPStatus.SERVICE_UNAVAILABLE)
            case Claim.OURS:
                await handle(update)
                try:
                    await arrivals.done(update.update_id)
                except SQLAlchemyError as error:
                    log.warning("update not noted", update_id=update.update_id, error=type(error).__name__)

    def _admits(self, update: Update) -> bool:
        """Whether its notes are taken; of a connected account, its owner is asked about in the job.

        What is not admitted goes to the handlers, where `bot.handlers.operator.gate` ends it.
        """
        if self._door is None or update.business_message is not None:
            return True
        chat, user = update.effective_chat, update.effective_user
        return self._door.admits(chat.id if chat else None, user.id if user else None)

    async def _marked(self, note: Note | BusinessNote, message: Message | None) -> Note | BusinessNote:
        """A note of one's own that `/check` waits for is asked about, whatever the settings say."""
        if message is None or not isinstance(note, Note) or note.asked or not note.own:
            return note
        is_checked = self._checks is not None and await self._checks.take(message)
        return replace(note, asked=True, checked=True) if is_checked else note

    async def _reopen(self, message: Message) -> None:
        """A chat that writes is not closed to the bot; word of its own leaving is no sign of that."""
        if self._store is None or message.left_chat_member is not None:
            return
        try:
            await self._store.clear(message.chat_id, Obstacle.CLOSED)
        except SQLAlchemyError as error:
            log.warning("chat not reopened", chat=message.chat_id, error=type(error).__name__)
