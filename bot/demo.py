"""`forewarn run` without a token, and `forewarn chat`: the bot in a Telegram of its own, on this machine.

It is the real bot, with all its handlers and jobs; only the Bot API server that it talks to is the project's
emulator. The visitors' chats are on a page in the browser. What the bot keeps of them lies in memory, where
the machine has a folder there, and goes when it ends.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot import app
from bot.chat.samples import SAMPLES, Sample, samples
from bot.chat.server import serving
from bot.emulator import people
from bot.emulator.server import Server
from bot.emulator.world import Message, User, World
from bot.logs import set_up_logs
from bot.settings import Settings
from bot.waiting import CANCEL
from models.verdict import Seconds

__all__ = ["ADDRESS", "SAMPLES", "chat", "run"]

ADDRESS = ("127.0.0.1", 8081)
"""Where the page is, unless something else is there."""
HOW_TO = """\
forewarn has no bot token yet. To make your bot (two minutes):

  1. In Telegram, open a chat with @BotFather and send /newbot; choose a name.
  2. Copy the token that it answers with into a file named .env here:
       FOREWARN_TOKEN=123456:ABC…
  3. Start forewarn again, and forward a voice note to your bot.
"""
TRY = """\
Or try all of it first, in a chat of its own on this machine; Ctrl-C ends it:

  {url}
"""
MEANWHILE = "Meanwhile, these are the warnings that a chat gets for the sample notes:\n"
IN_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder in it is made with a random name, for this user alone
PATIENCE: Seconds = 600.0
"""For one warning; the models may have to be fetched first."""


async def run(settings: Settings) -> None:
    """Print the guide and the bot's answer to each sample note; on a terminal, then keep the chat open.

    Raises:
        StartError: as the bot itself.
    """
    print(HOW_TO, flush=True)
    async with _telegram(settings) as (world, bot):
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            print(MEANWHILE, flush=True)
            await _until_ended(bot, _show_samples(world))
            return
        async with _page(world) as url:
            print(TRY.format(url=url))
            print(MEANWHILE, flush=True)
            await _until_ended(bot, _show_samples(world, then_stay=True))


async def chat(settings: Settings, host: str, port: int) -> None:
    """Serve the page until the process is told to stop.

    Raises:
        StartError: as the bot itself.
        OSError: nothing can be served there.
    """
    async with _telegram(settings) as (world, bot), serving(world, host, port) as url:
        print(f"forewarn: {url}", flush=True)
        await bot


@asynccontextmanager
async def _telegram(settings: Settings) -> AsyncIterator[tuple[World, Coroutine[Any, Any, None]]]:
    """A Telegram, and the bot in it, still to be awaited."""
    # Whoever tries a bot reads what it says, not its log.
    if "log_level" not in settings.model_fields_set:
        set_up_logs("WARNING", settings.log_format, None)
    world = World(User(8_100_000_001, "forewarn", username="forewarn_bot", is_bot=True))
    # A group would else have to make the bot an admin before it hears a note.
    world.privacy_mode = False
    server = Server(world, f"{world.bot.id}:{secrets.token_urlsafe(30)}")
    # A proxy for Telegram is none for this machine.
    direct = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    os.environ["no_proxy"] = f"{direct},127.0.0.1" if direct else "127.0.0.1"
    with tempfile.TemporaryDirectory(prefix="forewarn-", dir=_in_memory()) as folder:
        models = settings.data_dir.resolve() / "models"
        models.mkdir(parents=True, exist_ok=True)
        (Path(folder) / "models").symlink_to(models)  # what was converted once is kept
        await server.start()
        try:
            yield world, app.run(_alone(settings, server.url, Path(folder)), server.token)
        finally:
            await server.stop()


def _alone(settings: Settings, api_url: str, data_dir: Path) -> Settings:
    """The operator's settings, without what concerns Telegram, other machines and who may use the bot."""
    kept = {"engine", "wav2vec2_model", "wav2vec2_model_ru", "language_model", "language_model_ru"}
    alone = Settings.model_construct(**settings.model_dump(include=kept))
    return alone.model_copy(update={"api_url": api_url, "data_dir": data_dir})


def _in_memory() -> Path | None:
    return IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None


@asynccontextmanager
async def _page(world: World) -> AsyncIterator[str]:
    """The page, where it usually is or else wherever there is room."""
    host, port = ADDRESS
    try:
        async with serving(world, host, port) as url:
            yield url
    except OSError:
        async with serving(world, host, 0) as url:
            yield url


async def _until_ended(bot: Coroutine[Any, Any, None], visitor: Coroutine[Any, Any, None]) -> None:
    """Run the bot until the visitor goes, or until it ends by itself."""
    serves, visits = asyncio.ensure_future(bot), asyncio.ensure_future(visitor)
    await asyncio.wait([serves, visits], return_when=asyncio.FIRST_COMPLETED)
    if visits.done():
        signal.raise_signal(signal.SIGTERM)  # the bot ends as it always does
    visits.cancel()
    await serves
    if visits.done() and not visits.cancelled():
        visits.result()


async def _show_samples(world: World, *, then_stay: bool = False) -> None:
    for note in samples():
        warning = await _warning(world, note)
        print(f"  🎤 {note.file}  {_clock(note.seconds)}\n  ╰─ {_plain(warning)}\n", flush=True)
    if then_stay:
        await asyncio.Event().wait()


async def _warning(world: World, note: Sample) -> Message:
    """What the bot answers to somebody who forwards this note to it.

    Raises:
        StartError: nothing.
    """
    somebody = world.add_user(first_name="Anna", language_code=note.language)
    place = world.private(somebody)
    about = {"duration": round(note.seconds), "mime_type": "audio/ogg"}
    sent = people.send(world, place, somebody, "voice", note.data, about)

    def answer() -> Message | None:
        replies = (one for one in place.messages if one.reply_to is sent and not one.deleted)
        return next((one for one in replies if not _is_progress(one)), None)

    found = await world.changed.until(answer, PATIENCE)
    if found is None:
        raise app.StartError(f"{note.file} was not answered; the log above may say why.")
    world.forget([place], [somebody])
    return found


def _is_progress(message: Message) -> bool:
    rows = (message.markup or {}).get("inline_keyboard", [])
    return any(button.get("callback_data", "").startswith(CANCEL) for row in rows for button in row)


def _plain(message: Message) -> str:
    return str(message.content["text"])


def _clock(seconds: Seconds) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
