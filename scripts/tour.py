"""A picture of the bot at work: the real bot, real notes, and what a chat with it then looks like.

    python scripts/tour.py [--picture docs/images/tour.png] [--page PAGE.html]

The bot runs as its own process against the project's own Telegram, and the page is drawn from what stands in
the chats afterwards; nothing in it is written by hand. The picture is taken by Chromium, where there is one.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from models.audio import SAMPLE_RATE, decode  # noqa: E402
from tests.bot.conversation import FFMPEG, choose, press  # noqa: E402
from tests.telegram import BotProcess, Note, Room, TelegramEmulator, User  # noqa: E402

SAMPLES = ROOT / "bot" / "samples"
STYLES = (ROOT / "bot" / "chat" / "page" / "bubbles.css", Path(__file__).with_suffix(".css"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT, SCALE = 1120, 785, 1.5
"""The page in CSS pixels, and how many pixels of the picture each of them is."""
BARS = 26
"""Bars in the drawing of a voice note."""
HEARD = 120.0
"""Seconds to wait for a warning: the first one waits for the models."""
TAGS = {
    "bold": "b",
    "italic": "i",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "expandable_blockquote": "blockquote",
    "spoiler": 'span class="spoiler"',
}
TELEGRAMS_UNITS = "utf-16-le"
"""Entities count in units of this encoding, of two bytes each."""


async def story(tg: TelegramEmulator) -> list[tuple[Room, User]]:
    """What happens; returns the chats to draw, each as one person sees it."""
    anna, max_ = tg.user("Anna", language_code="en"), tg.user("Max", language_code="en")
    olga = tg.user("Ольга", language_code="ru")
    chat, theirs = tg.private(anna), tg.chat_with(anna)
    note = chat.forward(anna, theirs.voice(max_, SAMPLES / "birthday.oga"))
    warning = await note.reply(within=HEARD)
    await warning.press("excuse", by=anna)
    await chat.says("Tap it to copy")
    await chat.forward(anna, theirs.voice(max_, SAMPLES / "train.oga")).reply(within=HEARD)

    family = tg.group("Family", members=[max_, olga], admins=[anna])
    family.add_bot(by=anna, admin=True)
    await family.says("under each voice note")
    await family.voice(max_, SAMPLES / "new_job.oga").reply(within=HEARD)
    await family.voice(olga, SAMPLES / "obman.oga").reply(within=HEARD)

    settings = tg.private(max_)
    menu = await choose(settings, max_, "Style: detailed")
    await press(menu, "Back", by=max_)
    await menu.edited(containing="Each button shows")
    return [(chat, anna), (family, anna), (settings, max_)]


# --- drawing


async def page(views: list[tuple[Room, User]]) -> str:
    """Chats side by side."""
    chats = [await drawn(room, viewer) for room, viewer in views]
    style = "".join(file.read_text(encoding="utf-8") for file in STYLES)
    return (
        f'<!doctype html><meta charset="utf-8"><title>forewarn</title><style>{style}</style>{"".join(chats)}'
    )


async def drawn(room: Room, viewer: User) -> str:
    members = f"{len(room.state.members)} members" if room.state.members else "bot"
    said = [
        await bubble(Note(message, room.tg), viewer)
        for message in room.state.messages
        if not message.is_service and not message.deleted
    ]
    title = escape(room.state.title or room.tg.bot.first_name)
    return (
        f'<section class="chat"><header>{title}<small>{members}</small></header>'
        f"<main>{''.join(said)}</main></section>"
    )


async def bubble(note: Note, viewer: User) -> str:
    message = note.state
    name = message.sender.first_name if message.sender else ""
    own, by_bot = message.sender is viewer, message.sent_by_bot
    in_group = message.chat.type != "private"
    parts = [f'<div class="who">{escape(name)}</div>' if in_group and not own else ""]
    if origin := message.content.get("forward_origin"):
        parts.append(
            f'<div class="from">Forwarded from <b>{escape(origin["sender_user"]["first_name"])}</b></div>'
        )
    if note.reply_to is not None:
        parts.append(quote(note.reply_to))
    time = f'<span class="time">{datetime.fromtimestamp(message.date, UTC):%H:%M}</span>'
    if "voice" in message.content:
        parts.append(await voice(note.data))
    else:
        parts.append(f'<div class="text">{marked_up(note.text, note.entities)}</div>')
    parts.append(time)
    keyboard = "".join(map(row, (message.markup or {}).get("inline_keyboard", [])))
    kind = f"said{' own' * own}{' bot' * by_bot}"
    inner = f'<div class="bubble">{"".join(parts)}</div><div class="keys">{keyboard}</div>'
    return f'<div class="{kind}">{inner}</div>'


def row(buttons: list[dict[str, Any]]) -> str:
    labels = "".join(f"<button>{escape(button['text'])}</button>" for button in buttons)
    return f"<div>{labels}</div>"


def quote(note: Note) -> str:
    who = note.state.sender.first_name if note.state.sender else ""
    return f'<div class="quote"><b>{escape(who)}</b>{escape(note.text[:40]) or "Voice message"}</div>'


async def voice(data: bytes) -> str:
    """A player, with the note's own loudness for a wave."""
    sound = np.abs(await decode(data))
    loudest = [part.max(initial=0.0) for part in np.array_split(sound, BARS)]
    heights = [max(3, round(28 * float(loud / max(loudest)))) for loud in loudest]
    seconds = round(len(sound) / SAMPLE_RATE)
    bars = "".join(f'<i style="height:{height}px"></i>' for height in heights)
    return (
        f'<div class="voice"><button></button><div class="wave">{bars}</div>'
        f'<div class="length">{seconds // 60}:{seconds % 60:02}</div></div>'
    )


