"""The button that shows a note's words to whoever presses it.

No words are kept, so the note is listened to again, if the operator's limits allow that. In private they come
as a message; in a group as an alert, which only the one who pressed sees. A press can be answered once, and
only for a few seconds: where listening takes longer, the answer asks for another press. So in a group the
words wait a minute for further presses, in memory.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from telegram import CallbackQuery, Message, Update
from telegram.constants import CallbackQueryLimit
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.expiry import Expiry
from bot.handlers.replies import answer_press, is_group, reply, texts_in
from bot.hearing import Ear, NotHeard
from bot.jobs import Jobs
from bot.limits import Meter
from bot.notes import Note, note_answered
from bot.sensitivity import lean, leaning
from bot.store import Allowance, ChatSettings, ShowTranscript, Store, Style
from bot.warnings import Texts
from bot.warnings.limits import limit_text
from bot.warnings.phrase import TELEGRAM_LIMIT
from bot.warnings.words import REVEAL, marked, plain
from models.verdict import Verdict

__all__ = ["handlers"]

log = structlog.get_logger(__name__)

PRESS_SECONDS = 4.0
"""How long a press in a group waits for the words before it is answered without them."""
WORDS_WAIT = 60.0
"""Seconds that words which were shown in a group, or came too late for that, wait for the next press."""
LONGEST_LISTENING = 600.0
ALERT_LIMIT = int(CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH)

Place = tuple[int, int]
"""Chat and number of a warning."""


def handlers(
    store: Store, ear: Ear, meter: Meter, jobs: Jobs, expiry: Expiry
) -> list[BaseHandler[Update, Any, Any]]:
    again = _Again(ear, store, meter)

    async def reveal(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None:
            return
        texts = await texts_in(update, store)
        warning = query.message
        chat = await store.chat(warning.chat.id) if warning else ChatSettings()
        if chat.transcript is ShowTranscript.OFF:
            await answer_press(query, texts("reveal-hidden"), alert=True)
            return
        note = await asked_about(query, warning) if isinstance(warning, Message) else None
        if note is None or not isinstance(warning, Message):
            await answer_press(query, texts("reveal-gone"), alert=True)
        elif await ear.is_declined(note):
            await answer_press(query, texts("unusable-declined"), alert=True)
        elif (refusal := await again.refusal(note, warning)) is not None:
            await answer_press(query, limit_text(refusal, texts), alert=True)
        elif is_group(warning.chat):
            await answer_press(query, await in_group(note, warning, chat, texts), alert=True)
        else:
            await answer_press(query, texts("reveal-listening"))
            await in_private(note, warning, chat, texts)

    async def asked_about(query: CallbackQuery, warning: Message) -> Note | None:
        if query.data == REVEAL:
            return note_answered(warning, query.from_user)
        connection_id = await store.connection(warning.chat_id)
        if connection_id is None or query.data is None:
            return None
        contact_id, message_id = map(int, query.data.split(":")[1:])
        sent = await jobs.contacts_note(connection_id, contact_id, message_id)
        return None if sent is None else sent.for_owner(warning.chat_id, query.from_user.language_code)

    async def in_group(note: Note, warning: Message, chat: ChatSettings, texts: Texts) -> str:
        """What the alert says, to the one who pressed and nobody else."""
        listening = again.listen(note, warning, chat)
        done, _ = await asyncio.wait([listening], timeout=PRESS_SECONDS)
        if not done:
            return texts("reveal-slow")
        verdict = listening.result()
        return texts("reveal-failed") if verdict is None else plain(verdict, ALERT_LIMIT, texts)

    async def in_private(note: Note, warning: Message, chat: ChatSettings, texts: Texts) -> None:
        if again.is_listening(warning):
            return
        verdict = await again.listen(note, warning, chat)
        again.forget(warning)
        if verdict is None:
            html = texts("reveal-failed")
        else:
            html = f"<blockquote expandable>{marked(verdict, TELEGRAM_LIMIT)}</blockquote>"
        shown = await reply(warning, html, under=True)
        await expiry.begin(shown.chat_id, shown.message_id, chat)

    return [CallbackQueryHandler(reveal, pattern=rf"^{REVEAL}(:\d+:\d+)?$")]


class _Again:
    """Notes that are listened to again, and what was just heard in them."""

    def __init__(self, ear: Ear, store: Store, meter: Meter) -> None:
        self._ear = ear
        self._store = store
        self._meter = meter
        self._tasks: dict[Place, asyncio.Task[Verdict | None]] = {}

    async def refusal(self, note: Note, warning: Message) -> Allowance | None:
        """The limit that stands against listening; what is being heard, or just was, costs no more."""
        return None if self.is_listening(warning) else await self._meter.refusal(note)

    def is_listening(self, warning: Message) -> bool:
        return _key(warning) in self._tasks

    def listen(self, note: Note, warning: Message, chat: ChatSettings) -> asyncio.Task[Verdict | None]:
        """The verdict with its words; None if they cannot be made out. Asked twice, it is the same task."""
        key = _key(warning)
        if key not in self._tasks:
            task = asyncio.create_task(self._hear(note, chat))
            task.add_done_callback(lambda done: self._forget_soon(key, done))
            self._tasks[key] = task
        return self._tasks[key]

    def forget(self, warning: Message) -> None:
        self._tasks.pop(_key(warning), None)

    def _forget_soon(self, key: Place, done: asyncio.Task[Verdict | None]) -> None:
        def forget() -> None:
            if self._tasks.get(key) is done:
                del self._tasks[key]

        asyncio.get_running_loop().call_later(WORDS_WAIT, forget)

    async def _hear(self, note: Note, chat: ChatSettings) -> Verdict | None:
        with_words = replace(chat, style=Style.GENTLE, transcript=ShowTranscript.SHOWN)
        try:
            async with asyncio.timeout(LONGEST_LISTENING):
                heard = await self._ear.hear(note, with_words)
            await self._meter.heard(note, heard.duration)
            # Where the chat hears another tone in it, no words stand out: they spoke for the first one.
            corrections = await self._store.people.corrections(note.chat_id)
            return lean(heard, leaning(chat.sensitivity, corrections))
        except (NotHeard, SQLAlchemyError, TimeoutError) as error:
            log.info("words not shown", job=note.job_id, error=type(error).__name__)
            return None


def _key(warning: Message) -> Place:
    return warning.chat_id, warning.message_id
