"""The excuse button under a warning."""

from __future__ import annotations

from contextlib import suppress
from html import escape
from typing import Any

from telegram import InlineKeyboardMarkup, Message, Update
from telegram.error import BadRequest
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.courier import insist
from bot.handlers.replies import answer_press, is_group, reply, texts_in
from bot.store import Store
from bot.warnings.excuses import EXCUSE, OCCASIONS, Excuses, copy_button

__all__ = ["handlers"]


def handlers(store: Store) -> list[BaseHandler[Update, Any, Any]]:
    excuses = Excuses()

    async def offer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None or query.data is None:
            return
        warning = query.message
        texts = await texts_in(update, store)
        if not isinstance(warning, Message):
            await answer_press(query, texts("excuse-gone"), alert=True)
            return
        await answer_press(query)
        # Warnings of earlier versions name no occasion: they offered excuses for negative notes alone.
        wanted = query.data.removeprefix(EXCUSE).removeprefix(":")
        occasion = next((one for one in OCCASIONS if one == wanted), OCCASIONS[0])
        excuse = excuses.pick(warning.chat_id, occasion, texts)
        if is_group(warning.chat):
            # In a group the excuse goes out for the one who pressed, once: the button leaves with it.
            await _take_button(warning, query.data)
            text = texts("excuse-from", name=escape(query.from_user.full_name), excuse=excuse)
            await reply(warning.reply_to_message or warning, text)
        else:
            copy = InlineKeyboardMarkup([[copy_button(texts, excuse)]])
            await reply(warning, texts("excuse-offer", excuse=excuse), copy)

    return [CallbackQueryHandler(offer, pattern=rf"^{EXCUSE}(:\w+)?$")]


async def _take_button(warning: Message, data: str) -> None:
    """Take the button with `data` off the warning and leave the others."""
    rows = warning.reply_markup.inline_keyboard if warning.reply_markup else ()
    left = [kept for row in rows if (kept := [button for button in row if button.callback_data != data])]
    with suppress(BadRequest):
        await insist(lambda: warning.edit_reply_markup(InlineKeyboardMarkup(left) if left else None))
