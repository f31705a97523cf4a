"""The update queue, with the rule that nothing is lost by: an update stays until the bot confirms it.

`getUpdates` confirms with an offset, a webhook with a 2xx answer; anything else is delivered again. Which
kinds are queued is decided when the update happens, by the `allowed_updates` last set, as on the real server.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

Json = dict[str, Any]
T = TypeVar("T")

UPDATE_KINDS = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "managed_bot",
)
ONLY_ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}
DEFAULT_KINDS = frozenset(UPDATE_KINDS) - ONLY_ON_REQUEST


class Signal:
    """Wakes everyone who waits for the world to change."""

    count = 0
    """Changes so far."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        self.count += 1
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, find: Callable[[], T], within: float) -> T:
        """Return the first true answer of `find`, asked at each change; the last one after `within` s."""
        deadline = asyncio.get_running_loop().time() + within
        while not (found := find()):
            remaining = deadline - asyncio.get_running_loop().time()
            if remaining <= 0:
                break
            # Not `wait_for`: until Python 3.12 it forgets a cancellation that comes with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(remaining):
                    await self._event.wait()
        return found


class Terminated(Exception):
    """Another `getUpdates` took over."""


@dataclass
class Webhook:
    url: str
    secret: str | None = None
    max_connections: int = 40
    last_error: str | None = None
    last_error_date: int | None = None


@dataclass
class UpdateQueue:
    changed: Signal
    pending: list[Json] = field(default_factory=list)
    allowed: frozenset[str] = DEFAULT_KINDS
    webhook: Webhook | None = None
    retry_delay: float = 0.1  # seconds; the real server waits longer
    _next_id: int = 500_000_001
    _poller: object | None = None
    _delivery: asyncio.Task[None] | None = None

    def push(self, kind: str, body: Json) -> None:
        if kind not in UPDATE_KINDS:
            raise ValueError(f"no kind of update: {kind}")
        if kind not in self.allowed:
            return
        self.pending.append({"update_id": self._next_id, kind: body})
        self._next_id += 1
        self.changed.notify()

    def allow(self, kinds: Sequence[str] | None) -> None:
        """None keeps the previous choice, an empty list means the default."""
        if kinds is not None:
            self.allowed = frozenset(kinds) & set(UPDATE_KINDS) if kinds else DEFAULT_KINDS

    async def poll(self, offset: int, limit: int, timeout: float) -> list[Json]:  # noqa: ASYNC109 - Telegram's own name
        """Confirm everything older than `offset`, then wait up to `timeout` seconds for at least one update.

        Raises `Terminated` when another poll begins meanwhile.
        """
        me = self._poller = object()
        self.changed.notify()
        if offset < 0:
            self.pending = self.pending[offset:]
        else:
            self.pending = [update for update in self.pending if update["update_id"] >= offset]
        try:
            await self.changed.until(lambda: self.pending or self._poller is not me, timeout)
            if self._poller is not me:
                raise Terminated
            return self.pending[:limit]
        finally:
            if self._poller is me:
                self._poller = None

    async def set_webhook(self, webhook: Webhook | None, *, drop_pending: bool) -> None:
        await self.close()
        self.webhook = webhook
        if drop_pending:
            self.pending.clear()
        if webhook:
            self._delivery = asyncio.create_task(self._deliver(webhook))
        self.changed.notify()

    async def close(self) -> None:
        if self._delivery:
            self._delivery.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._delivery
            self._delivery = None

    async def _deliver(self, webhook: Webhook) -> None:
        """One update after the other, each until it is accepted."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret} if webhook.secret else {}
        async with httpx.AsyncClient(headers=headers, timeout=60, trust_env=False) as http:
            while True:
                await self.changed.until(lambda: self.pending, 3600)
                if not self.pending:
                    continue
                update = self.pending[0]
                error = await _post(http, webhook.url, update)
                if error is None:
                    self.pending.remove(update)
                    self.changed.notify()
                    continue
                webhook.last_error, webhook.last_error_date = error, int(time.time())
                self.changed.notify()
                await asyncio.sleep(self.retry_delay)


async def _post(http: httpx.AsyncClient, url: str, update: Json) -> str | None:
    try:
        answer = await http.post(url, json=update)
    except httpx.HTTPError:
        return "Connection refused"
    if answer.is_success:
        return None
    return f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"
