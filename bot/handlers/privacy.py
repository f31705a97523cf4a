"""/privacy and /forget: what is kept of a chat, and its end."""

from __future__ import annotations

from typing import Any

from telegram import Update
from telegram.ext import BaseHandler, CommandHandler, ContextTypes

from bot.handlers.replies import NEW_MESSAGE, may_change, reply, texts_in
from bot.jobs import Jobs
from bot.store import Store

__all__ = ["handlers"]


def handlers(store: Store, jobs: Jobs, keep_days: int) -> list[BaseHandler[Update, Any, Any]]:
    async def privacy(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message is not None:
            await reply(update.message, (await texts_in(update, store))("privacy", days=keep_days))

    async def forget(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message is None:
            return
        texts = await texts_in(update, store)
        if not await may_change(context.bot, message.chat, message.from_user, message.sender_chat):
            await reply(message, texts("forget-admins-only"))
            return
        await store.forget_chat(message.chat_id)
        await jobs.forget_chat(message.chat_id)
        await reply(message, texts("forgotten"))

    return [CommandHandler("privacy", privacy, NEW_MESSAGE), CommandHandler("forget", forget, NEW_MESSAGE)]
