"""What every conversation needs: the chat's language, a reply that gets through, and who is an admin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from telegram import Bot, CallbackQuery, Chat, InlineKeyboardMarkup, Message, Update, User
from telegram.constants import ChatMemberStatus, ChatType, ParseMode
from telegram.error import BadRequest, Forbidden
from telegram.ext import filters

from bot.courier import NO_PREVIEW, insist, unchanged_is_fine
from bot.store import Store
from bot.store.chat import ChatLanguage
from bot.warnings import Texts, texts_for

__all__ = ["NEW_MESSAGE", "answer_press", "change", "is_group", "may_change", "reply", "texts_in"]

NEW_MESSAGE = filters.UpdateType.MESSAGE
"""Plain filters also match edited, channel and business messages."""

ADMINS = (ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.OWNER)


async def texts_in(update: Update, store: Store) -> Texts:
    """The sentences for whoever sent `update`, in their chat."""
    chat, user = update.effective_chat, update.effective_user
    chosen = ChatLanguage.AUTO if chat is None else (await store.chat(chat.id)).language
    return texts_for(chosen, user.language_code if user else None)


async def reply(
    message: Message, html: str, keyboard: InlineKeyboardMarkup | None = None, *, under: bool = False
) -> Message:
    """Answer `message` where it was asked: in its topic and, in groups or if so asked, under it.

    Returns the answer.
    """
    return await insist(
        lambda: message.reply_text(
            html,
            parse_mode=ParseMode.HTML,
            do_quote=under or is_group(message.chat),
            allow_sending_without_reply=True,
            reply_markup=keyboard,
            link_preview_options=NO_PREVIEW,
        )
    )


async def change(edit: Callable[[], Awaitable[object]]) -> None:
    """Edit a message of the bot. Two quick presses can ask for the same change twice."""
    with unchanged_is_fine():
        await insist(edit)


async def answer_press(query: CallbackQuery, text: str | None = None, *, alert: bool = False) -> None:
    """Take the waiting sign off a button. One pressed too long ago wants no answer any more."""
    with suppress(BadRequest):
        await insist(lambda: query.answer(text, show_alert=alert))


def is_group(chat: Chat) -> bool:
    return chat.type in (ChatType.GROUP, ChatType.SUPERGROUP)


async def may_change(bot: Bot, chat: Chat, user: User | None, sender_chat: Chat | None = None) -> bool:
    """Whether this person may change what the chat chose: anyone in private, admins in a group.

    An anonymous admin writes as the group itself (`sender_chat`); a button press shows the real user.
    """
    if not is_group(chat):
        return True
    if sender_chat is not None:
        return sender_chat.id == chat.id
    if user is None:
        return False
    try:
        member = await insist(lambda: bot.get_chat_member(chat.id, user.id))
    except (BadRequest, Forbidden):
        return False
    return member.status in ADMINS
