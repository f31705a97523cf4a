"""What happens to one note: heard, put into words, sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from html import escape

import structlog
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bound_contextvars
from telegram import InlineKeyboardMarkup

from bot.accounts import Accounts
from bot.courier import Closed, Courier, NoRights, Unreachable
from bot.digests import Digests
from bot.expiry import Expiry
from bot.fleet import Fleet
from bot.hearing import Ear, NotHeard, Trouble
from bot.heat import Heat
from bot.limits import Meter
from bot.metrics import NOTES, took
from bot.notes import AnyNote, BusinessNote, GuestNote, Note
from bot.sensitivity import lean, leaning
from bot.store import Allowance, ChatSettings, Judged, Obstacle, ShowTranscript, Store, Style, WarnWhen
from bot.store.chat import BusinessWarnings, ChatLanguage
from bot.traces import ended, span_of_note
from bot.waiting import GivenUp, Waiting
from bot.warnings import Forewarning, Texts, phrase, texts_for, worth_saying
from bot.warnings.checks import answered
from bot.warnings.contacts import introduced, mute_button
from bot.warnings.excuses import excuse_button
from bot.warnings.feedback import wrong_button
from bot.warnings.limits import limit_text
from bot.warnings.phrase import reaction
from bot.warnings.quiet import is_quiet
from bot.warnings.words import reveal_button
from models.verdict import Unusable, Verdict

__all__ = ["Answerer", "Outcome"]

log = structlog.get_logger(__name__)

SIGN_EVERY = 4.5
"""Seconds between two working signs: Telegram shows one for five."""


FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
"""Seconds between two tries to answer while the database cannot be used."""


STALE_AGAIN = timedelta(hours=1)
"""Time in which a chat is told once that old notes are left alone."""


class TakenOver(Exception):
    """Another process answers this note: this one was thought to be gone."""


class Outcome(StrEnum):
    """How a note ended; the job's only result, so nothing said is in it."""

    WARNED = "warned"
    REACTED = "reacted"
    SILENT = "silent"
    UNUSABLE = "unusable"
    STALE = "stale"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LIMITED = "limited"
    DECLINED = "declined"


ANSWERED = (Outcome.WARNED, Outcome.REACTED)
OUTCOMES: dict[Unusable | Trouble, Outcome] = {
    Trouble.UNREACHABLE: Outcome.UNREACHABLE,
    Trouble.FAILED: Outcome.FAILED,
    Trouble.DECLINED: Outcome.DECLINED,
}