def marked_up(text: str, entities: list[dict[str, Any]]) -> str:
    """A message's text with its entities as HTML."""
    units = text.encode(TELEGRAMS_UNITS)

    def pieces(start: int, end: int, inner: list[dict[str, Any]]) -> Iterator[str]:
        while inner:
            first, *inner = inner
            at, after = first["offset"], first["offset"] + first["length"]
            nested = [one for one in inner if one["offset"] < after]
            inner = inner[len(nested) :]
            yield escape(units[2 * start : 2 * at].decode(TELEGRAMS_UNITS))
            tag = TAGS.get(first["type"], "span")
            yield f"<{tag}>{''.join(pieces(at, after, nested))}</{tag.split()[0]}>"
            start = after
        yield escape(units[2 * start : 2 * end].decode(TELEGRAMS_UNITS))

    return "".join(pieces(0, len(units) // 2, entities))


def photographed(html: Path, picture: Path) -> bool:
    """Take the picture; False where no browser is installed."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return False
    options = ["--headless", "--disable-gpu", "--hide-scrollbars", f"--force-device-scale-factor={SCALE}"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium's own sandbox refuses root
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        options += [f"--user-data-dir={folder}/profile", f"--window-size={WIDTH},{HEIGHT}"]
        _run(browser, *options, f"--screenshot={shot}", html.resolve().as_uri())
        # 256 colours are plenty for bubbles, and a quarter of the bytes.
        palette = "split[a][b];[a]palettegen[p];[b][p]paletteuse"
        _run(FFMPEG, "-y", "-i", str(shot), "-vf", palette, str(picture))
    return True


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=120, capture_output=True)


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--picture", type=Path, default=ROOT / "docs" / "images" / "tour.png")
    parser.add_argument("--page", type=Path, default=Path(tempfile.gettempdir()) / "tour.html")
    options = parser.parse_args()
    env = {"FOREWARN_ENGINE": "whisper"}
    with tempfile.TemporaryDirectory() as folder:
        async with TelegramEmulator() as tg, BotProcess(tg, Path(folder), env=env) as bot:
            await bot.wait_ready(within=HEARD)
            options.page.write_text(await page(await story(tg)), encoding="utf-8")
    print(f"{options.page}: open it in a browser")
    if photographed(options.page, options.picture):
        print(f"{options.picture}: {options.picture.stat().st_size // 1024} KB")
    else:
        print("No picture: it takes Chromium (Debian: apt-get install chromium fonts-noto-color-emoji).")


if __name__ == "__main__":
    asyncio.run(main())
