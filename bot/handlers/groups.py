"""Coming into a group or a channel and leaving it, and a group that becomes a supergroup."""

from __future__ import annotations

from typing import Any

from telegram import ChatMember, ChatMemberUpdated, Update
from telegram.constants import ChatType, ParseMode
from telegram.error import BadRequest, Forbidden
from telegram.ext import BaseHandler, ChatMemberHandler, ContextTypes, MessageHandler, filters

from bot.courier import insist
from bot.handlers.replies import NEW_MESSAGE, is_group, texts_in
from bot.store import Obstacle, Store
from bot.warnings import texts_for

__all__ = ["handlers"]

OUTSIDE = (ChatMember.LEFT, ChatMember.BANNED)
"""In private, `BANNED` means that the user blocked the bot."""


def handlers(store: Store) -> list[BaseHandler[Update, Any, Any]]:
    async def moved(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        change = update.my_chat_member
        if change is None:
            return
        if change.new_chat_member.status in OUTSIDE:
            await store.hinder(change.chat.id, Obstacle.CLOSED)
            return
        for obstacle in Obstacle:
            await store.clear(change.chat.id, obstacle)
        if change.old_chat_member.status not in OUTSIDE:
            return
        if is_group(change.chat):
            await greet(change, update, context)
        elif change.chat.type == ChatType.CHANNEL:
            await explain(change, context)

    async def greet(change: ChatMemberUpdated, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        texts = await texts_in(update, store)
        # Asked anew: whoever follows the advice below adds the bot again, and must not read it again.
        me = await insist(context.bot.get_me)
        sees_all = me.can_read_all_group_messages or change.new_chat_member.status == ChatMember.ADMINISTRATOR
        try:
            await insist(
                lambda: context.bot.send_message(
                    change.chat.id,
                    texts("joined-sees-all" if sees_all else "joined-sees-commands"),
                    parse_mode=ParseMode.HTML,
                )
            )
        except (BadRequest, Forbidden):
            return  # a group where the bot may not write needs no greeting

    async def explain(change: ChatMemberUpdated, context: ContextTypes.DEFAULT_TYPE) -> None:
        """In a channel the bot would speak to all its readers, so it tells the one who added it alone."""
        person = change.from_user
        texts = texts_for((await store.chat(person.id)).language, person.language_code)
        try:
            await insist(lambda: context.bot.send_message(person.id, texts("joined-channel")))
        except (BadRequest, Forbidden):
            return  # they never wrote to the bot

    async def migrated(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message is not None and message.migrate_to_chat_id is not None:
            await store.move_chat(message.chat_id, message.migrate_to_chat_id)

    return [
        ChatMemberHandler(moved, ChatMemberHandler.MY_CHAT_MEMBER),
        MessageHandler(NEW_MESSAGE & filters.StatusUpdate.MIGRATE, migrated),
    ]
