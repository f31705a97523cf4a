"""How fast the whole bot is: its own process, a Telegram beside it, real notes. One JSON object a line.

    python scripts/benchmark_bot.py [--notes 20]

Each note is sent at another loudness, so that none is known from before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.bot.conversation import convert, sample  # noqa: E402
from tests.telegram import BotProcess, Note, Room, TelegramEmulator, User  # noqa: E402

SECONDS = "5"
AT_ONCE = 20


def five_seconds(count: int, language: str, folder: Path) -> Iterator[bytes]:
    """Different files of one note, looped or cut to five seconds."""
    source = folder / "whole.oga"
    source.write_bytes(sample("negative", language))
    for number in range(count):
        options = ("-af", f"aloop=-1:size=2e9,volume={0.6 + number / 100}", "-t", SECONDS)
        yield convert(source.read_bytes(), folder, "note.oga", *options, "-c:a", "libopus", "-b:a", "24k")


async def answered(note: Note) -> float:
    """Seconds from now until the note's warning."""
    started = time.monotonic()
    await note.reply(within=120)
    return time.monotonic() - started


async def one_by_one(chat: Room, person: User, sounds: list[bytes]) -> list[float]:
    """Lone notes: with less between them, the second that two warnings of a chat keep would be measured."""
    times = []
    for sound in sounds:
        await asyncio.sleep(1)
        times.append(await answered(chat.voice(person, sound)))
    return times


async def all_at_once(tg: TelegramEmulator, sounds: list[bytes]) -> tuple[float, float]:
    """Seconds until everybody has their warning, and the slowest /help meanwhile."""
    people = [tg.user(f"Friend {number}", language_code="en") for number in range(len(sounds))]
    started = time.monotonic()
    notes = [tg.private(who).voice(who, sound) for who, sound in zip(people, sounds, strict=True)]
    waiting = asyncio.gather(*(note.reply(within=300) for note in notes))
    anna = tg.user("Anna", language_code="en")
    chat, slowest = tg.private(anna), 0.0
    while not waiting.done():
        asked = time.monotonic()
        await chat.says(after=chat.text(anna, "/help"), within=60)
        slowest = max(slowest, time.monotonic() - asked)
        await asyncio.sleep(0.3)
    await waiting
    return time.monotonic() - started, slowest


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        async with TelegramEmulator() as tg:
            anna = tg.user("Anna", language_code="en")
            chat = tg.private(anna)
            english = list(five_seconds(1 + count + AT_ONCE, "en", path))
            russian = list(five_seconds(count, "ru", path))
            started = time.monotonic()
            first = chat.voice(anna, english[0])
            async with BotProcess(tg, path / "data", env={"FOREWARN_ENGINE": "whisper"}) as bot:
                await first.reply(within=120)
                report("first answer after the start", seconds=time.monotonic() - started)
                for language, sounds in (("en", english[1 : count + 1]), ("ru", russian)):
                    times = sorted(await one_by_one(chat, anna, sounds))
                    report(
                        f"5 s note, arrival to warning, {language}",
                        p50=statistics.median(times),
                        p95=times[int(0.95 * len(times))],
                        notes=len(times),
                    )
                seconds, slowest = await all_at_once(tg, english[count + 1 :])
                report(f"{AT_ONCE} notes at once, the last warning", seconds=seconds)
                report("/help meanwhile, the slowest", seconds=slowest)
                report("resident memory", megabytes=bot.memory / 2**20)


def report(name: str, **figures: float) -> None:
    print(json.dumps({"name": name, **{key: round(value, 3) for key, value in figures.items()}}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=20, help="lone notes in each language")
    asyncio.run(main(parser.parse_args().notes))
