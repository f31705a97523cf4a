"""What the bot may ask about the chats it is in."""

from __future__ import annotations

from typing import Any

from bot.emulator import wire
from bot.emulator.api import Request, bad, method
from bot.emulator.world import ADMINS, PRESENT, Member

Json = dict[str, Any]


@method
async def get_chat(request: Request) -> Json:
    return wire.full_chat(request.chat())


@method
async def get_chat_member(request: Request) -> Json:
    chat = request.chat()
    user = request.world.users.get(request.user_id)
    if not user:
        raise bad("user not found")
    return wire.member(chat.members.get(user.id) or Member(user, "left"))


@method
async def get_chat_administrators(request: Request) -> list[Json]:
    chat = request.chat()
    if chat.type == "private":
        raise bad("there are no administrators in the private chat")
    return [wire.member(member) for member in chat.members.values() if member.status in ADMINS]


@method
async def get_chat_member_count(request: Request) -> int:
    chat = request.chat()
    return 2 if chat.type == "private" else sum(member.status in PRESENT for member in chat.members.values())


@method
async def leave_chat(request: Request) -> bool:
    chat = request.chat()
    if chat.type == "private":
        raise bad("chat member status can't be changed in private chats")
    request.world.set_member(chat, request.world.bot, "left", by=request.world.bot)
    return True
