"""Guest mode: someone calls the bot by its name in a chat that it is not in, in reply to a note or a text.

Telegram shows it that message and what it replies to, and takes one answer, within seconds, that can be
edited later. So a note is answered at once with a word that the bot listens, and its job puts the verdict
there. The number of the chat is not to be used: another chat that the bot is in may have the same.
"""

from __future__ import annotations

from typing import Any

import structlog
from telegram import InlineQueryResultArticle, InputTextMessageContent, Message, Update
from telegram.constants import ParseMode
from telegram.error import BadRequest
from telegram.ext import BaseHandler, ContextTypes, MessageHandler, filters

from bot.courier import NO_PREVIEW, insist
from bot.handlers.tone import tone_of
from bot.jobs import Jobs
from bot.notes import from_a_bot, guest_note, holds_sound
from bot.store import Store
from bot.warnings import Texts, texts_for
from models.analyzer import Analyzer

__all__ = ["handlers"]

log = structlog.get_logger(__name__)


def handlers(store: Store, jobs: Jobs, analyzer: Analyzer) -> list[BaseHandler[Update, Any, Any]]:
    async def called(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.guest_message
        if message is None or message.from_user is None or from_a_bot(message):
            return
        asker = message.from_user
        chat = (await store.chat(asker.id)).as_guest()
        texts = texts_for(chat.language, asker.language_code)
        if message.reply_to_message is None:
            await answer(message, texts("guest-how"), texts)
        elif not holds_sound(message.reply_to_message):
            await answer(message, await tone_of(message, asker.id, chat, texts, store, analyzer), texts)
        else:
            inline_id = await answer(message, texts("guest-listening"), texts)
            note = guest_note(message, inline_id) if inline_id is not None else None
            if note is not None:
                await jobs.submit(note)

    return [MessageHandler(filters.UpdateType.GUEST_MESSAGE, called)]


async def answer(message: Message, html: str, texts: Texts) -> str | None:
    """Say the one thing that may be said; its number, or None if Telegram does not wait for it any more."""
    said = InputTextMessageContent(html, ParseMode.HTML, link_preview_options=NO_PREVIEW)
    article = InlineQueryResultArticle("tone", texts("inline-title"), said)
    try:
        sent = await insist(lambda: message.answer_guest_query(article))
    except BadRequest as error:
        log.info("guest not answered", reason=error.message)
        return None
    return sent.inline_message_id
