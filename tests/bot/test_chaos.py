"""A little of `make chaos`: the same crowd and the same promises, for half a minute."""

from __future__ import annotations

import asyncio
import sqlite3
import sys

import pytest

from bot.hearing import ROOM_FOR_LARGE
from scripts.chaos_lab.scenarios import Trouble, stage
from tests.bot.stub_models import note_of

pytestmark = pytest.mark.slow

LARGE = 20 * 2**20
ATTENTIVE = (
    sys.executable,
    "-c",
    "import runpy, sys, bot.jobs\n"
    "bot.jobs.STUCK = 4.0\n"
    "sys.argv[1:] = ['run']\n"
    "runpy.run_module('tests.bot.stub_models', run_name='__main__', alter_sys=True)",
)
"""Looks after jobs that nobody is at sooner than usual."""


async def test_sixty_notes_a_kill_a_bad_line_and_a_locked_database(tmp_path):
    async with stage(tmp_path) as on:
        chats = on.crowd.private(12)
        trouble = Trouble(on)
        coming = asyncio.create_task(on.crowd.burst(chats, 60, within=8))
        await trouble.storm(2)
        with sqlite3.connect(tmp_path / "data" / "jobs.db") as holder:
            holder.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(1)
            holder.rollback()
        await asyncio.sleep(2)
        await on.kill()
        await coming
        await on.crowd.answered(within=90)
        # A kill may find several chats between a warning and the word that it was sent.
        row = on.row(spared=trouble.answers_lost + 2)
    assert trouble.hits
    assert row["held"], row


async def test_large_files_wait_for_each_other_and_small_ones_pass(tmp_path):
    async with stage(tmp_path) as on:
        people = [on.crowd.person() for _ in range(16)]
        # Said to be so large, for it is what Telegram says that counts.
        notes = [on.tg.private(one).voice(one, note_of("negative"), size=LARGE) for one in people]
        files = {note.media["file_id"] for note in notes}
        hold = on.tg.fail("getFile", delay=60, times=None, when=lambda call: call.params["file_id"] in files)
        await on.tg.until(lambda: hold.hits, 30, "a large file to be fetched")
        small = on.crowd.voice(on.crowd.private(1)[0])
        await small.note.reply(within=30)
        assert hold.hits == ROOM_FOR_LARGE // LARGE
        hold.lift()
        await on.bot.kill9()
        await on.bot.start()
        for note in notes:
            await note.reply(within=60)


async def test_files_that_nothing_can_be_heard_in_do_not_stay_in_memory(tmp_path):
    async with stage(tmp_path, env={"STUB_DECODES": "yes"}) as on:
        [chat] = on.crowd.private(1)
        before = on.bot.memory
        for number in range(12):
            await chat.voice(on.crowd.people[0], bytes([number]) * (LARGE - 1)).reply(within=30)
        # What was read from the line a moment ago may still lie there, and glibc keeps up to twice the
        # largest block for itself in each of two heaps.
        for _ in range(150):
            grown = on.bot.memory - before
            if grown < 6 * LARGE:
                break
            await asyncio.sleep(0.2)
        assert grown < 6 * LARGE


async def test_what_was_answered_while_the_disk_took_no_word_of_it_is_not_answered_again(tmp_path):
    async with stage(tmp_path, command=ATTENTIVE) as on:
        [chat] = on.crowd.private(1)
        with sqlite3.connect(tmp_path / "data" / "jobs.db") as jobs:
            jobs.execute(
                "CREATE TRIGGER full BEFORE UPDATE ON workflow_status"
                " WHEN NEW.status IN ('SUCCESS', 'ERROR') BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
            )
        first = on.crowd.voice(chat).note
        await first.reply(within=30)
        second = on.crowd.voice(chat).note
        await chat.silence(2)
        with sqlite3.connect(tmp_path / "data" / "jobs.db") as jobs:
            states = "SELECT status FROM workflow_status WHERE workflow_uuid LIKE ?"
            assert jobs.execute(states, (f"%:{first.id:010}",)).fetchone() == ("PENDING",)
            jobs.execute("DROP TRIGGER full")
        # It waits for the first one to end.
        await second.reply(within=30)
        assert on.bot.returncode is None
        row = on.row()
    assert row["held"], row
    assert (row["kills"], row["twice"]) == (0, 0)


async def test_a_stop_does_not_wait_for_answers_that_telegram_does_not_take(tmp_path):
    async with stage(tmp_path) as on:
        [chat] = on.crowd.private(1)
        hold = on.tg.fail("sendMessage", delay=60, times=None)
        chat.text(on.crowd.people[0], "/help")
        await on.tg.until(lambda: hold.hits, 30, "the answer to be sent")
        assert await on.bot.terminate() == 0
        assert "Traceback" not in on.bot.log()


async def test_a_clock_that_is_set_back_does_not_change_the_order(tmp_path):
    async with stage(tmp_path) as on:
        chat = on.crowd.private(1)[0]
        hold = on.tg.fail("getFile", delay=60, times=1)
        notes = [on.crowd.voice(chat).note for _ in range(4)]
        await on.tg.until(lambda: hold.hits, 30, "the first note to be fetched")
        await on.tg.confirmed()
        await on.bot.kill9()
        with sqlite3.connect(tmp_path / "data" / "jobs.db") as jobs:
            # As if the hour had been set back between each two notes.
            for number, note in enumerate(notes):
                earlier = (number * 3_600_000, f"%:{note.id:010}")
                jobs.execute(
                    "UPDATE workflow_status SET created_at = created_at - ? WHERE workflow_uuid LIKE ?",
                    earlier,
                )
        await on.bot.start()
        assert await on.crowd.answered(within=60)
        row = on.row()
    assert row["held"], row
