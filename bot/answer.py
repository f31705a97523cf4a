"""What happens to one note: fetched, heard, put into words, sent.

The words of a note exist only here, between `Analyzer.listen` and `Courier.say`, in memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

import structlog
from models.analyzer import Analyzer
from models.audio import LONGEST_NOTE

from bot.courier import Courier, FileTooBig, Unreachable
from bot.notes import Note
from bot.store import ChatSettings, ShowTranscript, Store, Style
from bot.store.chat import ChatLanguage, WarnWhen
from bot.warnings import Texts, phrase, texts_for, worth_saying
from bot.warnings.excuses import excuse_keyboard
from bot.warnings.phrase import reaction
from models.verdict import LANGUAGES, Language, UnusableNote, Verdict

__all__ = ["Answerer", "Outcome"]

log = structlog.get_logger(__name__)

SIGN_EVERY = 4.5
"""Seconds between two working signs: Telegram shows one for five."""
HEAR_AGAIN = 3
"""Times to try a note before telling the chat that it failed."""


class Outcome(StrEnum):
    """How a note ended; the job's only result, so nothing said is in it."""

    WARNED = "warned"
    REACTED = "reacted"
    SILENT = "silent"
    UNUSABLE = "unusable"
    STALE = "stale"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


class Answerer:
    """Turns notes into warnings, one call a note."""

    def __init__(
        self, analyzer: Analyzer, courier: Courier, store: Store, *, largest_file: int, fresh_seconds: float
    ) -> None:
        self._analyzer = analyzer
        self._courier = courier
        self._store = store
        self._largest_file = largest_file
        self._fresh_seconds = fresh_seconds
        self._hearing: dict[tuple[str, str], asyncio.Task[Verdict]] = {}
        self._told_of_stale: set[int] = set()

    async def answer(self, note: Note) -> Outcome:
        """Warn about one note. Everything that can go wrong with it is answered or logged, not raised."""
        started = time.monotonic()
        try:
            outcome = await self._answer(note)
        except Unreachable as error:
            log.warning("note not answered", job=note.job_id, reason=str(error))
            outcome = Outcome.UNREACHABLE
        log.info(
            "note done", job=note.job_id, outcome=outcome.value, seconds=round(time.monotonic() - started, 2)
        )
        return outcome

    async def _answer(self, note: Note) -> Outcome:
        chat = await self._store.chat(note.chat_id)
        texts = texts_for(chat.language, note.language_code)
        if not note.asked and time.time() - note.sent_at > self._fresh_seconds:
            return await self._skip_stale(note, texts)
        async with self._working_sign(note, chat):
            try:
                verdict = await self._hear_patiently(note, chat)
            except _Untold as failure:
                return await self._explain(note, chat, texts, failure)
            return await self._warn(note, chat, texts, verdict)

    async def _warn(self, note: Note, chat: ChatSettings, texts: Texts, verdict: Verdict) -> Outcome:
        if not note.asked and not worth_saying(verdict, chat.when):
            # Someone who forwards a note waits for a sign that it was heard; a group does not.
            if note.private and await self._courier.react(note, reaction(verdict)):
                return Outcome.REACTED
            return Outcome.SILENT
        warning = phrase(verdict, chat, texts)
        if warning.reaction is not None and await self._courier.react(note, warning.reaction):
            return Outcome.REACTED
        keyboard = excuse_keyboard(texts) if warning.offers_excuse else None
        await self._courier.say(note, warning.html, keyboard)
        return Outcome.WARNED

    async def _explain(self, note: Note, chat: ChatSettings, texts: Texts, failure: _Untold) -> Outcome:
        """Say why there is no verdict, where someone waits for one."""
        if note.private or note.asked or chat.when is WarnWhen.ALWAYS:
            values = {"minutes": LONGEST_NOTE // 60, "megabytes": self._largest_file // 2**20}
            await self._courier.say(note, texts(f"unusable-{failure.reason}", **values))
        return failure.outcome

    async def _skip_stale(self, note: Note, texts: Texts) -> Outcome:
        if note.chat_id not in self._told_of_stale:
            self._told_of_stale.add(note.chat_id)
            await self._courier.say(note, texts("stale-notes"))
        return Outcome.STALE

    async def _hear_patiently(self, note: Note, chat: ChatSettings) -> Verdict:
        for attempt in range(1, HEAR_AGAIN + 1):
            try:
                return await self._hear(note, chat)
            except UnusableNote as error:
                log.info("note unusable", job=note.job_id, reason=error.reason.value)
                raise _Untold(error.reason.value, Outcome.UNUSABLE) from None
            except FileTooBig:
                raise _Untold("too_big", Outcome.UNUSABLE) from None
            except Unreachable:
                raise _Untold("unreachable", Outcome.UNREACHABLE) from None
            except Exception as error:
                # The text of an error could quote what was said, so only its kind is logged.
                log.error("hearing failed", job=note.job_id, attempt=attempt, error=type(error).__name__)
                await asyncio.sleep(attempt)
        raise _Untold("failed", Outcome.FAILED)

    async def _hear(self, note: Note, chat: ChatSettings) -> Verdict:
        """The verdict on a note: kept from before, shared with another chat that waits for it, or new."""
        expected = _expected_language(chat, note.language_code)
        asked = chat.language.value if chat.language is not ChatLanguage.AUTO else f"~{expected or ''}"
        if chat.transcript is ShowTranscript.OFF or chat.style is Style.REACTION:
            kept = await self._store.verdict(note.file_unique_id, asked, self._analyzer.engine)
            if kept is not None:
                return kept
        key = (note.file_unique_id, asked)
        task = self._hearing.get(key)
        if task is None:
            task = asyncio.create_task(self._listen(note, expected, asked))
            self._hearing[key] = task
            task.add_done_callback(lambda _: self._hearing.pop(key, None))
        return await asyncio.shield(task)

    async def _listen(self, note: Note, expected: Language | None, asked: str) -> Verdict:
        data = await self._courier.fetch(note, self._largest_file)
        verdict = await self._analyzer.listen(data, hint=expected)
        await self._store.keep_verdict(note.file_unique_id, asked, note.chat_id, verdict)
        return verdict

    @asynccontextmanager
    async def _working_sign(self, note: Note, chat: ChatSettings) -> AsyncIterator[None]:
        """Show "typing…" while the note is in work, unless the chat may not get a word about it."""
        quiet = not (note.private or note.asked) and (
            chat.when is not WarnWhen.ALWAYS or chat.style is Style.REACTION
        )
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


class _Untold(Exception):
    """No verdict, and the text that says why."""

    def __init__(self, reason: str, outcome: Outcome) -> None:
        self.reason = reason
        self.outcome = outcome


def _expected_language(chat: ChatSettings, language_code: str | None) -> Language | None:
    wanted = language_code if chat.language is ChatLanguage.AUTO else chat.language.value
    return next((language for language in LANGUAGES if (wanted or "").startswith(language)), None)
