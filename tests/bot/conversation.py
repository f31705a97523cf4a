"""What the tests of conversations share: the notes that people send, and the bot that hears them."""

from __future__ import annotations

import csv
import subprocess
from functools import cache
from pathlib import Path

import imageio_ffmpeg

from bot import demo, notes
from tests.telegram import Note, Room, User

__all__ = ["FFMPEG", "PLAIN", "choose", "convert", "press", "sample", "silence", "words_of"]

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
PLAIN = notes.Note(
    message_id=1,
    sent_at=0,
    file_id="f",
    file_unique_id="u",
    file_size=None,
    duration=None,
    chat_id=1,
    reply_to=1,
    thread_id=None,
    private=True,
    asked=False,
    language_code=None,
)
"""A voice note in private as the bot's own code has it; `replace` what matters."""


@cache
def _samples() -> dict[tuple[str, str], list[dict[str, str]]]:
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    with (demo.SAMPLES / "samples.tsv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            found.setdefault((row["language"], row["tone"]), []).append(row)
    return found


def sample(tone: str, language: str = "en") -> bytes:
    """A real OGG/Opus note of this tone."""
    return (demo.SAMPLES / _samples()[language, tone][0]["file"]).read_bytes()


def words_of(tone: str, language: str = "en") -> list[str]:
    """What is said in `sample`, the longer words only: short ones can stand anywhere."""
    said = _samples()[language, tone][0]["transcript"].lower()
    return [word for word in "".join(c if c.isalpha() else " " for c in said).split() if len(word) > 4]


def convert(data: bytes, folder: Path, name: str, *options: str) -> bytes:
    """The same sound in another container, named by its suffix."""
    source, target = folder / "source", folder / name
    source.write_bytes(data)
    _ffmpeg("-i", str(source), *options, str(target))
    return target.read_bytes()


def silence(folder: Path, seconds: int = 4) -> bytes:
    target = folder / "silence.oga"
    quickly = ("-c:a", "libopus", "-compression_level", "0", "-frame_duration", "60")
    _ffmpeg("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", str(seconds), *quickly, str(target))
    return target.read_bytes()


def _ffmpeg(*arguments: str) -> None:
    command = [FFMPEG, "-nostdin", "-y", "-loglevel", "error", *arguments]
    subprocess.run(command, check=True, timeout=120)


async def press(menu: Note, button: str, *, by: User) -> str | None:
    """Press a button of a message that edits itself, once it is there; returns the toast."""
    await menu.tg.until(lambda: button in str(menu.buttons), 10, f"a button {button!r}", menu.state.chat)
    return (await menu.press(button, by=by)).text


async def choose(chat: Room, person: User, *choices: str) -> Note:
    """Open /settings and choose, each as the menu names it: `"Style: brief"`. Returns the menu."""
    menu = await chat.says("Settings", after=chat.text(person, "/settings"))
    for number, (topic, _, choice) in enumerate(chosen.partition(": ") for chosen in choices):
        if number:
            await press(menu, "Back", by=person)
        await press(menu, f"{topic}: ", by=person)
        await menu.tg.until(lambda: "‹" in str(menu.buttons), 10, f"the choices of {topic}", chat.state)
        await press(menu, choice, by=person)
    return menu
