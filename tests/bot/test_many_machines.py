"""Many processes on one PostgreSQL: a death loses nothing, and nobody is told twice."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from types import SimpleNamespace

import pytest

from bot.digests import Digests
from bot.notes import from_json
from bot.store import Limit, Member, Store
from bot.store.chat import ChatLanguage
from bot.warnings import texts_for
from tests.bot.conversation import PLAIN
from tests.bot.stub_models import note_of
from tests.bot.test_warnings import ANGRY
from tests.telegram import BotProcess

pytestmark = pytest.mark.slow

HEARD = 60.0
"""Seconds within which a note is answered whatever dies meanwhile."""
STUB = (sys.executable, "-m", "tests.bot.stub_models")
OLDER = (
    sys.executable,
    "-c",
    "import runpy, sys, bot.jobs\n"
    "bot.jobs.JOB_VERSION = '0'\n"
    "runpy.run_module('tests.bot.stub_models', run_name='__main__', alter_sys=True)",
)
"""A version whose jobs have another form."""


class Machines:
    """Processes of the bot, each with a folder of its own, that share a database."""

    def __init__(self, telegram, folder, url, running):
        self.telegram = telegram
        self._folder = folder
        self._url = url
        self._running = running
        self._count = 0

    async def start(self, *command, program=STUB, **env):
        self._count += 1
        shared = {"FOREWARN_DATABASE_URL": self._url, "FOREWARN_LOG_LEVEL": "DEBUG"}
        process = BotProcess(
            self.telegram,
            self._folder / str(self._count),
            env={**shared, **env},
            command=(*program, *command),
        )
        await self._running.enter_async_context(process)
        await logged(process, "role")
        return process


async def logged(process, words, within=HEARD):
    """Wait until the process has logged these words."""
    ends_at = time.monotonic() + within
    while not any(words in line for line in process.output):
        assert process.returncode is None, process.log()
        assert time.monotonic() < ends_at, process.log()
        await asyncio.sleep(0.05)


@pytest.fixture
async def machines(telegram, tmp_path, postgres):
    async with AsyncExitStack() as running:
        yield Machines(telegram, tmp_path, postgres.new_database(), running)


def people(telegram, count):
    chats = []
    for number in range(count):
        person = telegram.user(f"Person {number}", language_code="en")
        chats.append((telegram.private(person), person))
    return chats


def answers(chat):
    """The notes that were answered in a chat, in the order of the answers."""
    return [said.reply_to.id for said in chat.from_bot if said.reply_to]


async def test_a_worker_that_is_killed_for_good_loses_nothing(machines):
    telegram = machines.telegram
    intake = await machines.start("run", "--role", "intake")
    victim = await machines.start("worker")
    hold = telegram.fail("getFile", delay=60, times=None)
    chats = people(telegram, 6)
    notes = [chat.voice(person, note_of(f"negative {chat.id}")) for chat, person in chats]
    await telegram.until(lambda: hold.hits == len(notes), HEARD, "all notes in work")
    first, person = chats[0]
    later = first.voice(person, note_of("positive, and later"))
    heir = await machines.start("worker")
    await victim.kill9()
    killed = time.monotonic()
    hold.lift()
    for note in (*notes, later):
        await note.reply(within=HEARD)
    assert time.monotonic() - killed < HEARD
    assert "taking over" in intake.log() + heir.log()  # whoever noticed first
    assert answers(first) == [notes[0].id, later.id]
    assert [answers(chat) for chat, _ in chats[1:]] == [[note.id] for note in notes[1:]]


async def test_a_worker_that_was_suspended_finds_its_notes_answered_and_keeps_silent(machines):
    telegram = machines.telegram
    await machines.start("run", "--role", "intake")
    sleeper = await machines.start("worker")
    [(chat, person)] = people(telegram, 1)
    # Its download goes on when it wakes up; the next one who asks for the file gets it at once.
    hold = telegram.fail("getFile", delay=25)
    note = chat.voice(person, note_of("negative"))
    await telegram.until(lambda: hold.hits, HEARD, "the note in work")
    await machines.start("worker")
    sleeper.suspend()
    await note.reply(within=HEARD)
    sleeper.resume()
    await logged(sleeper, "note was taken over")
    await chat.silence(2)
    assert answers(chat) == [note.id]


async def test_machines_come_and_go_while_notes_come_in(machines):
    telegram = machines.telegram
    await machines.start("run", "--role", "intake")
    workers = [await machines.start("worker", STUB_SECONDS="0.1") for _ in range(2)]
    *chats, (lobby, visitor) = people(telegram, 6)
    sent = {chat.id: [] for chat, _ in chats}
    for round_ in range(6):
        for chat, person in chats:
            sent[chat.id].append(chat.voice(person, note_of(f"negative {chat.id} {round_}")))
        if round_ == 2:
            writes_json = {"FOREWARN_LOG_FORMAT": "json"}
            workers.append(await machines.start("worker", STUB_SECONDS="0.1", **writes_json))
            assert await workers[0].terminate() == 0
        await asyncio.sleep(0.5)
    await lobby.says("What I do", after=lobby.text(visitor, "/help"))
    for notes in sent.values():
        for note in notes:
            await note.reply(within=HEARD)
    for chat, _ in chats:
        # One that was said and not noted when its worker stopped may come again, after itself.
        assert list(dict.fromkeys(answers(chat))) == [note.id for note in sent[chat.id]]
        assert len(answers(chat)) <= len(sent[chat.id]) + 1
    *plain, newcomer = workers
    done = [re.findall(r"note done.*outcome=(\w+)", worker.log()) for worker in plain]
    lines = [json.loads(line) for line in newcomer.output]
    assert all({"event", "level", "logger", "timestamp"} <= line.keys() for line in lines)
    told = [line for line in lines if line["event"] == "note done"]
    ids = {f"{chat_id}:{note.id:010}" for chat_id, notes in sent.items() for note in notes}
    assert {line["job"] for line in told} <= ids
    done.append([line["outcome"] for line in told])
    assert all(done)
    assert {outcome for some in done for outcome in some} == {"warned"}
    assert not telegram.flood.violations


async def test_who_waits_for_a_note_sees_and_cancels_it_whoever_answers_it(machines):
    telegram = machines.telegram
    await machines.start("run", "--role", "intake")
    worker = await machines.start("worker", STUB_SECONDS="90")
    [(chat, person)] = people(telegram, 1)
    chat.voice(person, note_of("negative"), duration=300)
    told = await chat.says("You are next", within=HEARD)
    await told.edited(containing="Listening", within=HEARD)
    await told.press("Cancel", by=person)
    await told.edited(containing="Cancelled", within=HEARD)
    await logged(worker, "outcome=cancelled")
    assert answers(chat) == []


async def test_jobs_of_another_form_wait_for_a_worker_that_knows_it(machines):
    telegram = machines.telegram
    [(chat, person), (other, somebody)] = people(telegram, 2)
    older = await machines.start("run", "--role", "intake", program=OLDER)
    old = chat.voice(person, note_of("negative"))
    await telegram.confirmed()
    await older.terminate()
    await machines.start("run")
    await other.voice(somebody, note_of("positive")).reply(within=HEARD)
    assert answers(chat) == []
    await machines.start("worker", program=OLDER)
    await old.reply(within=HEARD)


def test_a_note_with_what_a_newer_version_added_is_read_by_an_older_one():
    assert from_json({**PLAIN.to_json(), "invented_later": True}) == PLAIN


async def test_a_process_gives_signs_of_life_however_many_digests_wait_for_telegram(postgres):
    store = await Store.open(postgres.new_database().replace("postgresql:", "postgresql+psycopg:"))

    class Away:
        """Telegram, until it is back."""

        back = asyncio.Event()
        asked = 0

        async def say(self, note, *_, **__):
            self.asked += 1
            await self.back.wait()
            return SimpleNamespace(chat_id=note.chat_id, message_id=1)

    courier, texts = Away(), texts_for(ChatLanguage.EN, None)
    digests = Digests(courier, store)
    chats = [replace(PLAIN, chat_id=-number) for number in range(1, 41)]
    added = [asyncio.create_task(digests.add(note, ANGRY, texts, silently=True)) for note in chats]
    async with asyncio.timeout(HEARD):
        while courier.asked < 25:  # noqa: ASYNC110 - a courier tells nobody
            await asyncio.sleep(0.05)
    async with asyncio.timeout(3):
        await store.members.beat(Member("me", works=True))
    courier.back.set()
    assert await asyncio.gather(*added) == [(note.chat_id, 1) for note in chats]
    await store.close()


async def test_what_processes_send_together_keeps_to_the_limits(postgres):
    url = postgres.new_database().replace("postgresql:", "postgresql+psycopg:")
    stores = await asyncio.gather(*(Store.open(url) for _ in range(2)))
    limit = Limit("group", -42, every=3.0, burst=12.0)
    waits = [await store.pace.turn([Limit("all", 0, 0.0), limit]) for store in stores * 4]
    assert waits[:5] == [0.0] * 5
    assert waits[5:] == pytest.approx([3.0, 6.0, 9.0], abs=1.5)
    for store in stores:
        await store.close()


async def test_who_lives_is_who_gave_a_sign_of_life(postgres):
    store = await Store.open(postgres.new_database().replace("postgresql:", "postgresql+psycopg:"))
    first, second = Member("first", works=False), Member("second", works=True)
    assert not await store.members.beat(first)
    assert not await store.members.beat(second)
    assert await store.members.living(60) == [first, second]
    await asyncio.sleep(0.5)
    assert await store.members.beat(second)
    assert await store.members.living(0.4) == [second]
    await store.members.leave(second)
    assert await store.members.living(60) == [first]
    await store.close()
