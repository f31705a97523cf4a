"""What nothing else answers to: in private a hint, and an end to the waiting sign of any old button."""

from __future__ import annotations

from typing import Any

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes, MessageHandler, filters

from bot.handlers.replies import NEW_MESSAGE, answer_press, reply, texts_in
from bot.store import Store

__all__ = ["handlers"]

SAID = ~filters.StatusUpdate.ALL


def handlers(store: Store) -> list[BaseHandler[Update, Any, Any]]:
    async def hint(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message is None:
            return
        album = message.media_group_id
        if album is not None and not await store.arrivals.is_first(message.chat_id, "album", album):
            return
        key = "paid-media" if message.paid_media else "private-hint"
        await reply(message, (await texts_in(update, store))(key))

    async def old_button(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        if update.callback_query is not None:
            await answer_press(update.callback_query)

    return [
        MessageHandler(NEW_MESSAGE & filters.ChatType.PRIVATE & SAID, hint),
        CallbackQueryHandler(old_button),
    ]
