"""Backups of a bot at work, upgrades from every older version, and the way back."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine

from bot.store import Store, StoreError
from bot.store.store import MIGRATIONS
from tests.bot.conftest import OFFLINE
from tests.bot.conversation import choose, sample
from tests.bot.test_start_up import run
from tests.telegram import BotProcess

HEARD = 30.0
REVISIONS = [one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
NEWEST = REVISIONS[-1]


async def forewarn(tmp_path, data, *arguments):
    """Run a command; returns its exit code, and what it said."""
    code, out, complaint = await run(
        tmp_path, (sys.executable, "-m", "bot", *map(str, arguments)), FOREWARN_DATA_DIR=str(data)
    )
    assert "Traceback" not in complaint
    return code, out + complaint


@pytest.mark.slow
async def test_a_backup_of_a_bot_at_work_can_be_started_from(telegram, tmp_path):
    anna = telegram.user("Anna", language_code="en")
    chat = telegram.private(anna)
    data, copy = tmp_path / "data", tmp_path / "copy"
    async with BotProcess(telegram, data, env=OFFLINE) as bot:
        await bot.wait_ready()
        await choose(chat, anna, "Style: brief")
        first = await chat.voice(anna, sample("positive")).reply(within=HEARD)
        hold = telegram.fail("getFile", status=502, times=None)
        waiting = chat.voice(anna, sample("negative"))
        await telegram.until(lambda: hold.hits, HEARD, "the note to be fetched")
        for _ in range(2):  # the second takes the place of the first
            code, said = await forewarn(tmp_path, data, "backup", copy)
            assert code == 0, said
        await bot.kill9()
    assert {one.name for one in copy.iterdir()} == {"forewarn.db", "jobs.db"}
    assert {one.stat().st_mode & 0o777 for one in copy.iterdir()} == {0o600}
    hold.lift()
    shutil.rmtree(data)
    async with BotProcess(telegram, copy, env=OFFLINE) as bot:
        await bot.wait_ready()
        answer = await waiting.reply(within=HEARD)
        assert "negative" in answer.text
        assert len(answer.text.splitlines()) == len(first.text.splitlines()) == 1  # brief, as chosen before


async def test_no_backup_is_one_clear_line(tmp_path):
    code, said = await forewarn(tmp_path, tmp_path / "nothing", "backup", tmp_path / "copy")
    assert code == 1
    assert said.startswith("forewarn: no backup: ")
    assert not [one for one in (tmp_path / "copy").iterdir() if one.suffix == ".db"]


def at(revision: str, connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def rows(connection: Connection) -> dict[str, list[dict[str, object]]]:
    tables = MetaData()
    tables.reflect(connection)
    return {
        table.name: [dict(row) for row in connection.execute(table.select()).mappings()]
        for table in tables.sorted_tables
        if table.name != "alembic_version"
    }


def fill(connection: Connection) -> None:
    """Two rows in every table, whatever its columns."""
    tables = MetaData()
    tables.reflect(connection)
    for table in tables.sorted_tables:
        if table.name == "alembic_version":
            continue
        for number in (1, 2):
            made = {column.name: value(column.type.python_type, number) for column in table.columns}
            connection.execute(table.insert().values(made))


def value(kind: type, number: int) -> object:
    if kind is datetime:
        return datetime(2026, 1, number, tzinfo=UTC)
    return {"a": [number]} if kind in (dict, object) else kind(number)  # JSON, which has no type of Python's


def kept(before: dict, after: dict) -> bool:
    """Whether all that was there is there, whatever came."""
    return all(
        [{name: row[name] for name in old} for old, row in zip(before[table], after[table], strict=True)]
        == before[table]
        for table in before
    )


@pytest.mark.parametrize("revision", REVISIONS)
async def test_what_an_older_version_kept_survives_the_upgrade_and_the_way_back(tmp_path, revision):
    engine = create_engine(f"sqlite:///{tmp_path / 'forewarn.db'}")
    with engine.begin() as connection:
        at(revision, connection)
        fill(connection)
        before = rows(connection)
    assert all(len(found) == 2 for found in before.values())
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'forewarn.db'}")
    with engine.connect() as connection:
        assert kept(before, rows(connection))
    await store.downgrade(revision)
    await store.close()
    with engine.connect() as connection:
        assert rows(connection) == before


async def test_a_crash_amid_an_upgrade_leaves_the_old_form(tmp_path, monkeypatch):
    url = f"sqlite+aiosqlite:///{tmp_path / 'forewarn.db'}"
    with monkeypatch.context() as power:
        power.setattr("alembic.op.create_index", cut)
        with pytest.raises(Cut):
            await Store.open(url)
    with closing(sqlite3.connect(tmp_path / "forewarn.db")) as left:
        assert left.execute("SELECT name FROM sqlite_master").fetchall() == []
    await (await Store.open(url)).close()


class Cut(Exception):
    """The power is gone."""


def cut(*_, **__):
    raise Cut


async def test_the_way_back_as_the_older_version_says_it(tmp_path, monkeypatch):
    """The older version names the command, the newer one runs it, and the older one starts."""
    data = tmp_path / "data"
    data.mkdir()
    url = f"sqlite+aiosqlite:///{data / 'forewarn.db'}"
    await (await Store.open(url)).close()
    older = tmp_path / "older"
    shutil.copytree(MIGRATIONS, older)
    next((older / "versions").glob(f"{NEWEST}_*.py")).unlink()
    with monkeypatch.context() as version:
        version.setattr("bot.store.store.MIGRATIONS", older)
        with pytest.raises(StoreError, match=f"`forewarn downgrade {REVISIONS[-2]}`"):
            await Store.open(url)
        code, said = await forewarn(tmp_path, data, "downgrade", REVISIONS[-2])
        assert code == 0, said
        await (await Store.open(url)).close()
    code, said = await forewarn(tmp_path, data, "downgrade", "nonsense")
    assert code == 1
    assert said.startswith("forewarn: the database is as it was: ")