class Answerer:
    """Turns notes into warnings, one call a note."""

    def __init__(
        self,
        ear: Ear,
        courier: Courier,
        store: Store,
        accounts: Accounts,
        expiry: Expiry,
        waiting: Waiting,
        meter: Meter,
        fleet: Fleet,
        *,
        fresh_seconds: float,
        limits: dict[str, int],
    ) -> None:
        """`limits`: the numbers that a refusal names, `minutes` and `megabytes`."""
        self._ear = ear
        self._courier = courier
        self._store = store
        self._accounts = accounts
        self._expiry = expiry
        self._waiting = waiting
        self._meter = meter
        self._fleet = fleet
        self._digests = Digests(courier, store)
        self._heat = Heat(courier, store)
        self._fresh_seconds = fresh_seconds
        self._limits = limits

    async def answer(self, note: AnyNote, queued_at: float | None = None) -> Outcome:
        """Warn about one note. Everything that can go wrong with it is answered or logged, not raised.

        `queued_at`: Unix time, seconds; None if it is not known. Every log line meanwhile names the job.
        """
        started = time.time()
        with bound_contextvars(job=note.job_id), span_of_note(note.job_id, queued_at or started):
            if queued_at is not None:
                took("queue", started - queued_at)
            try:
                async with self._waiting.in_work(note):
                    outcome = await self._answer_patiently(note)
            except GivenUp:
                outcome = Outcome.CANCELLED
            except TakenOver:
                log.warning("note was taken over")
                return Outcome.SILENT
            if queued_at is not None and outcome in ANSWERED:
                took("whole", time.time() - queued_at)
            NOTES.labels(outcome.value).inc()
            ended(outcome.value)
            log.info("note done", outcome=outcome.value, seconds=round(time.time() - started, 2))
        return outcome

    async def _answer_patiently(self, note: AnyNote) -> Outcome:
        """A locked database or a full disk pass; a job that raised would be over."""
        wait = FIRST_WAIT
        while True:
            try:
                if isinstance(note, BusinessNote):
                    return await self._answer_owner(note)
                if isinstance(note, GuestNote):
                    return await self._answer_guest(note)
                return await self._answer(await self._at_home(note))
            except TakenOver:
                raise
            except (Closed, NoRights) as error:
                log.info("note not answered", job=note.job_id, reason=str(error))
                return Outcome.UNREACHABLE
            except Unreachable as error:
                log.warning("note not answered", job=note.job_id, reason=str(error))
                return Outcome.UNREACHABLE
            except (SQLAlchemyError, OSError) as error:
                if self._is_stale(note):
                    return Outcome.FAILED
                log.error("answer failed", job=note.job_id, error=type(error).__name__, again_in=wait)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
            except Exception as error:
                log.error("answer failed", job=note.job_id, error=type(error).__name__)
                return Outcome.FAILED

    async def _at_home(self, note: Note) -> Note:
        """The note where its group is now, whose settings hold: it may have waited while the group moved."""
        if note.private:
            return note
        home = await self._store.arrivals.home(note.chat_id)
        return note if home == note.chat_id else note.in_supergroup(home)

    async def _answer_owner(self, note: BusinessNote) -> Outcome:
        """Warn the owner of a connected account, if they want to hear of this contact."""
        owner = await self._accounts.owner_of(note.contact.connection_id)
        # What an owner sends to themselves, in their saved messages, comes from "a contact" too.
        if owner is None or owner.user_id == note.contact.id:
            return Outcome.SILENT
        chat = await self._store.chat(owner.chat_id)
        if chat.business is BusinessWarnings.OFF:
            return Outcome.SILENT
        if await self._store.is_muted(owner.chat_id, note.contact.id):
            return Outcome.SILENT
        return await self._answer(note.for_owner(owner.chat_id, owner.language_code))

    async def _answer_guest(self, note: GuestNote) -> Outcome:
        """Put the verdict where the bot is only a guest, as its asker would get it.

        There are no buttons under it: a press there names no chat to look anything up in.
        """
        asked = note.for_asker()
        chat = (await self._store.chat(asked.chat_id)).as_guest()
        texts = texts_for(chat.language, note.language_code)
        refusal = await self._meter.refusal(asked)
        if refusal is not None:
            await self._courier.fill(note.inline_id, limit_text(refusal, texts))
            return Outcome.LIMITED
        try:
            heard = await self._hear(asked, chat, note.job_id)
        except NotHeard as failure:
            log.info("note not heard", job=note.job_id, reason=failure.reason.value)
            await self._courier.fill(note.inline_id, texts(f"unusable-{failure.reason}", **self._limits))
            return OUTCOMES.get(failure.reason, Outcome.UNUSABLE)
        taught = await self._store.people.corrections(asked.chat_id)
        verdict = lean(heard, leaning(chat.sensitivity, taught))
        await self._courier.fill(note.inline_id, phrase(verdict, chat, texts).html)
        return Outcome.WARNED

    async def _answer(self, note: Note) -> Outcome:
        if await self._store.is_hindered(note.chat_id, Obstacle.CLOSED):
            return Outcome.UNREACHABLE
        try:
            return await self._answer_in_open_chat(note)
        except Closed:
            await self._store.hinder(note.chat_id, Obstacle.CLOSED)
            raise
        except NoRights:
            # Once, for the admins can mend it or send the bot away; the group itself cannot be told.
            if await self._store.hinder(note.chat_id, Obstacle.NO_RIGHTS):
                await self._courier.tell_an_admin(note.chat_id, _about_rights)
            raise

    async def _answer_in_open_chat(self, note: Note) -> Outcome:
        chat = await self._store.chat(note.chat_id)
        if note.checked:
            chat = replace(chat, style=Style.DETAILED, transcript=ShowTranscript.SHOWN)
        if note.contact is not None and chat.style in (Style.REACTION, Style.DIGEST):
            # The contact would see a reaction, and a digest has no button to mute one of several.
            chat = replace(chat, style=Style.BRIEF)
        if (note.asked or note.asked_in is not None) and chat.style is Style.DIGEST:
            # Whoever asks about a note waits for the answer under it; and a chat's digest grows by the notes
            # of its own queue alone, one after the other.
            chat = replace(chat, style=Style.BRIEF)
        if chat.when is WarnWhen.ON_TONE and not note.asked:
            return Outcome.SILENT
        texts = texts_for(chat.language, note.language_code)
        if not note.asked and self._is_stale(note):
            return await self._skip_stale(note, chat, texts)
        if await self._ear.is_declined(note):
            await self._waiting.over(note)
            return await self._decline(note, chat, texts)
        refusal = await self._meter.refusal(note)
        if refusal is not None:
            return await self._refuse(note, chat, texts, refusal)
        async with self._working_sign(note, chat):
            try:
                verdict = await self._hear(note, chat)
                await self._waiting.over(note)
                await self._meter.heard(note, verdict.duration)
            except NotHeard as failure:
                await self._waiting.over(note)
                return await self._explain(note, chat, texts, failure)
            outcome = await self._warn(note, chat, texts, verdict)
        await self._heat.notice(note, chat, texts)
        return outcome

    async def _hear(self, note: Note, chat: ChatSettings, job_id: str | None = None) -> Verdict:
        """The verdict, in time to say it.

        Raises:
            NotHeard: as `Ear.hear`.
            TakenOver: this process was away for so long that another does it.
            SQLAlchemyError: the database cannot be read now.
        """
        heard: Verdict | NotHeard
        try:
            heard = await self._ear.hear(note, chat)
        except NotHeard as failure:
            heard = failure
        if not await self._fleet.holds(job_id or note.job_id):
            raise TakenOver
        if isinstance(heard, NotHeard):
            raise heard
        return heard

    async def _decline(self, note: Note, chat: ChatSettings, texts: Texts) -> Outcome:
        """Leave the note of someone who opted out alone, and say so to whoever waits."""
        if note.awaited:
            await self._say(note, chat, texts, texts("unusable-declined"))
        return Outcome.DECLINED

    async def _warn(self, note: Note, chat: ChatSettings, texts: Texts, heard: Verdict) -> Outcome:
        taught = await self._store.people.corrections(note.chat_id)
        verdict = lean(heard, leaning(chat.sensitivity, taught))
        if not note.asked and not worth_saying(verdict, chat.when):
            # Someone who forwards a note waits for a sign that it was heard; a group does not.
            if note.private and await self._courier.react(note, reaction(verdict)):
                return Outcome.REACTED
            return Outcome.SILENT
        warning = phrase(verdict, chat, texts)
        if warning.reaction is not None and await self._courier.react(note, warning.reaction):
            return Outcome.REACTED
        if chat.style is Style.DIGEST:
            place = await self._digests.add(note, verdict, texts, silently=_is_quiet_now(chat, texts))
            await self._expiry.begin(*place, chat)
        else:
            keyboard = _keyboard(note, texts, warning, _judged(note, heard, verdict))
            await self._say(note, chat, texts, _presented(note, warning.html, texts), keyboard)
        return Outcome.WARNED

    async def _say(
        self,
        note: Note,
        chat: ChatSettings,
        texts: Texts,
        html: str,
        keyboard: InlineKeyboardMarkup | None = None,
        *,
        silently: bool = False,
    ) -> None:
        """Answer the note as the chat wants it: at its hours without a sound, and for as long as it chose."""
        silently = silently or _is_quiet_now(chat, texts)
        if note.album is not None and not await self._is_first_of_album(note.chat_id, note.album):
            silently = True
        said = await self._courier.say(note, html, keyboard, silently=silently)
        await self._expiry.begin(said.chat_id, said.message_id, chat)

    async def _is_first_of_album(self, chat_id: int, album: str) -> bool:
        """Files sent together arrive as so many messages; one sound is enough for all of them."""
        try:
            return await self._store.arrivals.is_first(chat_id, "album", album)
        except SQLAlchemyError as error:
            log.warning("album not known", chat=chat_id, error=type(error).__name__)
            return True

    async def _explain(self, note: Note, chat: ChatSettings, texts: Texts, failure: NotHeard) -> Outcome:
        """Say why there is no verdict, where someone waits for one."""
        log.info("note not heard", job=note.job_id, reason=failure.reason.value)
        if note.contact is not None:
            # Nobody waits for an answer here, so one quiet line, and only where silence would puzzle: to
            # whoever wants to hear of every note.
            if chat.when is WarnWhen.ALWAYS:
                html = texts("business-unusable", reason=failure.reason.value)
                html = introduced(note.contact.name, html)
                await self._say(note, chat, texts, html, _keyboard(note, texts), silently=True)
        elif note.private or note.asked or chat.when is WarnWhen.ALWAYS:
            await self._say(note, chat, texts, texts(f"unusable-{failure.reason}", **self._limits))
        return OUTCOMES.get(failure.reason, Outcome.UNUSABLE)

    def _is_stale(self, note: AnyNote) -> bool:
        return time.time() - note.sent_at > self._fresh_seconds

    async def _skip_stale(self, note: Note, chat: ChatSettings, texts: Texts) -> Outcome:
        key = "business-stale" if note.contact else "stale-notes"
        if await self._store.arrivals.is_time(note.chat_id, key, STALE_AGAIN):
            await self._say(note, chat, texts, texts(key))
        return Outcome.STALE

    async def _refuse(self, note: Note, chat: ChatSettings, texts: Texts, refusal: Allowance) -> Outcome:
        await self._waiting.over(note)
        if await self._meter.tells(refusal):
            await self._say(note, chat, texts, limit_text(refusal, texts))
        return Outcome.LIMITED

    @asynccontextmanager
    async def _working_sign(self, note: Note, chat: ChatSettings) -> AsyncIterator[None]:
        """Show "typing…" while the note is in work, unless the chat may not get a word about it."""
        if note.contact is not None:
            quiet = True
        else:
            perhaps = chat.when is not WarnWhen.ALWAYS or chat.style is Style.REACTION
            quiet = perhaps and not (note.private or note.asked)
        task = None if quiet else asyncio.create_task(self._keep_signing(note))
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _keep_signing(self, note: Note) -> None:
        while True:
            await self._courier.show_working(note)
            await asyncio.sleep(SIGN_EVERY)


