"""Someone waits for a note: where it stands in line, how far it is, and a way out.

One message a chat, and only where it takes more than a few seconds. It is edited as the line moves and is
gone before the warning comes, which arrives as a message of its own, with its sound. What it says is an
estimate: notes are taken by when they are due, as `models.turns` does it, at the pace of the last ones.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.courier import Courier, Unreachable
from bot.fleet import Fleet
from bot.hearing import Ear, Progress
from bot.notes import AnyNote, Note
from bot.store import ProgressMessage, Store
from bot.warnings import Texts, texts_for
from models.verdict import Seconds

__all__ = ["CANCEL", "GivenUp", "Queued", "Standing", "Waiting", "standings"]

log = structlog.get_logger(__name__)

CANCEL = "cancel"
TOLD_FROM: Seconds = 10.0
"""Whoever waits no longer than this is told nothing."""
ROUND: Seconds = 1.0
EVERY: Seconds = 2.5
EVERY_IN_GROUPS: Seconds = 10.0
"""Time between two edits of one message. Groups may get 20 messages and edits a minute, warnings included."""
AT_ONCE = 20
"""Messages to send or edit in one round: Telegram takes 30 a second, and warnings come first."""
UNKNOWN_LENGTH: Seconds = 30.0
"""What to reckon with for a file that does not say how long it is."""
LONG: Seconds = 120.0
"""From here on minutes say more than a percentage."""


class GivenUp(Exception):
    """Whoever asked for the note does not want it any more."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A note whose job has not ended."""

    job_id: str
    note: AnyNote
    queued_at: float
    """Unix time, seconds."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a note is in line."""

    place: int
    """1: it is next, or in work."""
    left: Seconds
    """Until it is answered, probably."""


Line = Callable[[], Awaitable[Sequence[Queued]]]


def standings(
    line: Sequence[Queued],
    cost: Callable[[Seconds], Seconds],
    progress: Callable[[str], Progress | None],
    workers: int = 1,
) -> dict[str, Standing]:
    """Where each note is, by job, in the order in which they will probably be answered.

    `cost`: of a note so long; `progress`: how far a job is, if it has begun; `workers`: how many processes
    answer notes.
    """
    lanes: dict[str, float] = {}
    due: dict[str, float] = {}
    for queued in sorted(line, key=lambda queued: queued.queued_at):
        note = queued.note
        # A note comes after those before it in its chat, however short it is.
        lanes[note.lane] = max(
            lanes.get(note.lane, 0.0), queued.queued_at + (note.duration or UNKNOWN_LENGTH)
        )
        due[queued.job_id] = lanes[note.lane]
    found: dict[str, Standing] = {}
    before = 0.0
    for queued in sorted(line, key=lambda queued: due[queued.job_id]):
        done = progress(queued.job_id)
        if done is None:
            own = cost(queued.note.duration or UNKNOWN_LENGTH)
        else:
            own = cost(done.duration) * (1 - done.heard / done.duration)
        found[queued.job_id] = Standing(len(found) + 1, before / workers + own)
        before += own
    return found


@dataclass(slots=True)
class _Shown:
    """What the chat was last told."""

    message_id: int | None
    """None: the chat takes no such message."""
    html: str = ""
    at: float = 0.0
    """On the loop's clock."""


