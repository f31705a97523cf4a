"""What one process does besides its notes."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace

import pytest
from telegram.error import RetryAfter, TimedOut

from bot import app


async def nothing():
    return None


@pytest.mark.parametrize(("role", "published"), [("all", {"commands": 2, "descriptions": 3}), ("worker", {})])
async def test_the_profile_is_published_until_telegram_took_it_and_no_more(monkeypatch, role, published):
    calls, over = Counter(), asyncio.Event()

    async def publish_commands(*_):
        calls["commands"] += 1
        if calls["commands"] < 2:
            raise TimedOut

    async def publish_descriptions(*_):
        calls["descriptions"] += 1
        if calls["descriptions"] < 3:
            raise RetryAfter(3600)

    async def get_me():
        calls["rounds"] += 1
        if calls["rounds"] == 5:
            over.set()

    monkeypatch.setattr(app, "publish_commands", publish_commands)
    monkeypatch.setattr(app, "publish_descriptions", publish_descriptions)
    monkeypatch.setattr(app, "UPKEEP_SECONDS", 0)
    monkeypatch.setattr(app, "keep_for_good", lambda: None)
    upkeep = asyncio.create_task(
        app._upkeep(
            SimpleNamespace(bot=SimpleNamespace(get_me=get_me)),
            SimpleNamespace(warm_up=nothing),
            None,
            None,
            SimpleNamespace(leads=False),
            SimpleNamespace(owners=()),
            role,
        )
    )
    await over.wait()
    upkeep.cancel()
    assert calls == published | {"rounds": 5}
