"""The processes that work on one queue, on however many machines: who lives, who leads, who is gone for good.

Each signs itself into a table and gives a sign of life every few seconds. A job whose process gave none for
`LEASE` is taken over by another. Who was cut off from the database itself judges nobody until it has been
back for as long: after an outage of the database all seem gone. And who comes back late, from a suspended
machine, finds out before it says anything whether its jobs are still its own.

With SQLite there is one process, which leads, and is alone.
"""

from __future__ import annotations

import asyncio
import math
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from uuid import uuid4

import structlog
from dbos import DBOS
from sqlalchemy.exc import SQLAlchemyError

from bot.store import Member, Store, StoreError
from models.verdict import Seconds

__all__ = ["Fleet", "Living"]

log = structlog.get_logger(__name__)

BEAT: Seconds = 3.0
LEASE: Seconds = 15.0
"""Silence after which a process counts as gone: a takeover takes about as long and two beats."""
REMEMBERED: Seconds = 3600.0
Living = Callable[[], Awaitable[frozenset[str] | None]]
"""Asks for the ids of all processes that live; None if that cannot be judged now."""
ALONE = "local"
"""DBOS's own name for the one process there is."""


class Fleet:
    """This process among the others."""

    def __init__(self, store: Store, *, works: bool) -> None:
        """`works`: whether this process answers notes."""
        self._members = store.members
        name = ALONE if self._members is None else f"{socket.gethostname()[:64]}-{uuid4().hex[:12]}"
        self._me = Member(name, works)
        self.leads = self._members is None
        """Whether this process does what one of all has to do."""
        self.workers = 1
        """Processes that answer notes."""
        self._beaten_at = self._steady_since = -math.inf

    @property
    def id(self) -> str:
        return self._me.id

    @property
    def is_alone(self) -> bool:
        return self._members is None

    @asynccontextmanager
    async def signed_in(self) -> AsyncIterator[None]:
        """Hold this from before the first job to after the last. What is left then is others' at once.

        Raises:
            StoreError: the database cannot be used.
        """
        if self._members is None:
            yield
            return
        try:
            await self._beat()
        except SQLAlchemyError as error:
            raise StoreError(f"the database cannot be used: {getattr(error, 'orig', error)}") from None
        try:
            yield
        finally:
            with suppress(SQLAlchemyError):
                await self._members.leave(self._me)

    async def beat_forever(self) -> None:
        """Give signs of life, and see who else does."""
        while True:
            await asyncio.sleep(BEAT)
            try:
                await self._beat()
            except SQLAlchemyError as error:
                log.warning("no sign of life", error=type(error).__name__)

    async def mend_forever(self, mend: Callable[[Living], Awaitable[None]]) -> None:
        """Look after jobs that nobody is at: see `Jobs.mend`."""
        while True:
            await asyncio.sleep(BEAT)
            try:
                await mend(self.living)
            except SQLAlchemyError as error:
                log.warning("jobs not looked after", error=type(error).__name__)

    async def holds(self, job_id: str) -> bool:
        """Whether a job in work here is still this process's; asked before it says anything.

        Waits until the database answers.
        """
        if self._members is None:
            return True
        # Not as a step of the job, which DBOS would keep, and answer from at the job's next run.
        found = await asyncio.create_task(DBOS.get_workflow_status_async(job_id), context=Context())
        return found is not None and found.executor_id == self.id and found.status == "PENDING"

    async def living(self) -> frozenset[str] | None:
        """The ids of all that live now, asked anew; None if this process cannot judge that."""
        if self._members is None:
            return None
        seen = frozenset(member.id for member in await self._members.living(LEASE))
        now = _now()
        is_steady = now - self._steady_since > LEASE and now - self._beaten_at < LEASE
        return seen if is_steady else None

    async def _beat(self) -> None:
        if self._members is None:
            return
        began = _now()
        known = await self._members.beat(self._me)
        if not known or began - self._beaten_at > LEASE:
            self._steady_since = began
        self._beaten_at = began
        living = await self._members.living(LEASE)
        self.leads = living[:1] == [self._me]
        self.workers = max(1, sum(member.works for member in living))
        if self.leads:
            await self._members.forget(REMEMBERED)


def _now() -> Seconds:
    """A clock that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
