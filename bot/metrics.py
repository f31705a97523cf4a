"""What the process counts of its own work.

Prometheus's own way: things that only grow stand here by name, once a process, whether anybody looks or not;
`bot.health` shows them. A label is one of a few words of this code, never anything of a chat or a person.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

import structlog
from prometheus_client import Counter, Gauge, Histogram, Info, disable_created_metrics

from bot.traces import span_of_stage
from models.verdict import Seconds

__all__ = [
    "BUILD",
    "LAST_POLL",
    "NOTES",
    "QUEUE_NOTES",
    "QUEUE_OLDEST",
    "RETRIES",
    "UPDATES",
    "Stage",
    "measured",
    "took",
]

log = structlog.get_logger(__name__)
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Call = Callable[Arguments, Coroutine[Any, Any, Result]]

disable_created_metrics()  # type: ignore[no-untyped-call]  # one more line for each, which nobody reads

Stage = Literal["queue", "fetch", "listen", "send", "whole"]
"""Of a note: until its job begins; its download; decoding, its turn at the models and their work; one answer
until Telegram has it, the chat's second of rest included; from the queue to the answer."""
BUCKETS: tuple[Seconds, ...] = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600)

BUILD = Info("forewarn_build", "What runs: `version`, and the `engine` that writes speech down.")
NOTES = Counter("forewarn_notes", "Notes that ended, by how.", ["outcome"])
STAGES = Histogram(
    "forewarn_stage_seconds", "How long notes took, stage by stage.", ["stage"], buckets=BUCKETS
)
RETRIES = Counter("forewarn_retries", "Calls to Telegram made again: refused (429) or failed.", ["kind"])
UPDATES = Counter("forewarn_updates", "Updates that Telegram handed over.")
LAST_POLL = Gauge(
    "forewarn_last_poll_timestamp_seconds",
    "When Telegram last answered whether there are updates; 0: not asked.",
)
QUEUE_NOTES = Gauge(
    "forewarn_queue_notes", "Notes whose jobs have not ended; of a very long queue, its head."
)
QUEUE_OLDEST = Gauge("forewarn_queue_oldest_seconds", "How long the oldest of them has been there.")


def took(stage: Stage, seconds: Seconds) -> None:
    """A note has been through this stage."""
    seconds = max(0.0, seconds)  # the clocks of two machines differ
    STAGES.labels(stage).observe(seconds)
    if stage != "whole":
        span_of_stage(stage, seconds)
    log.debug("stage done", stage=stage, seconds=round(seconds, 3))


def measured(stage: Stage) -> Callable[[Call[Arguments, Result]], Call[Arguments, Result]]:
    """Measure what a call takes. One that fails is not measured: it says more of patience than of work."""

    def decorate(call: Call[Arguments, Result]) -> Call[Arguments, Result]:
        @wraps(call)
        async def timed(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            began = time.monotonic()
            result = await call(*args, **kwargs)
            took(stage, time.monotonic() - began)
            return result

        return timed

    return decorate
