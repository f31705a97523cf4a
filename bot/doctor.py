"""`forewarn doctor`: is everything here that the bot needs, and what to do about what is not."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Awaitable, Callable

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.listener import Progress, analyzer_options
from bot.settings import ConfigurationError, Settings
from bot.store import Store, StoreError
from models.analyzer import Analyzer, AudioToolMissing, EngineUnavailable, describe_decoder

__all__ = ["run"]

FREE_GB = 1
PROBLEMS = (AudioToolMissing, ConfigurationError, EngineUnavailable, OSError, StoreError)


class _Unwell(Exception):
    """A check that failed; the message says what to do."""


async def run(settings: Settings) -> int:
    """Print one line a check; the exit code is 1 if any failed."""
    checks: dict[str, Callable[[Settings], Awaitable[str]]] = {
        "python": _python,
        "ffmpeg": _ffmpeg,
        "data folder": _data_folder,
        "database": _database,
        "models": _models,
        "telegram": _telegram,
    }
    well = True
    for name, check in checks.items():
        try:
            print(f"✓ {name:<12} {await check(settings)}", flush=True)
        except (_Unwell, *PROBLEMS) as error:
            well = False
            print(f"✗ {name:<12} {error}", flush=True)
    return 0 if well else 1


async def _python(_: Settings) -> str:
    return sys.version.split()[0]


async def _ffmpeg(_: Settings) -> str:
    return await describe_decoder()


async def _data_folder(settings: Settings) -> str:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    probe = settings.data_dir / ".probe"
    probe.write_bytes(b"")
    probe.unlink()
    free = shutil.disk_usage(settings.data_dir).free / 2**30
    if free < FREE_GB:
        raise _Unwell(f"{settings.data_dir}: only {free:.1f} GB free; make room or set FOREWARN_DATA_DIR")
    return f"{settings.data_dir}, {free:.0f} GB free"


async def _database(settings: Settings) -> str:
    store = await Store.open(settings.store_url())
    await store.close()
    return "PostgreSQL" if settings.database_url else "SQLite"


async def _models(settings: Settings) -> str:
    async with await Analyzer.open(analyzer_options(settings), Progress()) as analyzer:
        return analyzer.describe()


async def _telegram(settings: Settings) -> str:
    token = settings.bot_token()
    if token is None:
        raise _Unwell("no token; get one from @BotFather (/newbot) and put FOREWARN_TOKEN=… into .env")
    try:
        async with Bot(token, base_url=f"{settings.api_url.rstrip('/')}/bot") as bot:
            me = bot.bot
    except InvalidToken:
        raise _Unwell("Telegram does not know this token; copy it again from @BotFather (/mybots)") from None
    except TelegramError as error:
        raise _Unwell(f"cannot be reached ({type(error).__name__}); check the network") from None
    sees = (
        "all notes in groups" if me.can_read_all_group_messages else "only commands in groups (/setprivacy)"
    )
    business = "can" if me.can_connect_to_business else "cannot (@BotFather: Bot Settings → Business Mode)"
    inline, guest = ("on" if on else "off" for on in (me.supports_inline_queries, me.supports_guest_queries))
    return (
        f"@{me.username}, sees {sees}, {business} be connected to people's accounts; "
        f"inline mode {inline}, guest mode {guest}"
    )
