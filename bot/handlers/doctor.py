"""/doctor: whether the bot can do here what it is for, and what to do about what it cannot.

`forewarn doctor` asks the same of the machine. This one asks Telegram about the
chat; in a group, for its admins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import Any

from telegram import (
    Bot,
    ChatFullInfo,
    ChatMember,
    ChatMemberRestricted,
    Message,
    ReactionTypeEmoji,
    Update,
    User,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden
from telegram.ext import BaseHandler, CommandHandler, ContextTypes

from bot.courier import insist
from bot.handlers.replies import NEW_MESSAGE, is_group, may_change, reply, texts_in
from bot.jobs import Jobs
from bot.store import ChatSettings, Store, Style
from bot.waiting import Waiting
from bot.warnings import Texts
from bot.warnings.phrase import ALL_REACTIONS
from models.analyzer import Analyzer
from models.verdict import Seconds

__all__ = ["handlers"]

LONG_DELAY: Seconds = 60.0


@dataclass(frozen=True, slots=True)
class _Finding:
    """One line of the answer."""

    well: bool
    html: str


def handlers(
    store: Store, jobs: Jobs, waiting: Waiting, analyzer: Analyzer
) -> list[BaseHandler[Update, Any, Any]]:
    async def doctor(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message is None:
            return
        texts = await texts_in(update, store)
        if not await may_change(context.bot, message.chat, message.from_user, message.sender_chat):
            await reply(message, texts("doctor-admins-only"))
            return
        me = await insist(context.bot.get_me)
        if is_group(message.chat):
            findings = await _about_group(context.bot, message.chat_id, me, store, texts)
        else:
            findings = _about_bot(me, texts)
        delay = waiting.delay(await jobs.line())
        findings += [_about_delay(delay, texts), _about_engine(analyzer, texts)]
        await _say(message, texts("doctor", findings=_lines(findings)), context.bot)

    return [CommandHandler("doctor", doctor, NEW_MESSAGE)]


async def _about_group(bot: Bot, chat_id: int, me: User, store: Store, texts: Texts) -> list[_Finding]:
    chat, reactions = await _chat_and_reactions(bot, chat_id)
    member = await insist(lambda: bot.get_chat_member(chat_id, me.id))
    is_admin = member.status == ChatMember.ADMINISTRATOR
    sees = is_admin or bool(me.can_read_all_group_messages)
    may_write = is_admin or _may_write(member, chat)
    return [
        _finding(sees, "doctor-sees", texts),
        _finding(may_write, "doctor-writes", texts),
        _about_reactions(reactions, await store.chat(chat_id), texts),
    ]


async def _chat_and_reactions(bot: Bot, chat_id: int) -> tuple[ChatFullInfo, set[str] | None]:
    """The chat, and the emoji that people may react with there; None: all.

    Telegram leaves the list out where all are allowed. In a `ChatFullInfo` that looks like an empty list, so
    the answer is read as it came.
    """
    # The library warns of "getChat", for which it has a method; Telegram reads it in any case.
    answer = await insist(lambda: bot.do_api_request("getchat", {"chat_id": chat_id}))
    chat = ChatFullInfo.de_json(answer, bot)
    if "available_reactions" not in answer:
        return chat, None
    return chat, {one.emoji for one in chat.available_reactions or () if isinstance(one, ReactionTypeEmoji)}


def _may_write(member: ChatMember, chat: ChatFullInfo) -> bool:
    if isinstance(member, ChatMemberRestricted):
        return member.can_send_messages
    return chat.permissions is None or chat.permissions.can_send_messages is not False


def _about_reactions(allowed: set[str] | None, settings: ChatSettings, texts: Texts) -> _Finding:
    missing = [] if allowed is None else [emoji for emoji in ALL_REACTIONS if emoji not in allowed]
    if not missing:
        return _finding(True, "doctor-reactions", texts)
    # Words take the place of a refused reaction, so this is no fault where nobody chose reactions.
    key = "doctor-reactions-missing" if settings.style is Style.REACTION else "doctor-reactions-unused"
    return _Finding(settings.style is not Style.REACTION, texts(key, missing=" ".join(missing)))


def _about_bot(me: User, texts: Texts) -> list[_Finding]:
    return [
        _finding(bool(me.can_read_all_group_messages), "doctor-privacy", texts),
        _finding(bool(me.can_connect_to_business), "doctor-business", texts),
    ]


def _about_delay(delay: Seconds, texts: Texts) -> _Finding:
    if delay < 1:
        return _Finding(True, texts("doctor-no-delay"))
    if delay < LONG_DELAY:
        return _Finding(True, texts("doctor-delay", seconds=math.ceil(delay)))
    return _Finding(False, texts("doctor-long-delay", minutes=math.ceil(delay / 60)))


def _about_engine(analyzer: Analyzer, texts: Texts) -> _Finding:
    return _Finding(True, texts("doctor-engine", engine=escape(analyzer.describe(), quote=False)))


def _finding(well: bool, key: str, texts: Texts) -> _Finding:
    return _Finding(well, texts(key if well else f"{key}-not"))


def _lines(findings: Sequence[_Finding]) -> str:
    return "\n".join(f"{'✅' if finding.well else '⚠️'} {finding.html}" for finding in findings)


async def _say(message: Message, html: str, bot: Bot) -> None:
    """Answer where it was asked; where the bot may not write, that is what the admin has to learn."""
    try:
        await reply(message, html)
    except (BadRequest, Forbidden):
        admin = message.from_user
        if admin is not None and message.sender_chat is None:
            # Most admins never wrote to the bot.
            with suppress(BadRequest, Forbidden):
                await insist(lambda: bot.send_message(admin.id, html, ParseMode.HTML))
