"""Who computes next: one note at a time, for each uses all the cores, and long ones let short ones by.

A note is due as many seconds after its arrival as it lasts. Between two pieces of a note, the note that is
due first goes on: three seconds of speech pass ten minutes of it, and a flood of short notes cannot keep the
long one waiting for ever.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Condition
from typing import Protocol

from models.verdict import Seconds

__all__ = ["Pause", "Stopped", "Turns", "Wanted"]

Wanted = Callable[[], bool]
"""Says whether somebody still waits for the work."""


class Stopped(Exception):
    """The work was given up."""


class Pause(Protocol):
    """Called where work may be interrupted: returns when it may go on."""

    def __call__(self, heard: Seconds = 0.0, /) -> None:
        """`heard`: how much of the note is done.

        Raises:
            Stopped: nobody waits for the result any more.
        """
        ...


class Turns:
    """Hands out the one turn there is. Thread-safe; blocks, so call it from worker threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting: list[tuple[Seconds, int]] = []
        self._number = count()
        self._taken = False
        self._stopped = False

    @contextmanager
    def turn(self, due: Seconds, wanted: Wanted = lambda: True) -> Iterator[Pause]:
        """Wait for the turn and hold it; gives what to call between two pieces of work.

        `due` is a moment of any clock that all share; `wanted` says whether somebody still waits: call
        `look_again` when nobody does any more.

        Raises:
            Stopped: before or, by the pause, after the turn came.
        """
        self._take(due, wanted)
        has_it = True

        def pause(heard: Seconds = 0.0, /) -> None:  # noqa: ARG001 - how far the work is changes no turn
            nonlocal has_it
            if not wanted():
                raise Stopped
            if self._is_wanted_before(due):
                has_it = False
                self._give()
                self._take(due, wanted)
                has_it = True

        try:
            pause()
            yield pause
        finally:
            if has_it:
                self._give()

    def look_again(self) -> None:
        """Somebody gave up waiting: a note that waits for its turn for nobody need not go on doing so."""
        with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        """Nobody gets a turn any more; those who hold one lose it at their next pause."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _is_wanted_before(self, due: Seconds) -> bool:
        with self._changed:
            return self._stopped or bool(self._waiting and self._waiting[0][0] < due)

    def _take(self, due: Seconds, wanted: Wanted) -> None:
        def is_over() -> bool:
            return self._stopped or not wanted()

        with self._changed:
            me = (due, next(self._number))
            heapq.heappush(self._waiting, me)
            self._changed.wait_for(lambda: is_over() or (not self._taken and self._waiting[0] == me))
            self._waiting.remove(me)
            heapq.heapify(self._waiting)
            if is_over():
                self._changed.notify_all()  # another one may be the first now
                raise Stopped
            self._taken = True

    def _give(self) -> None:
        with self._changed:
            self._taken = False
            self._changed.notify_all()
