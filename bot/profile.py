"""What people see of the bot before they talk to it: its menu of commands and what it says of itself."""

from __future__ import annotations

from telegram import Bot, BotCommand, BotCommandScopeAllGroupChats, BotCommandScopeAllPrivateChats

from bot.languages import SPOKEN
from bot.store.chat import ChatLanguage
from bot.warnings import Texts, texts_for

__all__ = ["publish_commands", "publish_descriptions"]

COMMANDS = ("tone", "settings", "help", "privacy", "forget", "optout", "optin")
IN_PRIVATE = ("start", "check", "mydata")
"""Commands that groups have no need of."""


async def publish_commands(bot: Bot) -> None:
    for code, texts in _languages():
        in_groups = [BotCommand(name, texts(f"help-command-{name}")) for name in COMMANDS]
        alone = [BotCommand(name, texts(f"help-command-{name}")) for name in IN_PRIVATE]
        in_private = [*alone, *in_groups]
        await bot.set_my_commands(in_private, BotCommandScopeAllPrivateChats(), language_code=code)
        await bot.set_my_commands(in_groups, BotCommandScopeAllGroupChats(), language_code=code)


async def publish_descriptions(bot: Bot) -> None:
    """Changed only where they differ: Telegram lets a bot change them just a few times a day."""
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
