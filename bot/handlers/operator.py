"""What the one who runs the bot has of it: the door, and /admin."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog
from telegram import Bot, ChatMemberUpdated, Update
from telegram.constants import ChatType, ParseMode
from telegram.error import BadRequest, Forbidden
from telegram.ext import (
    ApplicationHandlerStop,
    BaseHandler,
    CommandHandler,
    ContextTypes,
    TypeHandler,
    filters,
)

from bot.courier import insist
from bot.handlers.replies import NEW_MESSAGE, answer_press, is_group, reply, texts_in
from bot.jobs import Jobs
from bot.limits import Door
from bot.logs import where
from bot.settings import Settings
from bot.store import Store
from bot.waiting import Queued
from bot.warnings import Texts
from models.analyzer import Analyzer
from models.verdict import Seconds

__all__ = ["gate", "handlers"]

log = structlog.get_logger(__name__)

PROCESS_STATUS = Path("/proc/self/status")
MB = 2**20


def gate(door: Door, store: Store) -> BaseHandler[Update, Any, Any]:
    """Comes before all others, and ends what is not admitted. Notes are turned away at the intake."""
    told: set[int] = set()

    async def turn_away(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        # A chat that the bot is not in may have the number of one that is let in, or not.
        chat = None if update.guest_message else update.effective_chat
        user = update.effective_user
        ids = (chat.id if chat else None, user.id if user else None)
        if door.admits(*ids):
            return
        try:
            if update.callback_query is not None:
                await answer_press(update.callback_query)
            elif chat is not None and _deserves_a_word(update) and door.is_kind_to(*ids):
                await tell(update, chat.id, context.bot)
        except Exception as error:
            # Any other error would be logged by the library, and then the update handled after all.
            log.warning("turned away without a word", error=type(error).__name__, at=where(error))
        raise ApplicationHandlerStop

    async def tell(update: Update, chat_id: int, bot: Bot) -> None:
        if chat_id in told:
            return
        told.add(chat_id)
        text = (await texts_in(update, store))("door-closed", chat=str(chat_id))
        # A group where the bot may not write needs no word.
        with suppress(BadRequest, Forbidden):
            await insist(lambda: bot.send_message(chat_id, text, ParseMode.HTML))

    return TypeHandler(Update, turn_away)


def _deserves_a_word(update: Update) -> bool:
    """Whoever writes in private, and a group that the bot comes into: its admins may ask the operator."""
    if update.message is not None:
        return update.message.chat.type == ChatType.PRIVATE
    return update.my_chat_member is not None and _joins_group(update.my_chat_member)


def _joins_group(change: ChatMemberUpdated) -> bool:
    return is_group(change.chat) and change.new_chat_member.status in (
        change.new_chat_member.MEMBER,
        change.new_chat_member.ADMINISTRATOR,
    )


def handlers(
    store: Store, jobs: Jobs, analyzer: Analyzer, door: Door, settings: Settings
) -> list[BaseHandler[Update, Any, Any]]:
    started = time.monotonic()

    async def admin(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message is None:
            return
        texts = await texts_in(update, store)
        line = await jobs.line()
        midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        ended = await jobs.outcomes(midnight)
        private, groups = await store.counts.chats_heard()
        text = texts(
            "admin",
            version=version("forewarn"),
            uptime=_span(time.monotonic() - started, texts),
            engine=escape(analyzer.describe(), quote=False),
            queue=len(line),
            oldest=texts("admin-oldest", age=_span(_oldest(line), texts)) if line else "",
            outcomes=" · ".join(f"{name} {count}" for name, count in ended.most_common()) or "–",
            memory=_memory() // MB,
            database=round(await _database_size(store, settings) / MB, 1),
            private=private,
            groups=groups,
            days=settings.keep_days,
        )
        await reply(message, text)

    owners = filters.User(door.owners)
    return [CommandHandler("admin", admin, NEW_MESSAGE & filters.ChatType.PRIVATE & owners)]


def _oldest(line: Sequence[Queued]) -> Seconds:
    return max(0.0, time.time() - min(queued.queued_at for queued in line))


def _span(seconds: Seconds, texts: Texts) -> str:
    """A stretch of time in its largest unit."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= length:
            return texts(f"span-{unit}", count=int(seconds // length))
    return texts("span-seconds", count=int(seconds))


def _memory() -> int:
    """Resident bytes of this process."""
    for line in PROCESS_STATUS.read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


async def _database_size(store: Store, settings: Settings) -> int:
    """Bytes of all that is kept, models apart."""
    if settings.database_url is not None:
        return await store.size()
    return sum(file.stat().st_size for file in settings.data_dir.glob("*.db*"))
