"""What goes wrong, one function each: a crowd sends notes meanwhile, and every one of them must be answered.

Each gives a row of figures; `held` says whether all promises were kept.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bot.jobs import AT_ONCE
from scripts.chaos_lab.crowd import Crowd, Seconds, calls_a_second, traces
from tests.bot.conversation import choose, convert, sample
from tests.bot.stub_models import STUBBED
from tests.postgres import Postgres
from tests.telegram import BotProcess, TelegramEmulator
from tests.telegram.process import RUN

__all__ = ["SCENARIOS", "Impossible", "Row", "Trouble", "stage"]

Row = dict[str, Any]
UNFAIR: Seconds = 2.0
"""How much later than alone a note may be answered because others send many."""


class Impossible(Exception):
    """This machine cannot play the scenario; the message says what it takes."""


@dataclass
class Stage:
    """A Telegram, a bot and a crowd."""

    tg: TelegramEmulator
    bot: BotProcess
    crowd: Crowd
    folders: tuple[Path, ...]
    kills: int = 0
    workers: list[BotProcess] = field(default_factory=list)
    """Beside the bot."""

    async def kill(self) -> None:
        await self.bot.kill9()
        self.kills += 1
        await self.bot.start()

    def row(self, *, spared: int = 0, **more: Any) -> Row:
        """What became of the notes. `spared`: warnings that may have come twice, beside one for each kill."""
        log = "\n".join(process.log() for process in (self.bot, *self.workers))
        tally, found = self.crowd.tally(), traces(self.crowd.said, *self.folders, log=log)
        held = not (tally.lost or tally.out_of_order or found) and tally.twice <= self.kills + spared
        return {
            "notes": tally.notes,
            "kills": self.kills,
            "lost": tally.lost,
            "twice": tally.twice,
            "out_of_order": tally.out_of_order,
            "traces": found,
            "p50": round(tally.wait(0.5), 2),
            "p95": round(tally.wait(0.95), 2),
            "slowest": round(tally.wait(1), 2),
            "held": held,
        } | more


@asynccontextmanager
async def stage(
    folder: Path,
    *,
    work: Seconds = 0.02,
    env: Mapping[str, str] | None = None,
    command: Sequence[str] = STUBBED,
    data: Path | None = None,
    seed: int = 1,
) -> AsyncIterator[Stage]:
    """All of it, with the bot polling. `work`: what the stub models take for a note."""
    data, temporary = data or folder / "data", folder / "tmp"
    temporary.mkdir(parents=True)
    async with TelegramEmulator() as tg:
        given = {"STUB_SECONDS": str(work), "TMPDIR": str(temporary), "FOREWARN_LOG_LEVEL": "DEBUG"}
        async with BotProcess(tg, data, env=given | dict(env or {}), command=command) as bot:
            await bot.wait_ready(within=180)
            crowd = Crowd(tg, random.Random(seed))  # noqa: S311
            yield Stage(tg, bot, crowd, (data, temporary))


class Trouble:
    """All that a bad line does, now and then, from here on."""

    def __init__(self, on: Stage) -> None:
        self._tg = on.tg

        def sometimes(share: float) -> dict[str, Any]:
            return {"times": None, "when": lambda _: on.crowd.dice.random() < share}

        self._lost = self._tg.fail("sendMessage", lost=True, **sometimes(0.01))
        self._faults = [
            self._lost,
            self._tg.fail("*", status=502, **sometimes(0.05)),
            self._tg.fail("*", reset=True, **sometimes(0.03)),
            self._tg.fail("getUpdates", status=502, **sometimes(0.05)),
            self._tg.fail("file", cut=0.5, **sometimes(0.1)),
            self._tg.fail("file", delay=2, **sometimes(0.1)),
            self._tg.fail("file", status=502, **sometimes(0.05)),
        ]

    async def storm(self, seconds: Seconds) -> None:
        """Nothing may be sent for a while."""
        storm = self._tg.fail("sendMessage", retry_after=2, times=None)
        self._faults.append(storm)
        await asyncio.sleep(seconds)
        storm.lift()

    @property
    def answers_lost(self) -> int:
        """Messages that were sent though the bot was not told so: it has to send them again."""
        return self._lost.hits

    @property
    def hits(self) -> int:
        return sum(fault.hits for fault in self._faults)


async def kills(folder: Path, *, notes: int = 500, times: int = 20) -> Row:
    """`kill -9` at random moments, while notes come and while the bot starts."""
    async with stage(folder) as on:
        chats = [*on.crowd.private(90), *(on.crowd.group() for _ in range(5))]
        await _show_words(on, 5)
        coming = asyncio.create_task(on.crowd.burst(chats, notes, within=4 * times))
        for _ in range(times):
            await asyncio.sleep(on.crowd.dice.uniform(0.5, 7))
            await on.kill()
        await coming
        await on.crowd.answered(within=120)
        return on.row()


async def real(folder: Path, *, notes: int = 60, times: int = 20) -> Row:
    """The same with the real models and real notes."""
    async with stage(folder, command=RUN, env={"FOREWARN_ENGINE": "whisper"}) as on:
        chats = on.crowd.private(20)
        for number in range(notes):
            tone = "negative" if number % 2 else "positive"
            louder = ("-af", f"volume={0.5 + number / 100}")
            sound = await asyncio.to_thread(convert, sample(tone), folder, "n.ogg", *louder)
            on.crowd.voice(chats[number % len(chats)], sound, tone)
            if number % (notes // times) == 0:
                await asyncio.sleep(on.crowd.dice.uniform(0.5, 9))
                await on.kill()
        await on.crowd.answered(within=300)
        return on.row()


async def network(folder: Path, *, notes: int = 500) -> Row:
    """Storms of 429, 502s, lines that break before and after the work, slow and cut downloads."""
    async with stage(folder) as on:
        chats = [*on.crowd.private(90), *(on.crowd.group() for _ in range(5))]
        trouble = Trouble(on)
        coming = asyncio.create_task(on.crowd.burst(chats, notes, within=30))
        for _ in range(4):
            await asyncio.sleep(5)
            await trouble.storm(3)
        await coming
        await on.crowd.answered(within=120)
        return on.row(spared=trouble.answers_lost, answers_lost=trouble.answers_lost, faults=trouble.hits)


async def database(folder: Path, *, notes: int = 300) -> Row:
    """Another process holds the one database or the other, for longer than anybody waits for a lock."""
    async with stage(folder) as on:
        coming = asyncio.create_task(on.crowd.burst(on.crowd.private(60), notes, within=60))
        for name in ("jobs.db", "forewarn.db") * 3:
            await asyncio.sleep(3)
            holder = sqlite3.connect(folder / "data" / name)
            holder.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(7)
            holder.rollback()
            holder.close()
        await coming
        await on.crowd.answered(within=120)
        return on.row()


async def restarts(folder: Path, *, notes: int = 300, times: int = 5) -> Row:
    """PostgreSQL is restarted under an intake and two workers."""
    with Postgres() as server:
        env = {"FOREWARN_DATABASE_URL": server.new_database()}
        async with (
            stage(folder, env=env, command=(*STUBBED, "--role", "intake")) as on,
            AsyncExitStack() as running,
        ):
            for _ in range(2):
                worker = BotProcess(on.tg, folder / "data", env=on.bot.env, command=(*STUBBED[:-1], "worker"))
                on.workers.append(await running.enter_async_context(worker))
                await _ready(worker)
            on.folders += (server.data,)
            coming = asyncio.create_task(on.crowd.burst(on.crowd.private(60), notes, within=12 * times))
            for _ in range(times):
                await asyncio.sleep(on.crowd.dice.uniform(4, 8))
                await asyncio.to_thread(server.stop)
                await asyncio.sleep(on.crowd.dice.uniform(0, 4))
                await asyncio.to_thread(server.start)
            await coming
            await on.crowd.answered(within=120)
            return on.row(spared=times, restarts=times)


async def disk(folder: Path, *, notes: int = 300) -> Row:
    """The disk is full three times, once over a `kill -9`. Needs the right to mount."""
    data = folder / "data"
    data.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(data)]
    if (await asyncio.to_thread(subprocess.run, mounted, capture_output=True)).returncode:
        raise Impossible("mounting a small disk takes root")
    try:
        async with stage(folder, data=data) as on:
            coming = asyncio.create_task(on.crowd.burst(on.crowd.private(60), notes, within=45))
            for number in range(3):
                await asyncio.sleep(5)
                _fill(data / "ballast")
                await asyncio.sleep(5)
                if number == 1:
                    await on.bot.kill9()
                    on.kills += 1
                    (data / "ballast").unlink()
                    await on.bot.start()
                else:
                    (data / "ballast").unlink()
            await coming
            await on.crowd.answered(within=120)
            # Answered while that could not be written down: who is killed then answers again.
            return on.row(spared=AT_ONCE)
    finally:
        await asyncio.to_thread(subprocess.run, ["umount", "--lazy", str(data)], check=True)


async def fairness(folder: Path) -> Row:
    """A group sends 300 notes; later 24 groups send more than Telegram lets be answered. One person waits."""
    work = 0.3
    async with stage(folder, work=work) as on:
        anna, zoe = on.crowd.private(2)
        alone = await _wait_of_one(on, anna)
        group = on.crowd.group()
        for _ in range(300):
            on.crowd.voice(group)
        await asyncio.sleep(3)
        beside_group = await _wait_of_one(on, zoe)
    async with stage(folder / "many", work=0.01) as on:
        groups = [on.crowd.group() for _ in range(24)]
        coming = asyncio.create_task(on.crowd.burst(groups, 24 * 40, within=20))
        await asyncio.sleep(25)
        beside_many = max([await _wait_of_one(on, chat) for chat in on.crowd.private(20)])
        await coming
    return {
        "alone": round(alone, 2),
        "beside_a_group_of_300": round(beside_group, 2),
        "beside_24_groups_at_their_limit": round(beside_many, 2),
        "held": max(beside_group - work, beside_many) <= alone + UNFAIR,
    }


async def waiting(folder: Path) -> Row:
    """More comes in than goes out: people are told how long it takes, within Telegram's limits."""
    async with stage(folder, work=0.5) as on:
        chats = on.crowd.private(60)
        for chat in chats * 2:
            on.crowd.voice(chat)
        most, deadline = 0, asyncio.get_running_loop().time() + 180
        told = set()
        while on.crowd.tally().lost and asyncio.get_running_loop().time() < deadline:
            for chat in chats:
                progress = [said for said in chat.from_bot if said.reply_to is None and said.buttons]
                most = max(most, len(progress))
                if progress:
                    told.add(chat.id)
            await asyncio.sleep(0.25)
        edits = [call for call in on.tg.calls if call.method == "editMessageText" and call.status == 200]
        last: dict[tuple[int | None, int], float] = {}
        gaps = []
        for call in edits:
            key = (call.chat_id, call.params["message_id"])
            if key in last:
                gaps.append(call.at - last[key])
            last[key] = call.at
        breaches = on.tg.flood.violations
        row = on.row(
            told=len(told),
            at_once_in_a_chat=most,
            edits=len(edits),
            closest_edits=round(min(gaps, default=0.0), 2),
            calls_a_second=calls_a_second(on.tg),
            breaches=breaches,
        )
        row["held"] &= most == 1 and not breaches and min(gaps, default=9.0) >= 2.5
        return row


