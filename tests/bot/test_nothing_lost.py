"""`kill -9` at any moment loses nothing, answers nothing twice, and leaves nothing said on the disk."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from tests.bot.conftest import OFFLINE
from tests.bot.conversation import choose, convert, sample, words_of
from tests.telegram import BotProcess

pytestmark = pytest.mark.slow

HEARD = 60.0
SAID = [word.encode() for tone in ("negative", "positive") for word in words_of(tone)]


def answers_to(note):
    said = note.tg.private(note.state.sender).from_bot
    return [reply for reply in said if reply.reply_to and reply.reply_to.id == note.id]


def files_that_hold(said, folder):
    """Files with any of these words in them, the models' own dictionaries apart."""
    found = []
    files = (path for path in folder.rglob("*") if path.is_file() and "models" not in path.parts)
    for file in files:
        content = file.read_bytes().lower()
        found += [(file.name, word) for word in said if word in content]
    return found


async def test_notes_survive_kills_at_any_moment(telegram, tmp_path):
    anna = telegram.user("Anna", language_code="en")
    chat = telegram.private(anna)
    data = tmp_path / "data"
    tones = ["negative", "positive", "neutral"] * 4
    sounds = [
        convert(sample(tone), tmp_path, "n.ogg", "-af", f"volume={0.8 + i / 100}")
        for i, tone in enumerate(tones)
    ]
    shown = {**OFFLINE, "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    async with BotProcess(telegram, data, env=shown) as bot:
        await bot.wait_ready()
        await choose(chat, anna, "Words: under a spoiler")
        notes = []
        for sound in sounds:
            notes.append(chat.voice(anna, sound))
            await asyncio.sleep(random.uniform(0, 1.5))
            if len(notes) % 4 == 0:
                await bot.kill9()
                await bot.start()
        for note in notes:
            reply = await note.reply(within=HEARD)
            assert reply.marked("spoiler")
        await chat.silence(3)
    kills = len(sounds) // 4
    twice = [note for note in notes if len(answers_to(note)) > 1]
    assert len(twice) <= kills
    first = next(reply for reply in chat.from_bot if reply.reply_to)
    assert first.reply_to.id == notes[0].id
    assert files_that_hold(SAID, data) == []
    assert files_that_hold(SAID, tmp_path / "tmp") == []
    assert not any(word in bot.log().lower().encode() for word in SAID)


async def test_a_note_taken_is_answered_even_if_telegram_never_sends_it_again(telegram, tmp_path):
    anna = telegram.user("Anna", language_code="en")
    chat = telegram.private(anna)
    hold = telegram.fail("getFile", delay=30, times=None)
    async with BotProcess(telegram, tmp_path, env=OFFLINE) as bot:
        await bot.wait_ready()
        note = chat.voice(anna, sample("negative"))
        await telegram.confirmed()
        await bot.kill9()
        hold.lift()
        await bot.start()
        assert "negative" in (await note.reply(within=HEARD)).text


async def test_a_contacts_note_survives_a_kill_and_its_owner_is_greeted_and_warned_once(telegram, tmp_path):
    olga, carl = telegram.user("Olga", language_code="en"), telegram.user("Carl")
    chat = telegram.private(olga)
    hold = telegram.fail("getFile", delay=30, times=None)
    async with BotProcess(telegram, tmp_path, env=OFFLINE) as bot:
        await bot.wait_ready()
        telegram.business(olga, unnoticed=True).from_contact(carl, sample("negative"))
        await telegram.until(lambda: hold.hits, HEARD, "the note to be fetched")
        await telegram.confirmed()
        await bot.kill9()
        hold.lift()
        await bot.start()
        await chat.says("🎙 Carl", within=HEARD)
        await chat.silence(3)
    assert len(chat.from_bot) == 2


@pytest.mark.parametrize("database", ["jobs.db", "forewarn.db"])
async def test_a_locked_database_delays_a_note_and_loses_nothing(telegram, tmp_path, database):
    anna = telegram.user("Anna", language_code="en")
    chat = telegram.private(anna)
    async with BotProcess(telegram, tmp_path, env=OFFLINE) as bot:
        await bot.wait_ready()
        await chat.voice(anna, sample("positive")).reply(within=HEARD)
        holder = sqlite3.connect(tmp_path / database)
        holder.execute("BEGIN IMMEDIATE")
        note = chat.voice(anna, sample("negative"))
        await asyncio.sleep(8)
        if database == "jobs.db":
            # Nobody could keep the note yet, so Telegram has not been told that it arrived.
            assert telegram.world.updates.pending
            assert not answers_to(note)
        holder.rollback()
        holder.close()
        assert "negative" in (await note.reply(within=HEARD)).text
        await chat.silence(3)
    assert len(answers_to(note)) == 1


async def test_a_note_of_a_group_that_migrates_meanwhile_is_answered_in_the_supergroup(telegram, tmp_path):
    anna = telegram.user("Anna", language_code="en")
    group = telegram.group("Small", admins=[anna], supergroup=False)
    hold = telegram.fail("getFile", delay=3)
    async with BotProcess(telegram, tmp_path, env=OFFLINE) as bot:
        await bot.wait_ready()
        group.add_bot(by=anna, admin=True)
        await choose(group, anna, "Warn: negative only", "Style: brief")
        group.voice(anna, sample("negative"))
        await telegram.until(lambda: hold.hits, 10, "the note to be fetched")
        for tone in ("positive", "negative"):
            group.voice(anna, sample(tone))
        grown = group.migrate()
        first = await grown.says("negative", within=HEARD)
        second = await grown.says("negative", after=first, within=HEARD)
        # Those that waited are answered as the group chose before it moved.
        assert "positive" not in " ".join(said.text for said in grown.from_bot)
        assert "\n" not in second.text
        await telegram.until(lambda: bot.log().count("note done") == 3, HEARD, "all notes to end")
    with sqlite3.connect(tmp_path / "forewarn.db") as store:
        heard = store.execute("SELECT count(*) FROM verdicts WHERE chat_id = ?", (grown.id,)).fetchone()
    assert heard == (2,)


async def test_a_stop_in_the_middle_of_a_note_is_clean_and_loses_nothing(telegram, tmp_path):
    anna = telegram.user("Anna", language_code="en")
    chat = telegram.private(anna)
    hold = telegram.fail("getFile", delay=20, times=None)
    async with BotProcess(telegram, tmp_path, env=OFFLINE) as bot:
        await bot.wait_ready()
        note = chat.voice(anna, sample("negative"))
        await telegram.until(lambda: hold.hits, 10, "the note to be fetched")
        assert await bot.terminate() == 0
        assert "Traceback" not in bot.log()
        hold.lift()
        await bot.start()
        assert "negative" in (await note.reply(within=HEARD)).text
        assert await bot.terminate() == 0
        assert "Traceback" not in bot.log()
    assert len(answers_to(note)) == 1


async def test_old_notes_get_one_line_after_a_long_stop(telegram, tmp_path):
    anna = telegram.user("Anna", language_code="en")
    chat = telegram.private(anna)
    for _ in range(3):
        chat.voice(anna, sample("negative"), ago=20 * 3600)
    fresh = chat.voice(anna, sample("negative"))
    async with BotProcess(telegram, tmp_path, env=OFFLINE) as bot:
        await bot.wait_ready()
        assert "negative" in (await fresh.reply(within=HEARD)).text
    assert len([said for said in chat.from_bot if "I was away" in said.text]) == 1


async def test_warnings_go_and_digests_grow_over_a_restart(telegram, tmp_path):
    anna, max_ = telegram.user("Anna", language_code="en"), telegram.user("Max")
    chat = telegram.private(anna)
    group = telegram.group("Family", members=[max_], admins=[anna])
    async with BotProcess(telegram, tmp_path, env=OFFLINE) as bot:
        await bot.wait_ready()
        group.add_bot(by=anna, admin=True)
        await choose(group, anna, "Style: digest")
        menu = await choose(chat, anna, "Delete warnings: after 10 min")
        digest = await group.voice(max_, sample("negative")).reply(within=HEARD)
        warning = await chat.voice(anna, sample("negative")).reply(within=HEARD)
        hello = await chat.says("What I do", after=chat.text(anna, "/help"))
        # Until both jobs are known to have ended: one cut off just before that would be answered again.
        await telegram.until(lambda: bot.log().count("note done") == 2, HEARD, "both notes to end")
        await chat.silence(1)
        await bot.kill9()
        with sqlite3.connect(tmp_path / "forewarn.db") as store:
            [[due]] = store.execute("SELECT due FROM passing").fetchall()
            left = datetime.fromisoformat(due).replace(tzinfo=UTC) - datetime.now(UTC)
            assert timedelta(minutes=9) < left < timedelta(minutes=10)
            store.execute("UPDATE passing SET due = datetime(due, '-10 minutes')")
        await bot.start()
        await warning.gone(within=HEARD)
        assert not menu.deleted
        assert not hello.deleted
        group.voice(max_, sample("positive"))
        await digest.edited(containing="2 voice notes", within=HEARD)
        group.delete(digest)
        again = group.voice(max_, sample("positive"))
        assert "1 voice note" in (await again.reply(within=HEARD)).text
    with sqlite3.connect(tmp_path / "forewarn.db") as store:
        assert store.execute("SELECT * FROM passing").fetchall() == []