def _about_rights(group: str, language_code: str | None) -> str:
    return texts_for(ChatLanguage.AUTO, language_code)("no-rights", group=escape(group, quote=False))


def _is_quiet_now(chat: ChatSettings, texts: Texts) -> bool:
    return is_quiet(chat, texts.language, datetime.now(UTC))


def _judged(note: Note, heard: Verdict, told: Verdict) -> Judged:
    """What a correction of this warning would be about."""
    message_id = note.message_id if note.reply_to is None else note.reply_to
    return Judged(-message_id if note.contact else message_id, told.tone, heard.scores, heard.language)


def _presented(note: Note, html: str, texts: Texts) -> str:
    """The warning under the name of the contact, or as news about the listener's own note."""
    if note.contact is not None:
        return introduced(note.contact.name, html)
    return answered(html, texts) if note.checked else html


def _keyboard(
    note: Note, texts: Texts, warning: Forewarning | None = None, judged: Judged | None = None
) -> InlineKeyboardMarkup | None:
    rows = []
    if warning is not None and warning.reveals:
        rows.append([reveal_button(texts, note.contact, note.message_id)])
    if warning is not None and warning.excuse is not None and not note.checked:
        rows.append([excuse_button(texts, warning.excuse)])
    if note.contact is not None:
        rows.append([mute_button(note.contact.id, note.contact.name, texts)])
    if judged is not None:
        rows.append([wrong_button(judged, texts)])
    return InlineKeyboardMarkup(rows) if rows else None
