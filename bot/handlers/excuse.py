"""The excuse button under a warning."""

from __future__ import annotations

from contextlib import suppress
from html import escape
from typing import Any

from telegram import Message, Update
from telegram.error import BadRequest
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.courier import insist
from bot.handlers.replies import answer_press, is_group, reply, texts_in
from bot.store import Store
from bot.warnings.excuses import EXCUSE_DATA, excuse

__all__ = ["handlers"]


def handlers(store: Store) -> list[BaseHandler[Update, Any, Any]]:
    async def offer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None:
            return
        warning = query.message
        texts = await texts_in(update, store)
        if not isinstance(warning, Message):
            await answer_press(query, texts("excuse-gone"), alert=True)
            return
        await answer_press(query)
        if is_group(warning.chat):
            # In a group the excuse goes out for the one who pressed, once: the button leaves with it.
            text = texts("excuse-from", name=escape(query.from_user.full_name), excuse=excuse(texts))
            with suppress(BadRequest):
                await insist(lambda: warning.edit_reply_markup(None))
            await reply(warning.reply_to_message or warning, text)
        else:
            await reply(warning, texts("excuse-offer", excuse=excuse(texts)))

    return [CallbackQueryHandler(offer, pattern=f"^{EXCUSE_DATA}$")]
