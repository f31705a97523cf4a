"""/tone, or the bot's name in a group: the tone of a text. On a note it is a job, see `bot.intake`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from telegram import Message, Update
from telegram.ext import BaseHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.expiry import Expiry
from bot.handlers.replies import NEW_MESSAGE, is_group, reply, texts_in
from bot.notes import mentions, speaker_of
from bot.sensitivity import lean, leaning
from bot.store import ChatSettings, ShowTranscript, Store
from bot.warnings import Texts, phrase
from models.analyzer import Analyzer

__all__ = ["handlers"]


def handlers(store: Store, analyzer: Analyzer, expiry: Expiry) -> list[BaseHandler[Update, Any, Any]]:
    async def tone(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message is None:
            return
        texts, chat = await texts_in(update, store), await store.chat(message.chat_id)
        words = context.args or ()
        said = await reply(
            message, await tone_of(message, message.chat_id, chat, texts, store, analyzer, words)
        )
        await expiry.begin(said.chat_id, said.message_id, chat)

    return [CommandHandler("tone", tone, NEW_MESSAGE), MessageHandler(NEW_MESSAGE & _Named(), tone)]


class _Named(filters.MessageFilter):
    """The bot's name in a reply, in a group, to someone else."""

    def filter(self, message: Message) -> bool:
        bot, replied = message.get_bot(), _replied(message)
        of_others = replied is not None and (replied.from_user is None or replied.from_user.id != bot.id)
        return of_others and is_group(message.chat) and mentions(message, bot.username)


async def tone_of(
    message: Message,
    chat_id: int,
    chat: ChatSettings,
    texts: Texts,
    store: Store,
    analyzer: Analyzer,
    words: Sequence[str] = (),
) -> str:
    """The answer to whoever asks in `message` about `words`, or about the text that it replies to. HTML.

    `chat_id`: whose settings `chat` are and whose corrections count; a guest's message has another.
    """
    if not words and await _is_declined(_replied(message), message, store):
        return texts("unusable-declined")
    text = " ".join(words) or _replied_text(message)
    if text is None and message.reply_to_message and message.reply_to_message.paid_media:
        return texts("paid-media")
    if text is None:
        return texts("tone-nothing" if _replied(message) else "tone-how")
    [heard] = await analyzer.judge([text])
    verdict = lean(heard, leaning(chat.sensitivity, await store.people.corrections(chat_id)))
    # Who asks about a text has read it: no need to show it again.
    return phrase(verdict, replace(chat, transcript=ShowTranscript.OFF), texts).html


def _replied(message: Message) -> Message | None:
    """What `message` replies to. In a topic, Telegram lets every message reply to the topic's first one."""
    replied = message.reply_to_message
    return None if replied is None or replied.forum_topic_created else replied


async def _is_declined(replied: Message | None, request: Message, store: Store) -> bool:
    """Whether somebody asks about the text of another who opted out."""
    author = speaker_of(replied) if replied else None
    return author is not None and author != speaker_of(request) and await store.people.has_opted_out(author)


def _replied_text(message: Message) -> str | None:
    replied = _replied(message)
    text = replied and (replied.text or replied.caption)
    return text if text and text.strip() else None
