"""Ten thousand updates of every kind: does anything grow, and how quickly are they taken?"""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.chaos_lab.crowd import Crowd, Seconds
from scripts.chaos_lab.scenarios import Row, Stage, stage
from tests.bot.stub_models import TASKS
from tests.telegram import Note, Room, TelegramEmulator

__all__ = ["soak"]

UPDATES = 10_000
SETTLED = 1_000
"""Updates after which nothing has a reason to grow any more."""
A_SECOND = 40
MOST_PENDING = 200
"""Updates that may wait at Telegram; the crowd holds its breath at more."""
GROWTH = 1.05
TAKEN_WITHIN: Seconds = 0.05
METRICS = "127.0.0.1:9471"
COMMANDS = ("/help", "/settings", "/privacy", "/mydata", "/tone", "/stats", "/start")


class Intake:
    """How long each update took from its delivery until the bot confirmed it, its job on disk."""

    def __init__(self, tg: TelegramEmulator) -> None:
        self.waits: list[Seconds] = []
        self._delivered: dict[int, Seconds] = {}
        self._queue = tg.world.updates
        self._poll = self._queue.poll
        self._queue.poll = self.poll  # type: ignore[method-assign]

    async def poll(self, offset: int, limit: int, seconds: float) -> list[dict[str, Any]]:
        now = time.monotonic()
        for number in [number for number in self._delivered if number < offset]:
            self.waits.append(now - self._delivered.pop(number))
        updates = await self._poll(offset, limit, seconds)
        for update in updates:
            self._delivered.setdefault(update["update_id"], time.monotonic())
        return updates

    def wait(self, share: float) -> Seconds:
        return sorted(self.waits)[int(share * len(self.waits))]


async def soak(folder: Path) -> Row:
    """Ten thousand updates of every kind: memory, files, tasks, database, and how quickly they are taken."""
    env = {"FOREWARN_METRICS_LISTEN": METRICS, "FOREWARN_LOG_LEVEL": "INFO"}
    async with stage(folder, work=0.005, env=env) as on:
        queue, intake = on.tg.world.updates, Intake(on.tg)
        gc.disable()  # its pauses here would be taken for the bot's
        life = _Life(on.crowd)
        sizes = []
        began = time.monotonic()
        for number in range(1, UPDATES + 1):
            await asyncio.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
            await queue.changed.until(lambda: len(queue.pending) <= MOST_PENDING, within=600)
            life.go_on()
            if number % SETTLED == 0:
                sizes.append(await _size(folder / "data"))
        busy = time.monotonic() - began
        await _settled(folder / "data" / "jobs.db", within=120)
        sizes.append(await _size(folder / "data"))
        kept = _rows(folder / "data")
        await _grow_old(on, folder / "data")
        first, last = sizes[0], sizes[-1]
        return {
            "updates": UPDATES,
            "a_second": round(UPDATES / busy, 1),
            "notes": len(on.crowd.sent),
            "megabytes": [size["resident"] >> 20 for size in sizes],
            "grown": round(last["resident"] / first["resident"], 3),
            "files": [first["files"], last["files"]],
            "tasks": [first["tasks"], last["tasks"]],
            "database_kb": [size["database"] >> 10 for size in sizes],
            "rows": kept,
            "rows_when_old": _rows(folder / "data"),
            "intake_p50_ms": round(1000 * intake.wait(0.5), 1),
            "intake_p99_ms": round(1000 * intake.wait(0.99), 1),
            "held": last["resident"] <= GROWTH * first["resident"]
            and last["files"] <= first["files"] + 4
            and last["tasks"] <= first["tasks"] + 4
            and intake.wait(0.99) <= TAKEN_WITHIN,
        }