class Waiting:
    """Tells those who wait, and lets them cancel."""

    def __init__(self, ear: Ear, courier: Courier, store: Store, fleet: Fleet) -> None:
        self._ear = ear
        self._fleet = fleet
        self._courier = courier
        self._store = store
        self._shown: dict[str, _Shown] = {}
        self._steps: dict[str, asyncio.Task[None]] = {}
        self._in_work: dict[str, asyncio.Task[object]] = {}
        self._given_up: set[str] = set()
        # About to be answered: nothing more is said of their progress, and it is too late to cancel.
        self._over: set[str] = set()
        # What others hear, as far as they told.
        self._elsewhere: dict[str, Progress] = {}

    async def tell_forever(self, line: Line) -> None:
        """Go round all who wait. One process does this, whichever ones listen."""
        while True:
            try:
                if self._fleet.leads:
                    await self._tell(await line())
            except SQLAlchemyError as error:
                log.warning("progress not told", error=type(error).__name__)
            await asyncio.sleep(ROUND)

    async def share_forever(self) -> None:
        """Let the process that tells those who wait know how far this one is, and hear who waits no more."""
        while True:
            await asyncio.sleep(EVERY / 2)
            if self._fleet.is_alone:
                continue
            try:
                heard = {job_id: self._ear.progress(job_id) for job_id in self._in_work}
                how_far = {
                    job_id: (one.heard, one.duration) if one else None for job_id, one in heard.items()
                }
                for job_id in await self._store.progress.share(how_far):
                    self._give_up(job_id)
            except SQLAlchemyError as error:
                log.warning("progress not shared", error=type(error).__name__)

    def delay(self, line: Sequence[Queued]) -> Seconds:
        """How long a note that came now would wait before it is listened to."""
        return max((one.left for one in self._standings(line).values()), default=0.0)

    @asynccontextmanager
    async def in_work(self, note: AnyNote) -> AsyncIterator[None]:
        """Hold this while the note is answered, so that it can be cancelled.

        Raises:
            GivenUp: it was, before or meanwhile.
        """
        task = asyncio.current_task()
        if task is None or not _is_awaited(note):
            yield
            return
        job_id = note.job_id
        self._in_work[job_id] = task
        try:
            if await self._is_cancelled(job_id):
                raise GivenUp
            yield
        except asyncio.CancelledError:
            if job_id not in self._given_up:
                raise
            task.uncancel()
            raise GivenUp from None
        finally:
            del self._in_work[job_id]
            self._given_up.discard(job_id)
            if not self._fleet.leads:
                self._over.discard(job_id)

    async def over(self, note: Note) -> None:
        """The note is about to be answered: take its progress away.

        What cannot be deleted now is deleted by the next round.

        Raises:
            GivenUp: it was cancelled in the last moment, and that has been said.
        """
        if not note.awaited:
            return
        self._over.add(note.job_id)
        try:
            if await self._take_away(note.job_id):
                raise GivenUp
        except (SQLAlchemyError, Unreachable) as error:
            log.info("progress stays for now", job=note.job_id, error=type(error).__name__)

    async def cancel(self, message: ProgressMessage) -> bool:
        """End the job that this message is about; False if it is too late for that."""
        job_id = message.job_id
        if job_id in self._over or not await self._store.progress.cancel(job_id):
            return False
        log.info("note cancelled", job=job_id)
        step = self._steps.get(job_id)
        if step is not None:
            step.cancel()
        self._give_up(job_id)
        return True

    def _give_up(self, job_id: str) -> None:
        task = self._in_work.get(job_id)
        if task is not None and job_id not in self._over:
            self._given_up.add(job_id)
            task.cancel()

    async def _is_cancelled(self, job_id: str) -> bool:
        try:
            message = await self._store.progress.of(job_id)
        except SQLAlchemyError as error:
            log.warning("progress not read", job=job_id, error=type(error).__name__)
            return False
        return message is not None and message.cancelled

    def _standings(self, line: Sequence[Queued]) -> dict[str, Standing]:
        return standings(line, self._ear.cost, self._progress, self._fleet.workers)

    def _progress(self, job_id: str) -> Progress | None:
        return self._ear.progress(job_id) or self._elsewhere.get(job_id)

    async def _tell(self, line: Sequence[Queued]) -> None:
        active = {queued.job_id for queued in line}
        cancelled = set()
        messages = await self._store.progress.all()
        self._elsewhere = {one.job_id: Progress(*one.how_far) for one in messages if one.how_far is not None}
        for message in messages:
            if message.job_id not in active and message.job_id not in self._steps:
                await self._sweep(message)
            elif message.cancelled:
                cancelled.add(message.job_id)
            else:
                # Known from before a restart.
                self._shown.setdefault(message.job_id, _Shown(message.message_id))
        self._over = {job_id for job_id in self._over if job_id in active or job_id in self._steps}
        self._shown = {job_id: shown for job_id, shown in self._shown.items() if job_id in active}
        line = [queued for queued in line if queued.job_id not in cancelled]
        standing = self._standings(line)
        for note in self._whom_to_tell(line, standing):
            job_id = note.job_id
            step = asyncio.create_task(self._show(note, standing[job_id]))
            self._steps[job_id] = step
            step.add_done_callback(lambda _, job_id=job_id: self._steps.pop(job_id))  # type: ignore[misc]

    def _whom_to_tell(self, line: Sequence[Queued], standing: dict[str, Standing]) -> list[Note]:
        """The notes whose message is due, those first that have not been told of for the longest time."""
        now, clock = time.time(), asyncio.get_running_loop().time()
        first_in_lane: dict[str, Queued] = {}
        for queued in sorted(line, key=lambda queued: queued.queued_at):
            if _is_awaited(queued.note):
                first_in_lane.setdefault(queued.note.lane, queued)
        due: list[tuple[float, Note]] = []
        for queued in first_in_lane.values():
            note, shown = queued.note, self._shown.get(queued.job_id)
            if not isinstance(note, Note) or queued.job_id in self._over or queued.job_id in self._steps:
                continue
            if shown is None:
                if max(standing[queued.job_id].left, now - queued.queued_at) > TOLD_FROM:
                    due.append((0.0, note))
            elif shown.message_id is not None and clock - shown.at >= (
                EVERY if note.private else EVERY_IN_GROUPS
            ):
                due.append((shown.at, note))
        return [note for _, note in sorted(due, key=lambda one: one[0])[:AT_ONCE]]

    async def _show(self, note: Note, standing: Standing) -> None:
        """Send the message, or bring it up to date. Never raises: progress untold is no loss."""
        try:
            await self._show_now(note, standing)
        except (SQLAlchemyError, Unreachable) as error:
            log.warning("progress not shown", job=note.job_id, error=type(error).__name__)

    async def _show_now(self, note: Note, standing: Standing) -> None:
        job_id = note.job_id
        shown = self._shown.get(job_id)
        texts = texts_for((await self._store.chat(note.chat_id)).language, note.language_code)
        html = _words(standing, self._progress(job_id), texts)
        if shown is not None and shown.html == html:
            return
        old = shown.message_id if shown else None
        message_id = await self._courier.show_progress(note, html, _keyboard(texts), old)
        self._shown[job_id] = _Shown(message_id, html, asyncio.get_running_loop().time())
        if old is None and message_id is not None:
            message = ProgressMessage(job_id, note.chat_id, message_id, note.asker_id)
            try:
                await self._store.progress.keep(message)
            except SQLAlchemyError:
                # Nobody could take it away later.
                self._shown[job_id].message_id = None
                await self._courier.delete(note.chat_id, message_id)
                raise
            if job_id in self._over:
                await self._take_away(job_id)

    async def _sweep(self, message: ProgressMessage) -> None:
        """The job has ended, in a process that is no more or on another machine."""
        try:
            await self._take_away(message.job_id)
        except Unreachable as error:
            log.info("progress not deleted", job=message.job_id, reason=str(error))

    async def _take_away(self, job_id: str) -> bool:
        """Delete the message; one that says "cancelled" stays for whoever reads it. Returns whether
        it stays.
        """
        message = await self._store.progress.drop(job_id)
        if message is not None and not message.cancelled:
            await self._courier.delete(message.chat_id, message.message_id)
        return message is not None and message.cancelled


def _is_awaited(note: AnyNote) -> bool:
    return isinstance(note, Note) and note.awaited


def _words(standing: Standing, progress: Progress | None, texts: Texts) -> str:
    left = _left(standing.left, texts)
    if progress is None:
        return texts("waiting-in-line", place=standing.place, left=left)
    if progress.duration < LONG:
        percent = round(100 * progress.heard / progress.duration)
        return texts("waiting-listening", percent=percent, left=left)
    heard, whole = int(progress.heard // 60), math.ceil(progress.duration / 60)
    return texts("waiting-listening-long", heard=heard, whole=whole, left=left)


def _left(seconds: Seconds, texts: Texts) -> str:
    """In steps of ten seconds, later of minutes: an estimate should not look like more."""
    if seconds < TOLD_FROM / 2:
        return ""
    if seconds <= 50:
        return texts("waiting-seconds", seconds=10 * math.ceil(seconds / 10))
    return texts("waiting-minutes", minutes=math.ceil(seconds / 60))


def _keyboard(texts: Texts) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(texts("cancel-button"), callback_data=CANCEL)]])
