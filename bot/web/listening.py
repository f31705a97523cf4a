"""What happens to a note that came over HTTP: counted, listened to, and told of while that goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Literal, get_args

from models.analyzer import Analyzer
from models.verdict import Seconds, Verdict

__all__ = ["STAGES", "Guests", "Stage", "StageName", "listen"]

StageName = Literal["decode", "transcribe", "judge"]
STAGES: tuple[StageName, ...] = get_args(StageName)


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a note is. A note that waits for its turn is still at its first stage."""

    name: StageName
    share: float = 0.0
    """How much of this stage is done, 0..1."""


async def listen(analyzer: Analyzer, data: bytes) -> AsyncGenerator[Stage | Verdict, None]:
    """The stages of a note as it gets to them, and its verdict last. Closing it gives the note up.

    Raises:
        UnusableNote: there is nothing in it to judge.
    """
    reached: asyncio.Queue[Stage | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def heard(done: Seconds, duration: Seconds) -> None:
        share = done / duration if duration else 0.0
        stage = Stage("judge") if share >= 1 else Stage("transcribe", share)
        loop.call_soon_threadsafe(reached.put_nowait, stage)

    last = Stage("decode")
    listening = asyncio.create_task(analyzer.listen(data, heard=heard))
    listening.add_done_callback(lambda _: reached.put_nowait(None))
    try:
        yield last
        while stage := await reached.get():
            # Two tries of an engine never show a step back.
            if (STAGES.index(stage.name), stage.share) > (STAGES.index(last.name), last.share):
                last = stage
                yield stage
        yield listening.result()
    finally:
        listening.cancel()


class Guests:
    """Counts the notes of each client against the operator's limit for a person. In memory alone."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._hour = datetime.min.replace(tzinfo=UTC)
        self._notes: dict[str, int] = {}

    def refusal(self, client: str) -> int | None:
        """Count a note; or minutes until the next one is taken, where the limit was reached before it."""
        now = datetime.now(UTC)
        hour = now.replace(minute=0, second=0, microsecond=0)
        if hour != self._hour:
            self._hour, self._notes = hour, {}
        client = _household(client)
        if self._most and self._notes.get(client, 0) >= self._most:
            return 60 - now.minute
        self._notes[client] = self._notes.get(client, 0) + 1
        return None


def _household(client: str) -> str:
    """Whoever has one IPv6 address has 2^64 of them."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    return str(ip_network((address, 64), strict=False)) if address.version == 6 else client
