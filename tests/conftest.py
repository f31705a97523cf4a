"""Fixtures that the whole suite shares."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.telegram import TelegramEmulator


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramEmulator]:
    """A Telegram of its own for one test; start the bot against `telegram.url` with `telegram.token`."""
    async with TelegramEmulator() as tg:
        yield tg
