"""The Cancel button under "you are third in line": for the one who asked, and for nobody else."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from telegram import Bot, Chat, Message, Update, User
from telegram.error import BadRequest
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.courier import insist
from bot.handlers.replies import answer_press, may_change, texts_in
from bot.store import ProgressMessage, Store
from bot.waiting import CANCEL, Waiting

__all__ = ["handlers"]

MOMENT = 1.0
"""Seconds."""
SECOND_TAP = 60.0
"""Seconds in which a second tap on a button may come that was there when it was sent."""


def handlers(store: Store, waiting: Waiting) -> list[BaseHandler[Update, Any, Any]]:
    # The job of a cancelled note may have ended, and its row be gone, before its message says so.
    confirmed: set[tuple[int, int]] = set()

    async def cancel(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None:
            return
        said = query.message
        if not isinstance(said, Message):
            await answer_press(query)
            return
        texts = await texts_in(update, store)
        told = await told_by(said)
        if _is_confirmation(said) or _place(said) in confirmed or (told is not None and told.cancelled):
            await answer_press(query, texts("cancelled"))
        elif told is None:
            # The note was answered this moment, or the bot ended before it could remember this message.
            await answer_press(query, texts("cancel-too-late"))
            with suppress(BadRequest):
                await insist(said.delete)
        elif not await _may_cancel(told, query.from_user, said.chat, context.bot):
            await answer_press(query, texts("cancel-not-yours"), alert=True)
        elif not await waiting.cancel(told):
            await answer_press(query, texts("cancel-too-late"))
        else:
            confirmed.add(_place(said))
            asyncio.get_running_loop().call_later(SECOND_TAP, confirmed.discard, _place(said))
            await answer_press(query)
            with suppress(BadRequest):
                await insist(lambda: said.edit_text(texts("cancelled")))

    async def told_by(said: Message) -> ProgressMessage | None:
        told = await store.progress.at(said.chat_id, said.message_id)
        if told is None and not _is_confirmation(said):
            # Pressed at once: Telegram shows a message a moment before it is remembered here.
            await asyncio.sleep(MOMENT)
            told = await store.progress.at(said.chat_id, said.message_id)
        return told

    return [CallbackQueryHandler(cancel, pattern=f"^{CANCEL}$")]


def _is_confirmation(said: Message) -> bool:
    """A message that says "cancelled" has no button any more; one who pressed it saw it as it was before."""
    return said.reply_markup is None


def _place(said: Message) -> tuple[int, int]:
    return said.chat_id, said.message_id


async def _may_cancel(told: ProgressMessage, user: User, chat: Chat, bot: Bot) -> bool:
    """Whoever asked may; where that was an anonymous admin, any admin."""
    return told.asker_id == user.id if told.asker_id is not None else await may_change(bot, chat, user)
