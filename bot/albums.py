"""Files sent together arrive as so many messages; one sound, or one hint, is enough for all of them."""

from __future__ import annotations

from collections import deque

__all__ = ["Albums"]

REMEMBERED = 1000


class Albums:
    """Which albums were answered lately."""

    def __init__(self) -> None:
        self._answered: deque[tuple[int, str]] = deque(maxlen=REMEMBERED)

    def is_first(self, chat_id: int, album: str | None) -> bool:
        """Whether nothing of this album was answered before; always so for what is in none."""
        if album is None:
            return True
        if (chat_id, album) in self._answered:
            return False
        self._answered.append((chat_id, album))
        return True
