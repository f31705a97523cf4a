"""Fixtures that the whole suite shares."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import hypothesis
import pytest

from tests.postgres import Postgres
from tests.telegram import TelegramEmulator

hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of the tests' own."""
    with Postgres() as server:
        yield server


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramEmulator]:
    """A Telegram of its own for one test; start the bot against `telegram.url` with `telegram.token`."""
    async with TelegramEmulator() as tg:
        yield tg


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The fast tests first: what is plainly broken shows within seconds."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)
