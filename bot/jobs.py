"""The durable queue: a note accepted here is answered, whatever happens to the process.

DBOS keeps each job in a database before `submit` returns, starts it on the loop that launched it, and
after a crash runs again what had not ended. A job is its note: ids only, and a contact's first name if the
note came to someone's own account. Its result is an `Outcome`.
The whole answer is one unit of work without inner checkpoints, because a checkpoint between hearing and
warning would have to hold the words. The queue is partitioned by chat, or by connected account, with one job
at a time in each, so that warnings come in the order of the notes, and a busy group does not hold up a quiet
one.
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
from bot.notes import AnyNote, BusinessNote, Contact, business_lane, from_json
from bot.store import StoreError
from bot.waiting import Queued

__all__ = ["Jobs"]

log = structlog.get_logger(__name__)

QUEUE = "notes"
NAME = "answer_note"
JOB_VERSION = "1"
"""Version of a queued job's form. Raise it only when an older job could not be run any more."""
AT_ONCE = 16
"""Jobs in work at the same time. Most of them wait for Telegram; the models take one at a time. Each may
hold a file of the largest size in memory."""
POLL_SECONDS = 0.05
LONGEST_LINE = 2000
LONGEST_RETRY = 30.0
STOP_SECONDS = 3
DELETE_BATCH = 500


class Jobs:
    """The queue of notes. `start` launches DBOS in this process; there can be one."""

    def __init__(self, url: str, answerer: Answerer) -> None:
        async def answer_note(note: dict[str, Any], queued_at: float | None = None) -> str:
            task = asyncio.current_task()
            self._in_work.add(task)
            try:
                return await answerer.answer(from_json(note), queued_at)
            finally:
                self._in_work.discard(task)

        self._url = url
        self._in_work: set[asyncio.Task[Any] | None] = set()
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
            "log_level": "WARNING",
            "enable_otlp": False,
        }
        try:
            await asyncio.to_thread(_prepare_sqlite, self._url)
            DBOS(config=config)
            # Launched on this loop, DBOS runs the jobs here too, beside the bot they use.
            DBOS.launch()
            await DBOS.register_queue_async(
                QUEUE,
                worker_concurrency=AT_ONCE,
                partition_concurrency=1,
                polling_interval_sec=POLL_SECONDS,
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
        for task in self._in_work:
            if task is not None:
                task.cancel()

    async def submit(self, note: AnyNote) -> None:
        """Keep a job for `note`; returns once it is on disk. The same note twice is one job.

        Never raises: while the database is locked or full there is nobody to hand the note back to, and
        Telegram must not be told that it was taken. So it tries until it can.
        """
        wait = 0.2
        while True:
            try:
                with SetWorkflowID(note.job_id), SetEnqueueOptions(queue_partition_key=note.lane):
                    await DBOS.enqueue_workflow_async(QUEUE, self._answer_note, note.to_json(), time.time())
            except Exception as error:
                log.error("note not queued yet", job=note.job_id, error=type(error).__name__)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_RETRY)
            else:
                log.info("note queued", job=note.job_id)
                return

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

    async def ids_of(self, lanes: Iterable[str]) -> list[str]:
        """Jobs of these lanes, those in work and those that ended and are still kept."""
        found = await DBOS.list_workflows_async(
            workflow_id_prefix=[f"{lane}:" for lane in lanes], load_input=False, load_output=False
        )
        return [job.workflow_id for job in found]

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


def _prepare_sqlite(url: str) -> None:
    """Write-ahead logging, so that the queue's polls do not wait for its writes; kept in the file."""
    if make_url(url).get_backend_name() != "sqlite":
        return
    engine = create_engine(url, connect_args={"timeout": 5})
    with engine.connect() as connection:
        connection.execute(text("PRAGMA journal_mode=WAL"))
        connection.execute(text("BEGIN IMMEDIATE"))
    engine.dispose()
