"""A server that keeps a journal: what goes wrong on purpose, and what the bot does wrong.

Planned failures, flood limits, and every call of the bot.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.emulator.api import ApiError, Files, decode
from bot.emulator.server import Broken, Download, Server
from bot.emulator.world import World

Json = dict[str, Any]
_REASONS = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    500: "Internal Server Error",
    502: "Bad Gateway",
}


@dataclass
class Call:
    """One request of the bot, as it arrived, and how it was answered."""

    method: str
    params: Json
    files: dict[str, bytes]
    at: float  # monotonic seconds
    status: int | None = None  # of the answer; None while under way or when the connection broke
    result: Any = None
    error: str | None = None

    @property
    def chat_id(self) -> int | None:
        chat_id = self.params.get("chat_id")
        return chat_id if isinstance(chat_id, int) else None


@dataclass
class Fault:
    """A failure that waits for its calls. `method`: "file" for downloads, "*" for all but `getUpdates`."""

    method: str
    status: int | None = None  # answer with this error instead of doing the work
    description: str | None = None
    retry_after: int | None = None  # seconds, for a 429
    reset: bool = False  # break the connection, nothing done
    lost: bool = False  # do the work, then break the connection: the bot cannot know
    delay: float = 0.0  # seconds before anything happens
    cut: float | None = None  # a download ends after this fraction of its bytes
    bytes_per_second: float | None = None
    times: int | None = 1  # None: until lifted
    chat_id: int | None = None
    when: Callable[[Call], bool] = lambda _: True
    hits: int = 0

    def lift(self) -> None:
        self.times = self.hits

    def strikes(self, call: Call) -> bool:
        if self.times is not None and self.hits >= self.times:
            return False
        by_name = call.method == self.method or (
            self.method == "*" and call.method not in ("getUpdates", "file")
        )
        by_chat = self.chat_id is None or self.chat_id == call.chat_id
        return by_name and by_chat and self.when(call)


NO_FAULT = Fault("", times=0)


@dataclass(frozen=True)
class Limit:
    count: int
    seconds: float


@dataclass
class FloodLimits:
    """Telegram's documented limits. Breaches are noted; with `enforce` they are answered with a 429."""

    enforce: bool = False
    per_chat: Limit = Limit(1, 1.0)
    per_group: Limit = Limit(20, 60.0)
    overall: Limit = Limit(30, 1.0)
    violations: list[str] = field(default_factory=list)
    _sent: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def check(self, call: Call) -> int | None:
        """Count a send or an edit; return the seconds to wait if it is refused as one too many."""
        if not call.method.startswith(("send", "edit", "forward", "copy")) or call.method == "sendChatAction":
            return None
        limits = {"overall": self.overall}
        if call.chat_id is not None:
            limits[f"chat {call.chat_id}"] = self.per_chat
            if call.chat_id < 0:
                limits[f"group {call.chat_id}"] = self.per_group
        wait = 0.0
        for name, limit in limits.items():
            sent = self._sent[name]
            while sent and sent[0] <= call.at - limit.seconds:
                sent.popleft()
            if len(sent) >= limit.count:
                self.violations.append(
                    f"{call.method}: more than {limit.count} in {limit.seconds:g} s, {name}"
                )
                wait = max(wait, sent[0] + limit.seconds - call.at)
        if wait and self.enforce:
            return int(wait) + 1
        for name in limits:
            self._sent[name].append(call.at)
        return None


class FaultyServer(Server):
    """`calls` is the journal, oldest first; `faults` are planned, `flood` counts."""

    def __init__(self, world: World, token: str, *, local_files: str | None = None) -> None:
        super().__init__(world, token, local_files=local_files)
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.flood = FloodLimits()

    async def answer(self, method: str, params: Json, files: Files) -> Any:
        uploads = {name: data for name, (_, data) in files.items()}
        call = Call(method, _decoded_or_raw(params), uploads, time.monotonic())
        fault = self._record(call)
        await asyncio.sleep(fault.delay)
        if fault.reset:
            raise Broken
        try:
            self._refuse(call, fault)
            call.result = await super().answer(method, params, files)
            if fault.lost:
                raise Broken
            call.status = 200
        except ApiError as error:
            call.status, call.error = error.status, error.description
            raise
        finally:
            self.world.changed.notify()
        return call.result

    async def file(self, path: str) -> Download:
        call = Call("file", {"path": path}, {}, time.monotonic())
        fault = self._record(call)
        await asyncio.sleep(fault.delay)
        try:
            self._refuse(call, fault)
            download = await super().file(path)
        except ApiError as error:
            call.status, call.error = error.status, error.description
            self.world.changed.notify()
            raise
        if fault.reset:
            raise Broken
        return Download(download.size, self._spoiled(download, call, fault))

    async def _spoiled(self, download: Download, call: Call, fault: Fault) -> AsyncIterator[bytes]:
        left = download.size if fault.cut is None else int(download.size * fault.cut)
        async for chunk in download.chunks:
            yield chunk[:left]
            left -= len(chunk)
            if left < 0:
                self.world.changed.notify()
                raise Broken
            if fault.bytes_per_second:
                await asyncio.sleep(len(chunk) / fault.bytes_per_second)
        call.status = 200
        self.world.changed.notify()

    def _record(self, call: Call) -> Fault:
        self.calls.append(call)
        self.world.changed.notify()
        fault = next((fault for fault in self.faults if fault.strikes(call)), NO_FAULT)
        if fault is not NO_FAULT:
            fault.hits += 1
        return fault

    def _refuse(self, call: Call, fault: Fault) -> None:
        """Raise the planned failure, or the one that the flood limits ask for."""
        if fault.retry_after is not None or fault.status == 429:
            raise _flood(fault.retry_after or 1)
        if fault.status:
            raise ApiError(
                fault.status, fault.description or _REASONS.get(fault.status, "Internal Server Error")
            )
        if wait := self.flood.check(call):
            raise _flood(wait)


def _decoded_or_raw(params: Json) -> Json:
    try:
        return decode(params)
    except ApiError:
        return dict(params)


def _flood(seconds: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
