"""Inline mode: someone types the bot's name in any chat.

Telegram hands no files to an inline bot, so no note can be heard there. What can be done is to say so, and to
show the way to where one can.
"""

from __future__ import annotations

from typing import Any

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    Update,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest
from telegram.ext import BaseHandler, ContextTypes, InlineQueryHandler
from telegram.helpers import create_deep_linked_url

from bot.courier import NO_PREVIEW, insist
from bot.store.chat import ChatLanguage
from bot.warnings import texts_for

__all__ = ["TO_CHECK", "handlers"]

TO_CHECK = "check"
"""What comes with /start from here: whoever presses it has a note to check."""
KEPT_BY_TELEGRAM = 3600
"""Seconds; the answer depends on nothing but the language."""


def handlers() -> list[BaseHandler[Update, Any, Any]]:
    async def typed(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.inline_query
        if query is None:
            return
        texts = texts_for(ChatLanguage.AUTO, query.from_user.language_code)
        way = InlineKeyboardButton(
            texts("inline-title"), create_deep_linked_url(context.bot.username, TO_CHECK)
        )
        article = InlineQueryResultArticle(
            TO_CHECK,
            texts("inline-title"),
            InputTextMessageContent(texts("inline-said"), ParseMode.HTML, link_preview_options=NO_PREVIEW),
            InlineKeyboardMarkup([[way]]),
            description=texts("inline-about"),
        )
        button = InlineQueryResultsButton(texts("inline-button"), start_parameter=TO_CHECK)
        try:
            await insist(
                lambda: query.answer([article], cache_time=KEPT_BY_TELEGRAM, is_personal=True, button=button)
            )
        except BadRequest:
            return  # whoever typed has typed on, and their next letter is another query

    return [InlineQueryHandler(typed)]
