"""One note, heard: fetched and judged, or known from before.

The words of a note come into being here and live only in the `Verdict` that is handed on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.courier import Courier, FileTooBig, Unreachable
from bot.metrics import measured
from bot.notes import Note
from bot.store import ChatSettings, Store
from bot.store.chat import ChatLanguage
from models.analyzer import LONGEST_NOTE, Analyzer, forget_frames
from models.verdict import LANGUAGES, Language, Seconds, Unusable, UnusableNote, Verdict

__all__ = ["Ear", "NotHeard", "Progress", "Trouble"]

log = structlog.get_logger(__name__)

LARGE = 2**20
"""Bytes. Smaller files, nearly all voice notes, are so small that any number of them may be in memory."""
ROOM_FOR_LARGE = 128 * 2**20
"""Bytes of larger files that are in memory at the same time, from their download to their verdict."""
TRIES = 3
"""Times to listen to a note before the chat is told that it failed."""


class Trouble(StrEnum):
    """Why a note was not heard though nothing is wrong with its sound."""

    TOO_BIG = "too_big"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    DECLINED = "declined"
    """Whoever recorded it wants none of their notes judged."""


class NotHeard(Exception):
    """There is no verdict; `reason` names the sentence that says why."""

    def __init__(self, reason: Unusable | Trouble) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the listening to a note is."""

    heard: Seconds
    duration: Seconds
    """Of the whole note."""


class Ear:
    """Hears notes. The same note in several chats at once is fetched and listened to once."""

    def __init__(self, analyzer: Analyzer, courier: Courier, store: Store, largest_file: int) -> None:
        self._analyzer = analyzer
        self._courier = courier
        self._store = store
        self._largest_file = largest_file
        self._listening: dict[tuple[str, str, bool], _Listening] = {}
        self._heard_for: dict[str, _Listening] = {}
        self._pulse = _Pulse()
        self._room = _Room(ROOM_FOR_LARGE)

    def progress(self, job_id: str) -> Progress | None:
        """How far this process is with a note; None before it began and after it ended."""
        listening = self._heard_for.get(job_id)
        return listening.progress if listening else None

    def silent_for(self) -> Seconds:
        """How long the listener has given no sign of life though there is something to listen to."""
        return self._pulse.silent_for()

    def cost(self, duration: Seconds) -> Seconds:
        """How long a note of this length will probably take."""
        return self._analyzer.cost(duration)

    async def is_declined(self, note: Note) -> bool:
        """Whether the note is somebody's who opted out. About their own notes they may ask."""
        if note.speaker_id is None or note.own:
            return False
        return await self._store.people.has_opted_out(note.speaker_id)

    async def hear(self, note: Note, chat: ChatSettings) -> Verdict:
        """The verdict on a note, with its words where the chat shows them.

        Raises:
            NotHeard: there is no verdict, now or ever.
            SQLAlchemyError: the database cannot be read now.
        """
        if await self.is_declined(note):
            raise NotHeard(Trouble.DECLINED)
        if note.duration is not None and note.duration > LONGEST_NOTE:
            raise NotHeard(Unusable.TOO_LONG)
        for attempt in range(1, TRIES + 1):
            try:
                return await self._hear(note, chat)
            except SQLAlchemyError:
                raise  # passes; whoever answers the note waits for it
            except UnusableNote as error:
                raise NotHeard(error.reason) from None
            except FileTooBig:
                raise NotHeard(Trouble.TOO_BIG) from None
            except Unreachable:
                raise NotHeard(Trouble.UNREACHABLE) from None
            except Exception as error:
                # The text of an error could quote what was said, so only its kind is logged.
                log.error("hearing failed", job=note.job_id, attempt=attempt, error=type(error).__name__)
                await asyncio.sleep(attempt)
        raise NotHeard(Trouble.FAILED)

    async def _hear(self, note: Note, chat: ChatSettings) -> Verdict:
        language, certain = _expected_language(chat, note.language_code)
        expectation = f"{language or 'any'}{'!' if certain else ''}"
        if not chat.shows_words:
            kept = await self._store.verdict(note.file_unique_id, expectation, self._analyzer.version)
            if kept is not None:
                await self._keep(note, expectation, kept)
                return kept
        verdict = await self._listen_once(note, expectation, language, certain, explain=chat.shows_words)
        await self._keep(note, expectation, verdict)
        return verdict

    async def _keep(self, note: Note, expectation: str, verdict: Verdict) -> None:
        made_by, file = self._analyzer.version, note.file_unique_id
        try:
            await self._store.keep_verdict(file, expectation, made_by, note.chat_id, verdict, note.came_at)
        except SQLAlchemyError as error:
            # A full disk is no reason to keep silent.
            log.warning("verdict not kept", job=note.job_id, error=type(error).__name__)

    async def _listen_once(
        self, note: Note, expectation: str, language: Language | None, certain: bool, *, explain: bool
    ) -> Verdict:
        """What all who ask for this file at the same time get. It is given up when none of them waits."""
        key = (note.file_unique_id, expectation, explain)
        listening = self._listening.get(key)
        if listening is None:
            listening = self._listening[key] = _Listening()
            listening.task = asyncio.create_task(self._listen(note, language, certain, listening, explain))
            listening.task.add_done_callback(_let_go)
        listening.waiting += 1
        self._heard_for[note.job_id] = listening
        try:
            return await asyncio.shield(listening.task)
        finally:
            self._heard_for.pop(note.job_id, None)
            listening.waiting -= 1
            if not listening.waiting:
                # Whoever asks from here on must not join what is being given up.
                self._listening.pop(key, None)
                listening.task.cancel()

    async def _listen(
        self,
        note: Note,
        language: Language | None,
        certain: bool,
        listening: _Listening,
        explain: bool,
    ) -> Verdict:
        size = note.file_size if note.file_size is not None else self._largest_file
        async with self._room.taken(size):
            data = await self._courier.fetch(note, self._largest_file)
            with self._pulse.expected():
                try:
                    return await self._attend(data, listening, explain, hint=language)
                except UnusableNote as error:
                    if error.reason is Unusable.UNKNOWN_LANGUAGE and certain:
                        return await self._attend(data, listening, explain, language=language)
                    raise

    @measured("listen")
    async def _attend(
        self,
        data: bytes,
        listening: _Listening,
        explain: bool,
        *,
        language: Language | None = None,
        hint: Language | None = None,
    ) -> Verdict:
        def tell(heard: Seconds, duration: Seconds) -> None:
            self._pulse.beat()
            listening.tell(heard, duration)

        return await self._analyzer.listen(data, language, hint, tell, explain=explain)


