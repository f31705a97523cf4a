"""The excuse button under a warning."""

from __future__ import annotations

from html import escape
from typing import Any

from telegram import Message, Update
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.courier import insist
from bot.handlers.replies import is_group, reply, texts_in
from bot.store import Store
from bot.warnings.excuses import EXCUSE_DATA, excuse

__all__ = ["handlers"]


def handlers(store: Store) -> list[BaseHandler[Update, Any, Any]]:
    async def offer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None:
            return
        warning = query.message
        if not isinstance(warning, Message):
            await query.answer()
            return
        texts = await texts_in(update, store)
        await query.answer()
        if is_group(warning.chat):
            # In a group the excuse goes out for the one who pressed, once: the button leaves with it.
            text = texts("excuse-from", name=escape(query.from_user.full_name), excuse=excuse(texts))
            await insist(lambda: warning.edit_reply_markup(None))
            await reply(warning.reply_to_message or warning, text)
        else:
            await reply(warning, texts("excuse-offer", excuse=excuse(texts)))

    return [CallbackQueryHandler(offer, pattern=f"^{EXCUSE_DATA}$")]
