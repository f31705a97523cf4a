"""The process seen from outside: `/metrics`, `/healthz` and `/readyz`, where the operator wants them.

Served by tornado, which python-telegram-bot brings for webhooks, on the loop that does the work: whoever gets
an answer knows that the loop turns. It is open before the models are loaded, which may take minutes.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from telegram.request import HTTPXRequest
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from bot.answer import Outcome
from bot.hearing import Ear
from bot.jobs import Jobs
from bot.metrics import BUILD, LAST_POLL, NOTES, QUEUE_NOTES, QUEUE_OLDEST, RETRIES
from bot.settings import ConfigurationError
from bot.store import Store
from bot.updates import readable
from models.analyzer import Analyzer
from models.verdict import Seconds

__all__ = ["Polls", "Window"]

STUCK: Seconds = 1800.0
"""A listener that is silent for so long will not come back. A piece of work takes seconds, but a language's
model may have to be fetched first."""
DEAF_FROM = 3
"""Polls that fail one after the other; one may."""
PATIENCE: Seconds = 3.0
"""For the database. Whoever asks waits for no more than a few seconds either."""


class Polls(HTTPXRequest):
    """The line to Telegram on which updates are asked for; it remembers how that went."""

    since_good = 0
    """Polls since the last good one, that under way included."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        self.since_good += 1
        status, body = await super().do_request(*args, **kwargs)
        if status == 200:
            self.since_good = 0
            LAST_POLL.set_to_current_time()
        return status, body

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        answer: dict[str, Any] = HTTPXRequest.parse_json_payload(payload)
        if isinstance(answer.get("result"), list):
            answer["result"] = readable(answer["result"])
        return answer


@dataclass(frozen=True, slots=True)
class _Parts:
    store: Store
    jobs: Jobs
    ear: Ear


class Window:
    """What can be told of the process at any moment of its life."""

    def __init__(self, polls: Polls) -> None:
        self._polls = polls
        self._parts: _Parts | None = None

    @contextmanager
    def showing(self, store: Store, jobs: Jobs, ear: Ear, analyzer: Analyzer) -> Iterator[None]:
        """Hold this while notes are taken."""
        BUILD.info({"version": version("forewarn"), "engine": analyzer.engine})
        for outcome in Outcome:
            NOTES.labels(outcome.value)  # a counter that appears with its first failure hides that failure
        for kind in ("429", "network"):
            RETRIES.labels(kind)
        work = _Work(analyzer)
        REGISTRY.register(work)
        self._parts = _Parts(store, jobs, ear)
        try:
            yield
        finally:
            self._parts = None
            REGISTRY.unregister(work)

    def is_stuck(self) -> bool:
        """Whether only a restart can help."""
        return self._parts is not None and self._parts.ear.silent_for() > STUCK

    async def trouble(self) -> str | None:
        """Why notes are not answered now, in one line; None where they are."""
        if self._parts is None:
            return "starting, or stopping"
        try:
            async with asyncio.timeout(PATIENCE):
                await self._parts.store.check()
                await self._parts.jobs.line()
        except (SQLAlchemyError, OSError) as error:  # a TimeoutError is an OSError
            return f"the database cannot be used ({type(error).__name__})"
        if self._polls.since_good > DEAF_FROM:
            return "Telegram does not answer whether there are updates"
        return None

    async def metrics(self) -> bytes:
        """All that is counted, in Prometheus's text format."""
        notes = oldest = math.nan
        if self._parts is not None:
            try:
                async with asyncio.timeout(PATIENCE):
                    line = await self._parts.jobs.line()
            except (SQLAlchemyError, OSError):
                pass
            else:
                now = time.time()
                notes = len(line)
                oldest = max((now - queued.queued_at for queued in line), default=0.0)
        QUEUE_NOTES.set(notes)
        QUEUE_OLDEST.set(oldest)
        return generate_latest()

    @asynccontextmanager
    async def open(self, address: tuple[str, int] | None) -> AsyncIterator[None]:
        """Serve there, or nowhere.

        Raises:
            ConfigurationError: nothing can be served there.
        """
        if address is None:
            yield
            return
        host, port = address
        pages = [("/metrics", _Metrics), ("/healthz", _Healthz), ("/readyz", _Readyz)]
        server = HTTPServer(
            Application([(path, page, {"window": self}) for path, page in pages], log_function=lambda _: None)
        )
        try:
            server.listen(port, host)
        except OSError as error:
            reason = error.strerror or error
            raise ConfigurationError(f"FOREWARN_METRICS_LISTEN: {host}:{port}: {reason}.") from None
        try:
            yield
        finally:
            server.stop()
            await server.close_all_connections()


class _Work(Collector):
    """What the models did. The analyzer counts it, in its own threads."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer

    def collect(self) -> Iterator[CounterMetricFamily]:
        done = self._analyzer.done
        yield CounterMetricFamily(
            "forewarn_heard_seconds", "Sound that the models heard to its end.", value=done.sound
        )
        yield CounterMetricFamily(
            "forewarn_work_seconds", "How long they worked at it, waits apart.", value=done.work
        )


class _Page(RequestHandler):
    def initialize(self, window: Window) -> None:
        self.window = window

    def say(self, trouble: str | None) -> None:
        """200, or 503 with one line of why."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_status(200 if trouble is None else 503)
        self.finish(f"{trouble or 'ok'}\n")


class _Metrics(_Page):
    async def get(self) -> None:
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(await self.window.metrics())


class _Healthz(_Page):
    def get(self) -> None:
        self.say("the listener is stuck" if self.window.is_stuck() else None)


class _Readyz(_Page):
    async def get(self) -> None:
        self.say(await self.window.trouble())
