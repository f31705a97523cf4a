"""/check: how a note will sound, before it is sent to anybody. The note itself is a job: see `bot.intake`."""

from __future__ import annotations

from typing import Any

from telegram import ForceReply, Update
from telegram.ext import BaseHandler, CommandHandler, ContextTypes, filters

from bot.checks import Checks
from bot.courier import insist
from bot.handlers.inline import TO_CHECK
from bot.handlers.replies import NEW_MESSAGE, is_group, reply, texts_in
from bot.store import Store
from bot.warnings.checks import question

__all__ = ["handlers"]

FROM_INLINE = filters.ChatType.PRIVATE & filters.Regex(rf"^/start {TO_CHECK}$")


def handlers(store: Store, checks: Checks) -> list[BaseHandler[Update, Any, Any]]:
    async def check(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message is None:
            return
        texts = await texts_in(update, store)
        if is_group(message.chat):
            await reply(message, texts("check-in-private"))
            return
        await checks.expect(message.chat_id)
        answer_here = ForceReply(input_field_placeholder=texts("check-placeholder"))
        await insist(lambda: message.reply_text(question(texts), reply_markup=answer_here))

    return [
        CommandHandler("check", check, NEW_MESSAGE),
        CommandHandler("start", check, NEW_MESSAGE & FROM_INLINE),
    ]
