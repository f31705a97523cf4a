"""Log lines with fields, to stderr, with the token cut out of whatever reaches them.

Libraries put the URL of a request into their messages, and Telegram's URLs hold the token: so the token
is replaced in the finished line, after every formatter, tracebacks included. What Python itself would print
to stderr (an error that ends the process or a thread, a warning, a log call that cannot be formatted) goes
the same way.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import Literal

import structlog
from structlog.types import Processor

__all__ = ["set_up_logs", "where"]

REDACTED = "<token>"
QUIET = ("aiosqlite", "alembic", "dbos", "faster_whisper", "httpcore", "httpx", "telegram")
"""Libraries of which only warnings are of use to an operator. Below that, `telegram` quotes every message."""
SILENT = (
    "telegram.Bot",
    "telegram.ext.AIORateLimiter",
    "telegram.ext.Updater",
    "telegram.request.BaseRequest",
)
"""One logs each 429, which is waited for; the others quote whatever update or answer they cannot read."""
ANY_TOKEN = r"\d{5,}(?::|%3A)[\w-]{30,}"  # noqa: S105 - how they look
"""What looks like a bot's token, be it this bot's or one that was put in the wrong place."""


class _Redacting(logging.Formatter):
    def __init__(self, formatter: logging.Formatter, secret: str | None) -> None:
        super().__init__()
        self._formatter = formatter
        # Its second half alone opens the door too: the first is the bot's number, which everybody knows.
        number, _, key = (secret or "").partition(":")
        own = rf"(?:{re.escape(number)}(?::|%3A))?{re.escape(key)}|" if key else ""
        self._token = re.compile(own + ANY_TOKEN, re.IGNORECASE)

    def format(self, record: logging.LogRecord) -> str:
        try:
            line = self._formatter.format(record)
        except Exception as error:  # a wrong log call; logging itself would print its arguments as they are
            line = f"not logged: {type(error).__name__} at {record.pathname}:{record.lineno}"
        return self._token.sub(REDACTED, line)


def where(error: BaseException | None) -> str:
    """The places an error went through, the last one first; without its message, which may quote people."""
    frames = traceback.extract_tb(error.__traceback__)[::-1] if error else []
    frames = [frame for i, frame in enumerate(frames) if not i or "site-packages" not in frame.filename]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)


def set_up_logs(level: str, form: Literal["text", "json"], secret: str | None) -> None:
    """Send every logger of the process to stderr, one line an event, without `secret`."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderers: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if form == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting(formatter, secret))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    logging.captureWarnings(True)
    sys.excepthook = _log_the_end
    threading.excepthook = lambda end: _log_the_end(end.exc_type, end.exc_value, end.exc_traceback)
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


def _log_the_end(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """What nobody caught; Ctrl-C is no error."""
    if error is not None and not issubclass(kind, KeyboardInterrupt):
        logging.getLogger(__name__).critical("ended by an error", exc_info=(kind, error, trace))
