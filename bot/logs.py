"""Log lines with fields, to stderr, with the token cut out of whatever reaches them.

Libraries put the URL of a request into their messages, and Telegram's URLs hold the token: so the token
is replaced in the finished line, after every formatter, tracebacks included.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog
from structlog.types import Processor

__all__ = ["set_up_logs"]

REDACTED = "<token>"
QUIET = ("aiosqlite", "alembic", "dbos", "faster_whisper", "httpcore", "httpx", "telegram")
"""Libraries of which only warnings are of use to an operator. Below that, `telegram` quotes every message."""
SILENT = ("telegram.ext.AIORateLimiter", "telegram.request.BaseRequest")
"""One logs each 429, which is waited for; one quotes whatever answer it cannot read."""


class _Redacting(logging.Formatter):
    def __init__(self, formatter: logging.Formatter, secret: str | None) -> None:
        super().__init__()
        self._formatter = formatter
        self._secret = secret

    def format(self, record: logging.LogRecord) -> str:
        line = self._formatter.format(record)
        return line.replace(self._secret, REDACTED) if self._secret else line


def set_up_logs(level: str, form: Literal["text", "json"], secret: str | None) -> None:
    """Send every logger of the process to stderr, one line an event, without `secret`."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting(formatter, secret))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # DBOS adds a console of its own unless it finds one.
    dbos = logging.getLogger("dbos")
    dbos.handlers, dbos.propagate = [handler], False
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        cache_logger_on_first_use=True,
    )
