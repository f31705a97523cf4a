"""Who the bot is: its card, commands, names, descriptions."""

from __future__ import annotations

import re
from typing import Any

from bot.emulator import wire
from bot.emulator.api import Request, bad, method

Json = dict[str, Any]
_LIMITS = {"name": 64, "short_description": 120, "description": 512}
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")


@method
async def get_me(request: Request) -> Json:
    return wire.user(request.world.bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": not request.world.privacy_mode,
        "supports_inline_queries": True,
        "supports_guest_queries": True,
        "can_connect_to_business": True,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
        "can_manage_bots": False,
    }


@method
async def set_my_commands(request: Request) -> bool:
    commands = request.commands or []
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not _COMMAND.fullmatch(command["command"].removeprefix("/")):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(command["description"]) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    request.world.profile[_commands_key(request)] = commands
    return True


@method
async def get_my_commands(request: Request) -> list[Json]:
    commands: list[Json] = request.world.profile.get(_commands_key(request), [])
    return commands


@method
async def delete_my_commands(request: Request) -> bool:
    request.world.profile.pop(_commands_key(request), None)
    return True


@method
async def set_my_name(request: Request) -> bool:
    return _set(request, "name")


@method
async def get_my_name(request: Request) -> Json:
    return _get(request, "name")


@method
async def set_my_description(request: Request) -> bool:
    return _set(request, "description")


@method
async def get_my_description(request: Request) -> Json:
    return _get(request, "description")


@method
async def set_my_short_description(request: Request) -> bool:
    return _set(request, "short_description")


@method
async def get_my_short_description(request: Request) -> Json:
    return _get(request, "short_description")


def _commands_key(request: Request) -> tuple[str, ...]:
    scope = request.scope or {"type": "default"}
    if "chat_id" in scope and scope["chat_id"] not in request.world.chats:
        raise bad("chat not found")
    place = [str(scope[name]) for name in ("chat_id", "user_id") if name in scope]
    return ("commands", scope["type"], *place, request.language_code or "")


def _set(request: Request, what: str) -> bool:
    value = request.params.get(what, "")
    if len(value) > _LIMITS[what]:
        raise bad(f"the bot's {what.replace('_', ' ')} is too long")
    request.world.profile[(what, request.language_code or "")] = value
    return True


def _get(request: Request, what: str) -> Json:
    profile = request.world.profile
    default = profile.get((what, ""), request.world.bot.first_name if what == "name" else "")
    return {what: profile.get((what, request.language_code or ""), default)}