async def large(folder: Path) -> Row:
    """Sixteen files of 20 MB at once; decoding is real."""
    sound = await asyncio.to_thread(_twenty_megabytes, folder)
    most = 0
    async with stage(folder, work=0.5, env={"STUB_DECODES": "yes"}) as on:
        before = on.bot.memory
        chats = on.crowd.private(16)
        for number, chat in enumerate(chats):
            on.crowd.voice(chat, sound + bytes([number]), "negative")
        deadline = asyncio.get_running_loop().time() + 240
        while on.crowd.tally().lost and asyncio.get_running_loop().time() < deadline:
            with suppress(psutil.NoSuchProcess):  # a decoder that has just ended
                most = max(most, on.bot.memory)
            await asyncio.sleep(0.1)
        row = on.row(
            megabytes_before=before >> 20, megabytes=most >> 20, megabytes_of_a_file=len(sound) >> 20
        )
        row["held"] &= most < 1.5 * 2**30
        return row


SCENARIOS = {
    scenario.__name__: scenario
    for scenario in (kills, network, database, restarts, disk, fairness, waiting, large, real)
}


async def _ready(worker: BotProcess) -> None:
    """Wait until a process that does not poll has said that it works."""
    while "role=worker" not in worker.log():
        if worker.returncode is not None:
            raise AssertionError(worker.log())
        await asyncio.sleep(0.1)


async def _show_words(on: Stage, count: int) -> None:
    """Some chats see the words, so that they pass through all of the bot."""
    for person in on.crowd.people[:count]:
        await choose(on.tg.private(person), person, "Words: under a spoiler")


async def _wait_of_one(on: Stage, chat: Any) -> Seconds:
    """How long a chat's one note waits for its warning."""
    sent = on.crowd.voice(chat)
    await asyncio.sleep(1)
    for _ in range(600):
        waited = on.crowd.waited(sent)
        if waited is not None:
            return waited
        await asyncio.sleep(0.1)
    return float("inf")


def _fill(file: Path) -> None:
    """Take all of the disk."""
    with file.open("wb", buffering=0) as ballast, suppress(OSError):
        for block in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while True:
                    ballast.write(os.urandom(block))


def _twenty_megabytes(folder: Path) -> bytes:
    """As much as Telegram hands out, in a format that is quickly read: eleven minutes of 16-bit mono."""
    quiet = ("-af", "aloop=loop=-1:size=2e9,volume=0.5", "-t", "650", "-ar", "16000", "-ac", "1")
    return convert(sample("negative"), folder, "long.wav", *quiet)[: 20 * 2**20 - 1]
