"""How the process takes memory from the machine, and looks for what it no longer needs."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from typing import Any

__all__ = ["bound_heaps", "bound_page_cache", "keep_for_good"]

M_ARENA_MAX = -8
"""From glibc's malloc.h."""
HEAPS = 2
PAGE_CACHE_KIB = 256


def bound_heaps() -> None:
    """Let threads share heaps. Before the first of them; without glibc it does nothing.

    Else each has one of its own, up to eight a core, where what is freed is of no use to another: under
    10,000 updates the bot grew by a quarter. (Giving large blocks back at once would save a quarter more, and
    cost Whisper half of its speed.)
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, HEAPS)


def bound_page_cache(connection: Any, _: object) -> None:
    """For SQLAlchemy's `connect` event: a connection to SQLite keeps no more pages than this to itself.

    Two megabytes are usual, and there are some twenty connections to two databases. The machine keeps the
    files' pages anyway, once for all.
    """
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA cache_size=-{PAGE_CACHE_KIB}")
    cursor.close()


def keep_for_good() -> None:
    """All that there is now stays: modules, models. The collector would walk through it every dozen seconds,
    and nothing else would go on meanwhile."""
    gc.freeze()
