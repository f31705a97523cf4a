"""A note as a trace: one span from the queue to its end, in it one for each stage that `bot.metrics` times.

Off unless the operator names a collector, and nothing of OpenTelemetry is imported then. A span says which
job, which stage, how long and how it ended; like a log line, it holds nothing said, nor an error's text.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from bot.settings import ConfigurationError
from models.verdict import Seconds

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

__all__ = ["ended", "span_of_note", "span_of_stage", "traces_sent"]

COLLECTOR_SECONDS = 5
"""How long the collector may take; at the end of the process, too."""

_tracer: Tracer | None = None
"""Of the process, as OpenTelemetry has it: stages are timed where nothing is known of settings."""


@contextmanager
def traces_sent(url: str | None) -> Iterator[None]:
    """Hold this while the bot runs. Spans go to `url` (OTLP over HTTP), in the background; None: nowhere.

    Raises:
        ConfigurationError: the extra `traces` is not installed.
    """
    global _tracer
    if url is None:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise ConfigurationError("FOREWARN_TRACES_URL needs the extra `traces`") from None
    about = Resource.create({"service.name": "forewarn", "service.version": version("forewarn")})
    provider = TracerProvider(resource=about, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(url, timeout=COLLECTOR_SECONDS)))
    _tracer = provider.get_tracer("forewarn")
    try:
        yield
    finally:
        _tracer = None
        provider.shutdown()


@contextmanager
def span_of_note(job_id: str, began: Seconds) -> Iterator[None]:
    """All that is done for a note meanwhile is in its trace. `began`: Unix time."""
    if _tracer is None:
        yield
        return
    with _tracer.start_as_current_span(
        "note",
        start_time=_nanoseconds(began),
        attributes={"job": job_id},
        record_exception=False,
        set_status_on_exception=False,
    ):
        yield


def span_of_stage(stage: str, seconds: Seconds) -> None:
    """What is being done for a note has just been through this stage."""
    if _tracer is not None:
        now = time.time()
        _tracer.start_span(stage, start_time=_nanoseconds(now - seconds)).end(_nanoseconds(now))


def ended(outcome: str) -> None:
    """How the note ended whose span this is within."""
    if _tracer is not None:
        from opentelemetry.trace import get_current_span

        get_current_span().set_attribute("outcome", outcome)


def _nanoseconds(moment: Seconds) -> int:
    return int(moment * 1e9)
