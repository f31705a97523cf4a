"""The bot, as its own process, in a Telegram of its own, for a whole module of conversations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import create_engine

from bot.store import Store
from bot.store.tables import metadata
from tests.postgres import Postgres
from tests.telegram import BotProcess, Room, TelegramEmulator, User

OFFLINE = {"FOREWARN_ENGINE": "whisper", "FOREWARN_LOG_LEVEL": "DEBUG"}
"""The packaged engine, for no model hub can be reached here; and every line that could be logged."""


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database for `Store.open`, of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'forewarn.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return f"postgresql+psycopg://postgres@127.0.0.1:{postgres.port}/postgres"


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(store_url)
    yield opened
    await opened.close()
    again = create_engine(store_url.replace("+aiosqlite", ""))
    with again.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
    again.dispose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tg() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator() as telegram:
        yield telegram


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(tg: TelegramEmulator, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BotProcess]:
    async with BotProcess(tg, tmp_path_factory.mktemp("data"), env=OFFLINE) as process:
        await process.wait_ready()
        yield process


@pytest.fixture
def anna(tg: TelegramEmulator) -> User:
    return tg.user("Anna", language_code="en")


@pytest.fixture
def olga(tg: TelegramEmulator) -> User:
    return tg.user("Ольга", language_code="ru")


@pytest.fixture
def max_(tg: TelegramEmulator) -> User:
    return tg.user("Max", language_code="en")


@pytest.fixture
def family(tg: TelegramEmulator, bot: BotProcess, anna: User, max_: User) -> Room:
    """A group in which the bot is an admin, so that it sees every note. Anna owns it."""
    group = tg.group("Family", members=[max_], admins=[anna])
    group.add_bot(by=anna, admin=True)
    return group
