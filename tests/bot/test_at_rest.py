"""What lies on the disk after people have spoken, whatever they chose to be shown; and when it goes."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest

from bot.store.tables import metadata
from tests.bot.conversation import choose
from tests.bot.stub_models import STUBBED, note_of
from tests.telegram import BotProcess
from tests.telegram.process import ROOT

CHOICES = [
    ("Style: gentle", "Words: shown"),
    ("Style: detailed", "Words: under a spoiler"),
    ("Style: brief", "Words: on a button"),
    ("Style: digest", "Words: hidden"),
    ("Style: reaction only", "Words: shown"),
]
SECRET = "plover{}xyzzy"
"""A word that each note says, and that is its sound too: the stub's files are what is said in them."""
DAYS = 40 * 86_400


def holding(folder, word):
    return [file for file in folder.rglob("*") if file.is_file() and word in file.read_bytes()]


@pytest.mark.slow
async def test_nothing_said_is_at_rest_and_what_is_kept_goes_in_time(telegram, tmp_path):
    anna, max_ = telegram.user("Anna", language_code="en"), telegram.user("Max")
    chat = telegram.private(anna)
    data, temporary = tmp_path / "data", tmp_path / "tmp"
    temporary.mkdir()
    env = {"FOREWARN_LOG_LEVEL": "DEBUG", "TMPDIR": str(temporary)}
    async with BotProcess(telegram, data, command=STUBBED, env=env) as bot:
        await bot.wait_ready()
        for number, choices in enumerate(CHOICES):
            await choose(chat, anna, *choices)
            said = SECRET.format(number)
            note = chat.voice(anna, note_of(f"negative {said}"))
            if choices[0] == "Style: reaction only":
                await note.reaction(within=30)
                continue
            warning = await note.reply(within=30)
            if choices[1] == "Words: on a button":
                await warning.press("words", by=anna)
                await chat.says(said, within=30)
        telegram.business(anna).from_contact(max_, note_of(f"negative {SECRET.format('contact')}"))
        await chat.says("Max", within=30)
        async with asyncio.timeout(30):
            while bot.log().count("note done") <= len(CHOICES):  # noqa: ASYNC110 - a log tells nobody
                await asyncio.sleep(0.05)
        # As a power cut, so that nothing is tidied up; and the write-ahead logs are there.
        await bot.kill9()
        assert holding(data, str(anna.id).encode())
        assert [file.name for file in holding(data, b"plover") + holding(temporary, b"plover")] == []
        assert "plover" not in bot.log()

        with closing(sqlite3.connect(data / "forewarn.db")) as store, store:
            assert store.execute("SELECT count(*) FROM verdicts").fetchone()[0] > 3
            store.execute("UPDATE verdicts SET heard_at = datetime(heard_at, '-40 days')")
            store.execute("UPDATE digests SET grown_at = datetime(grown_at, '-40 days')")
        with closing(sqlite3.connect(data / "jobs.db")) as jobs, jobs:
            assert jobs.execute("SELECT count(*) FROM workflow_status").fetchone()[0] > 3
            jobs.execute(f"UPDATE workflow_status SET completed_at = completed_at - {DAYS * 1000}")
        await bot.start()
        await bot.wait_ready()
        await _until_empty(data)


async def _until_empty(data):
    async with asyncio.timeout(30):
        while True:
            with closing(sqlite3.connect(data / "forewarn.db")) as store:
                kept = store.execute("SELECT 1 FROM verdicts UNION SELECT 2 FROM digests").fetchall()
            with closing(sqlite3.connect(data / "jobs.db")) as jobs:
                kept += jobs.execute("SELECT workflow_uuid FROM workflow_status").fetchall()
            if not kept:
                return
            await asyncio.sleep(0.1)


def test_the_privacy_page_names_every_table():
    page = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    assert [table for table in metadata.tables if f"`{table}`" not in page] == []
