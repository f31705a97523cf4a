"""/start and /help: what the bot is and how to use it."""

from __future__ import annotations

from typing import Any

from telegram import Update
from telegram.ext import BaseHandler, CommandHandler, ContextTypes

from bot.handlers.replies import NEW_MESSAGE, is_group, reply, texts_in
from bot.store import Store

__all__ = ["handlers"]


def handlers(store: Store) -> list[BaseHandler[Update, Any, Any]]:
    async def start(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message is not None:
            texts = await texts_in(update, store)
            await reply(update.message, texts("start-group" if is_group(update.message.chat) else "start"))

    async def help_(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message is None:
            return
        texts, me = await texts_in(update, store), context.bot.bot
        guest = "\n" + texts("guest-help", name=me.username or "") if me.supports_guest_queries else ""
        await reply(update.message, texts("help", elsewhere=guest))

    return [CommandHandler("start", start, NEW_MESSAGE), CommandHandler("help", help_, NEW_MESSAGE)]
