"""What nothing else answers to: in private a hint, and an end to the waiting sign of any old button."""

from __future__ import annotations

from typing import Any

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes, MessageHandler, filters

from bot.handlers.replies import NEW_MESSAGE, answer_press, reply, texts_in
from bot.store import Store

__all__ = ["handlers"]

SAID = filters.TEXT | filters.PHOTO | filters.Sticker.ALL


def handlers(store: Store) -> list[BaseHandler[Update, Any, Any]]:
    async def hint(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message is not None:
            await reply(update.message, (await texts_in(update, store))("private-hint"))

    async def old_button(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        if update.callback_query is not None:
            await answer_press(update.callback_query)

    return [
        MessageHandler(NEW_MESSAGE & filters.ChatType.PRIVATE & SAID, hint),
        CallbackQueryHandler(old_button),
    ]
