"""/tone: the tone of a text. As a reply to a note it is a job, see `bot.intake`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from telegram import Message, Update
from telegram.ext import BaseHandler, CommandHandler, ContextTypes

from bot.expiry import Expiry
from bot.handlers.replies import NEW_MESSAGE, reply, texts_in
from bot.store import ShowTranscript, Store
from bot.warnings import phrase
from models.analyzer import Analyzer

__all__ = ["handlers"]


def handlers(store: Store, analyzer: Analyzer, expiry: Expiry) -> list[BaseHandler[Update, Any, Any]]:
    async def tone(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message is None:
            return
        texts = await texts_in(update, store)
        text = " ".join(context.args or []) or _replied_text(message)
        if text is None:
            await reply(message, texts("tone-nothing" if _replied(message) else "tone-how"))
            return
        [verdict] = await analyzer.judge([text])
        # Who asks about a text has read it: no need to show it again.
        chat = replace(await store.chat(message.chat_id), transcript=ShowTranscript.OFF)
        said = await reply(message, phrase(verdict, chat, texts).html)
        await expiry.begin(said.chat_id, said.message_id, chat)

    return [CommandHandler("tone", tone, NEW_MESSAGE)]


def _replied(message: Message) -> Message | None:
    """What `message` replies to. In a topic, Telegram lets every message reply to the topic's first one."""
    replied = message.reply_to_message
    return None if replied is None or replied.forum_topic_created else replied


def _replied_text(message: Message) -> str | None:
    replied = _replied(message)
    text = replied and (replied.text or replied.caption)
    return text if text and text.strip() else None
