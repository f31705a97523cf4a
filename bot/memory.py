"""How the process takes memory from the machine, and looks for what it no longer needs."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

__all__ = ["bound_heaps", "keep_for_good"]

M_ARENA_MAX = -8
"""From glibc's malloc.h."""
HEAPS = 2


def bound_heaps() -> None:
    """Let threads share heaps. Before the first of them; without glibc it does nothing.

    Else each has one of its own, up to eight a core, where what is freed is of no use to another: under
    10,000 updates the bot grew by a quarter. (Giving large blocks back at once would save a quarter more, and
    cost Whisper half of its speed.)
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, HEAPS)


def keep_for_good() -> None:
    """All that there is now stays: modules, models. The collector would walk through it every dozen seconds,
    and nothing else would go on meanwhile."""
    gc.freeze()
