"""How everything here is timed: by turns, medians, wall time."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Options", "Row", "compare", "median"]

Row = dict[str, Any]

_REST = 0.3
"""Seconds between runs: the threads of a runtime spin for a while after their work, in the other's way."""


@dataclass(frozen=True, slots=True)
class Options:
    threads: int
    runs: int
    folder: Path
    """Where rows leave what other rows need too: a network, its conversion, notes."""


def compare(ours: Callable[[], object], reference: Callable[[], object], runs: int) -> Row:
    """Wall time of both; `ratio` is how many times faster ours is."""
    fast, slow = _by_turns([ours, reference], runs)
    return {"ours": round(fast, 4), "reference": round(slow, 4), "ratio": round(slow / fast, 2)}


def median(ours: Callable[[], object], runs: int) -> float:
    """Wall time in seconds."""
    return _by_turns([ours], runs)[0]


def _by_turns(contenders: list[Callable[[], object]], runs: int) -> list[float]:
    """The median of each, after one run of each to warm up."""
    times: list[list[float]] = [[] for _ in contenders]
    for number in range(runs + 1):
        print(f"run {number} of {runs}", file=sys.stderr)
        for contender, taken in zip(contenders, times, strict=True):
            time.sleep(_REST)
            started = time.perf_counter()
            contender()
            if number:
                taken.append(time.perf_counter() - started)
    return [statistics.median(taken) for taken in times]