class _Life:
    """What people do all day, some of it more often."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._dice = crowd.dice
        self._private = crowd.private(150)
        self._groups = [crowd.group() for _ in range(10)]
        self._texts: list[tuple[Room, Note]] = []
        self._doings: list[tuple[float, Callable[[], None]]] = [
            (0.25, self._send_note),
            (0.25, self._chat_in_a_group),
            (0.1, self._write),
            (0.2, self._command),
            (0.1, self._press),
            (0.07, self._edit),
            (0.03, self._join),
        ]

    def go_on(self) -> None:
        """One update."""
        weights, doings = zip(*self._doings, strict=True)
        self._dice.choices(doings, weights)[0]()

    def _send_note(self) -> None:
        # More in private: a group gets twenty answers a minute.
        self._crowd.voice(self._dice.choice(self._private if self._dice.random() < 0.9 else self._groups))

    def _chat_in_a_group(self) -> None:
        group = self._dice.choice(self._groups)
        self._say(group, "See you at seven then")

    def _write(self) -> None:
        self._say(self._dice.choice(self._private), "Hello, what is this?")

    def _command(self) -> None:
        self._say(self._dice.choice(self._private), self._dice.choice(COMMANDS))

    def _press(self) -> None:
        chat = self._dice.choice(self._private)
        menus = (said for said in reversed(chat.from_bot) if any(map(_is_of_the_menu, said.buttons)))
        menu = next(menus, None)
        if menu is None or chat.state.person is None:
            self._say(chat, "/settings")
            return
        menu.tap(self._dice.choice(menu.buttons), by=chat.state.person)

    def _edit(self) -> None:
        if self._texts:
            chat, text = self._texts[-1]
            chat.edit(text, f"{text.text} …")

    def _join(self) -> None:
        group, newcomer = self._dice.choice(self._groups), self._crowd.tg.user("New")
        group.join(newcomer)

    def _say(self, chat: Room, text: str) -> None:
        by = chat.state.person or next(m.user for m in chat.state.members.values() if not m.user.is_bot)
        self._texts = [(chat, chat.text(by, text))]


def _is_of_the_menu(button: str) -> bool:
    return button.startswith(("Style: ", "‹"))


async def _size(data: Path) -> dict[str, int]:
    """What the process holds now, as it says itself, and bytes of all that it keeps."""

    def page() -> str:
        with urllib.request.urlopen(f"http://{METRICS}/metrics", timeout=120) as answer:
            return str(answer.read().decode())

    values = {}
    for line in (await asyncio.to_thread(page)).splitlines():
        name, _, value = line.partition(" ")
        values[name] = value
    database = await asyncio.to_thread(lambda: sum(file.stat().st_size for file in data.glob("*.db*")))
    return {
        "resident": int(float(values["process_resident_memory_bytes"])),
        "files": int(float(values["process_open_fds"])),
        "tasks": int(float(values[TASKS])),
        "database": database,
    }


async def _settled(jobs: Path, within: Seconds) -> None:
    """Wait until no note is left in the queue."""
    left = "SELECT count(*) FROM workflow_status WHERE status IN ('ENQUEUED', 'PENDING')"
    deadline = time.monotonic() + within
    with sqlite3.connect(jobs) as database:
        while database.execute(left).fetchone()[0] and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.5)


def _rows(data: Path) -> dict[str, int]:
    """How much is kept that has an end."""
    with sqlite3.connect(data / "forewarn.db") as store, sqlite3.connect(data / "jobs.db") as jobs:
        return {
            "verdicts": store.execute("SELECT count(*) FROM verdicts").fetchone()[0],
            "jobs": jobs.execute("SELECT count(*) FROM workflow_status").fetchone()[0],
        }


async def _grow_old(on: Stage, data: Path) -> None:
    """Let all that is kept be older than it may be, and the bot clean up after its next start."""
    await on.bot.terminate()
    with sqlite3.connect(data / "forewarn.db") as store, sqlite3.connect(data / "jobs.db") as jobs:
        store.execute("UPDATE verdicts SET heard_at = datetime(heard_at, '-31 days')")
        jobs.execute("UPDATE workflow_status SET completed_at = completed_at - 4 * 86400000")
    await on.bot.start()
    for _ in range(300):
        if not any(_rows(data).values()):
            return
        await asyncio.sleep(0.2)
