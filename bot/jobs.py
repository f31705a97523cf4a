"""The durable queue: a note accepted here is answered, whatever happens to the process.

DBOS keeps each job in a database before `submit` returns, starts it on the loop that launched it, and
after a crash runs again what had not ended. A job is its note: ids only, and a contact's first name if the
note came to someone's own account. Its result is an `Outcome`.
The whole answer is one unit of work without inner checkpoints, because a checkpoint between hearing and
warning would have to hold the words. The queue is partitioned by chat, or by connected account, with one job
at a time in each, so that warnings come in the order of the notes, and a busy group does not hold up a quiet
one. On PostgreSQL any number of processes share it; a job belongs to one of them at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID, WorkflowSerializationFormat
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from bot.answer import Answerer
from bot.fleet import Living
from bot.memory import bound_page_cache
from bot.notes import AnyNote, BusinessNote, Contact, business_lane, from_json
from bot.store import StoreError
from bot.waiting import Queued

__all__ = ["Jobs"]

log = structlog.get_logger(__name__)

QUEUE = "notes"
NAME = "answer_note"
JOB_VERSION = "1"
"""Version of a queued job's form. Jobs are run by processes of their own version alone. Raise it only when an
older job could not be run any more: what is new in a note has a default, and what is unknown is left out."""
AT_ONCE = 64
"""Jobs in work at the same time in one process. Most of them wait for Telegram, a busy group for up to a
minute; the models take one at a time, and `bot.hearing` bounds the memory for files."""
POLL_SECONDS = 0.05
POLL_SECONDS_SHARED = 0.1
"""Where every process asks one PostgreSQL."""
CONNECTIONS = 10
"""To PostgreSQL, for jobs alone."""
STUCK = 30.0
"""Seconds for which a job may seem to be in work here without being so."""
LONGEST_LINE = 2000
LONGEST_RETRY = 30.0
STOP_SECONDS = 3
DELETE_BATCH = 500


class Jobs:
    """The queue of notes. `start` launches DBOS in this process; there can be one."""

    def __init__(self, url: str, answerer: Answerer, executor_id: str, *, works: bool) -> None:
        """`executor_id`: whose jobs these are, among all processes; `works`: whether this one runs any."""

        async def answer_note(note: dict[str, Any], queued_at: float | None = None) -> str:
            given = from_json(note)
            self._in_work[given.job_id] = asyncio.current_task()
            try:
                outcome = await answerer.answer(given, queued_at)
                self._ended[given.job_id] = time.monotonic()
                return outcome
            finally:
                self._in_work.pop(given.job_id, None)

        self._url = url
        self._executor_id = executor_id
        self._works = works
        self._in_work: dict[str, asyncio.Task[Any] | None] = {}
        self._ended: dict[str, float] = {}
        self._idle_since: dict[str, float] = {}
        self._answer_note = DBOS.workflow(name=NAME, serialization_type=WorkflowSerializationFormat.PORTABLE)(
            answer_note
        )

    async def start(self) -> None:
        """Launch the queue and take up what an earlier run left.

        Raises:
            StoreError: the jobs' database cannot be used.
        """
        config: DBOSConfig = {
            "name": "forewarn",
            "system_database_url": self._url,
            "application_version": JOB_VERSION,
            "executor_id": self._executor_id,
            "log_level": "WARNING",
            "enable_otlp": False,
        }
        is_sqlite = make_url(self._url).get_backend_name() == "sqlite"
        if is_sqlite:
            config["db_engine_kwargs"] = {"pool_events": [(bound_page_cache, "connect")]}
        else:
            config["sys_db_pool_size"] = CONNECTIONS
        try:
            if is_sqlite:
                await asyncio.to_thread(_prepare_sqlite, self._url)
            DBOS(config=config)
            if not self._works:
                DBOS.listen_queues([])
            # Launched on this loop, DBOS runs the jobs here too, beside the bot they use.
            DBOS.launch()
            await DBOS.register_queue_async(
                QUEUE,
                worker_concurrency=AT_ONCE,
                partition_concurrency=1,
                polling_interval_sec=POLL_SECONDS if is_sqlite else POLL_SECONDS_SHARED,
                on_conflict="always_update",
            )
        except (SQLAlchemyError, OSError) as error:
            raise StoreError(
                f"the queue's database cannot be used: {getattr(error, 'orig', error)}"
            ) from None

    async def stop(self) -> None:
        """Stop taking jobs, give those in work a moment, and cut off the rest for the next start."""
        await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=STOP_SECONDS)
        # Only now: a cancellation that the database heard of would end the job for good.
        for task in self._in_work.values():
            if task is not None:
                task.cancel()

    async def submit(self, note: AnyNote) -> None:
        """Keep a job for `note`; returns once it is on disk. The same note twice is one job.

        Never raises: while the database is locked or full there is nobody to hand the note back to, and
        Telegram must not be told that it was taken. So it tries until it can.
        """
        wait = 0.2
        # By its number in the chat, for clocks are set back now and then.
        place = SetEnqueueOptions(queue_partition_key=note.lane, priority=max(1, note.message_id))
        while True:
            try:
                with SetWorkflowID(note.job_id), place:
                    await DBOS.enqueue_workflow_async(QUEUE, self._answer_note, note.to_json(), time.time())
            except Exception as error:
                log.error("note not queued yet", job=note.job_id, error=type(error).__name__)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_RETRY)
            else:
                log.info("note queued", job=note.job_id)
                return

    async def mend(self, living: Living) -> None:
        """Take up jobs that stand as in work, but nobody is at.

        Those of processes that are gone are taken over. Those that this one lost were answered if they ended
        here: only the word of that was not kept, because the disk was full.

        Raises:
            SQLAlchemyError: the database cannot be used now.
        """
        pending = await DBOS.list_workflows_async(
            queue_name=QUEUE,
            status=["PENDING"],
            app_version=JOB_VERSION,
            load_input=False,
            load_output=False,
        )
        await self._mend_own({job.workflow_id for job in pending if job.executor_id == self._executor_id})
        # Asked after the jobs: whoever took one of them had signed in before.
        alive = await living() if pending else None
        if alive is None:
            return
        gone = {job.executor_id for job in pending if job.executor_id is not None} - alive
        if gone:
            log.warning("taking over", of=sorted(gone))
            # It takes only what still is theirs, so two that do this at once do it once.
            await asyncio.to_thread(DBOS._recover_pending_workflows, sorted(gone))

    async def _mend_own(self, pending: set[str]) -> None:
        now = time.monotonic()
        idle = pending - self._in_work.keys()
        self._idle_since = {job_id: self._idle_since.get(job_id, now) for job_id in idle}
        self._ended = {
            job_id: at for job_id, at in self._ended.items() if job_id in pending or now - at < STUCK
        }
        for job_id in [job_id for job_id, since in self._idle_since.items() if now - since > STUCK]:
            log.warning("job was stuck", job=job_id, answered=job_id in self._ended)
            if job_id in self._ended:
                await DBOS.cancel_workflow_async(job_id)
            else:
                await DBOS.resume_workflow_async(job_id, queue_name=QUEUE)

    async def line(self) -> list[Queued]:
        """The notes whose jobs have not ended, in work or not; of a very long line, its head.

        Raises:
            SQLAlchemyError: the jobs' database cannot be read now.
        """
        jobs = await DBOS.list_workflows_async(
            queue_name=QUEUE, status=["PENDING", "ENQUEUED"], limit=LONGEST_LINE, load_output=False
        )
        return [
            Queued(job.workflow_id, from_json(job.input["args"][0]), (job.created_at or 0) / 1000)
            for job in jobs
            if job.input is not None
        ]

    async def outcomes(self, since: datetime) -> Counter[str]:
        """How the notes ended that were answered since then, as far as their jobs are kept."""
        jobs = await DBOS.list_workflows_async(
            name=NAME, status=["SUCCESS"], completed_after=since.isoformat(), load_input=False
        )
        return Counter(str(job.output) for job in jobs)

    async def contacts_note(
        self, connection_id: str, contact_id: int, message_id: int
    ) -> BusinessNote | None:
        """The note that a contact sent to a connected account, as long as its job is kept."""
        job_id = Contact(connection_id, contact_id, "").job_id(message_id)
        jobs = await DBOS.list_workflows_async(workflow_ids=[job_id], load_output=False)
        if not jobs or jobs[0].input is None:
            return None
        note = from_json(jobs[0].input["args"][0])
        return note if isinstance(note, BusinessNote) else None

    async def kept(self, lanes: Iterable[str]) -> list[dict[str, Any]]:
        """What the jobs of these lanes hold, those in work and those that ended and are still kept."""
        found = await DBOS.list_workflows_async(workflow_id_prefix=[f"{lane}:" for lane in lanes])
        return [
            {
                "id": job.workflow_id,
                "queued_at": _time(job.created_at),
                "ended_at": _time(job.completed_at),
                "outcome": job.output,
                "note": job.input["args"][0] if job.input is not None else None,
            }
            for job in found
        ]

    async def forget_chat(self, chat_id: int) -> None:
        """Delete the ended jobs of a chat."""
        await self._delete(workflow_id_prefix=f"{chat_id}:")

    async def forget_connection(self, connection_id: str) -> None:
        """Delete the ended jobs of an account that the bot was connected to."""
        await self._delete(workflow_id_prefix=f"{business_lane(connection_id)}:")

    async def forget_ended(self, older_than: timedelta) -> None:
        """Delete jobs that ended longer ago than `older_than`."""
        await self._delete(completed_before=(datetime.now(UTC) - older_than).isoformat())

    async def _delete(self, **which: Any) -> None:
        while True:
            ended = await DBOS.list_workflows_async(
                status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
                limit=DELETE_BATCH,
                load_input=False,
                load_output=False,
                **which,
            )
            if not ended:
                return
            await DBOS.delete_workflows_async([job.workflow_id for job in ended])


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


def _prepare_sqlite(url: str) -> None:
    """Write-ahead logging, so that the queue's polls do not wait for its writes; kept in the file."""
    engine = create_engine(url, connect_args={"timeout": 5})
    with engine.connect() as connection:
        connection.execute(text("PRAGMA journal_mode=WAL"))
        connection.execute(text("BEGIN IMMEDIATE"))
    engine.dispose()
