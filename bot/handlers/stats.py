"""/stats: how a chat's notes sounded lately, as a picture and in figures. No names, no words."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from telegram import Message, Update
from telegram.constants import ParseMode
from telegram.error import BadRequest
from telegram.ext import BaseHandler, CommandHandler, ContextTypes

from bot.chart import COLOURS, DAYS, by_day, draw
from bot.courier import insist
from bot.handlers.replies import NEW_MESSAGE, is_group, may_change, reply, texts_in
from bot.sensitivity import lean, leaning
from bot.store import ChatSettings, HeatNotice, Store
from bot.warnings import Texts
from bot.warnings.quiet import local_time
from models.verdict import TONES, Tone

__all__ = ["handlers"]


def handlers(store: Store) -> list[BaseHandler[Update, Any, Any]]:
    async def stats(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message is None:
            return
        texts = await texts_in(update, store)
        if not await may_change(context.bot, message.chat, message.from_user, message.sender_chat):
            await reply(message, texts("stats-admins-only"))
            return
        chat = await store.chat(message.chat_id)
        now = local_time(chat, texts.language, datetime.now(UTC))
        since = (now - timedelta(days=DAYS - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
        by = leaning(chat.sensitivity, await store.people.corrections(message.chat_id))
        tones = [(at, lean(heard, by).tone) for at, heard in await store.heard(message.chat_id, since)]
        days = by_day(tones, now.date(), now.tzinfo or UTC)
        heats = await store.counts.heats(message.chat_id, since)
        text = _in_figures(days, chat, heats, texts)
        if any(tones.total() for tones in days.values()):
            await _show(message, await asyncio.to_thread(draw, days), text)
        else:
            await reply(message, texts("stats-none", days=DAYS))

    return [CommandHandler("stats", stats, NEW_MESSAGE)]


def _in_figures(days: Mapping[date, Counter[Tone]], chat: ChatSettings, heats: int, texts: Texts) -> str:
    """What the picture shows, for whoever does not see it."""
    whole: Counter[Tone] = Counter()
    for tones in days.values():
        whole.update(tones)
    busiest = max(days, key=lambda day: days[day].total())
    legend = " · ".join(f"{COLOURS[tone][0]} {texts(f'stats-{tone}', count=whole[tone])}" for tone in TONES)
    lines = [
        texts("stats", days=len(days), count=whole.total()),
        legend,
        texts("stats-busiest", day=f"{busiest:%d.%m}", count=days[busiest].total()),
    ]
    if chat.heat is not HeatNotice.OFF:
        lines.append(texts(f"stats-heat-{chat.heat}", count=heats))
    return "\n".join(lines)


async def _show(message: Message, picture: bytes, caption: str) -> None:
    try:
        await insist(
            lambda: message.reply_photo(
                picture, caption=caption, parse_mode=ParseMode.HTML, do_quote=is_group(message.chat)
            )
        )
    except BadRequest:
        # A group may take no pictures; the figures say the same.
        await reply(message, caption)
