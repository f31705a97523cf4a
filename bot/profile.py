"""What people see of the bot before they talk to it: its menu of commands and what it says of itself."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
)
from telegram.error import BadRequest

from bot.languages import SPOKEN
from bot.store.chat import ChatLanguage
from bot.warnings import Texts, texts_for

__all__ = ["publish_commands", "publish_descriptions"]

COMMANDS = ("tone", "settings", "help", "privacy", "forget", "optout", "optin")
IN_PRIVATE = ("start", "check", "mydata")
"""Commands that groups have no need of."""
FOR_ADMINS = ("stats", "doctor")
"""Commands that only the admins of a group may use; in private, everybody is one."""
FOR_OWNERS = ("admin",)
"""Commands of those who run the bot, in their own chats with it."""


async def publish_commands(bot: Bot, owners: Collection[int]) -> None:
    for code, texts in _languages():
        everywhere, alone, admins, own = (
            [BotCommand(name, texts(f"help-command-{name}")) for name in names]
            for names in (COMMANDS, IN_PRIVATE, FOR_ADMINS, FOR_OWNERS)
        )
        in_private = [*alone, *everywhere, *admins]
        scopes = {
            BotCommandScopeAllPrivateChats(): in_private,
            BotCommandScopeAllGroupChats(): everywhere,
            BotCommandScopeAllChatAdministrators(): [*everywhere, *admins],
        }
        for scope, commands in scopes.items():
            await bot.set_my_commands(commands, scope, language_code=code)
        for owner in owners:
            # Refused until they write to the bot for the first time.
            with suppress(BadRequest):
                await bot.set_my_commands([*in_private, *own], BotCommandScopeChat(owner), language_code=code)


async def publish_descriptions(bot: Bot) -> None:
    """Changed only where they differ: Telegram limits how often they may be."""
    for code, texts in _languages():
        description, short = texts("bot-description"), texts("bot-short-description")
        if (await bot.get_my_description(code)).description != description:
            await bot.set_my_description(description, code)
        if (await bot.get_my_short_description(code)).short_description != short:
            await bot.set_my_short_description(short, code)


def _languages() -> list[tuple[str | None, Texts]]:
    """Every language by its code; English, for which there is None, is what all others are shown."""
    codes = [None, *(code for code in SPOKEN if code != "en")]
    return [(code, texts_for(ChatLanguage.AUTO, code)) for code in codes]