class _Listening:
    """One file that is listened to, for however many notes."""

    task: asyncio.Task[Verdict]

    def __init__(self) -> None:
        self.waiting = 0
        self.progress: Progress | None = None

    def tell(self, heard: Seconds, duration: Seconds) -> None:
        """Called from the listener's thread. Two tries of an engine never show a step back."""
        before = self.progress.heard if self.progress else 0.0
        self.progress = Progress(max(before, heard), duration)


def _let_go(ended: asyncio.Task[Verdict]) -> None:
    """Let no file stay in memory with the error that a task ended with."""
    try:
        ended.result()
    except BaseException as error:
        forget_frames(error)


class _Room:
    """Memory for files. Large ones wait for each other, so that many at once cannot fill the machine."""

    def __init__(self, most: int) -> None:
        self._most = self._free = most
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def taken(self, size: int) -> AsyncIterator[None]:
        """Hold this while a file of so many bytes is in memory. One that needs more than all gets all."""
        if size <= LARGE:
            yield
            return
        size = min(size, self._most)
        async with self._changed:
            await self._changed.wait_for(lambda: self._free >= size)
            self._free -= size
        try:
            yield
        finally:
            self._free += size
            async with self._changed:
                self._changed.notify_all()


class _Pulse:
    """Whether the listener gets on, as long as that can be expected."""

    def __init__(self) -> None:
        self._expecting = 0
        self._beaten_at = 0.0

    @contextmanager
    def expected(self) -> Iterator[None]:
        """Hold this while a note is listened to or waits for that. One more that waits is no sign of life."""
        if not self._expecting:
            self.beat()
        self._expecting += 1
        try:
            yield
            self.beat()
        finally:
            self._expecting -= 1

    def beat(self) -> None:
        """Called from the listener's thread, too."""
        self._beaten_at = time.monotonic()

    def silent_for(self) -> Seconds:
        return time.monotonic() - self._beaten_at if self._expecting else 0.0


def _expected_language(chat: ChatSettings, language_code: str | None) -> tuple[Language | None, bool]:
    """The language a note is probably in, and whether the chat itself said so."""
    certain = chat.language is not ChatLanguage.AUTO
    wanted = chat.language.value if certain else (language_code or "")[:2]
    return next((language for language in LANGUAGES if language == wanted), None), certain
