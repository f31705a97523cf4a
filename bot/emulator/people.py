"""What people do: they speak, send files, forward, press buttons, and let the bot in.

All of it happens at once. Whether the bot hears of it is the world's business.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from bot.emulator import wire
from bot.emulator.entities import finish
from bot.emulator.world import ANONYMOUS, AS_CHANNEL, BusinessConnection, Chat, Message, Query, User, World

__all__ = ["add_bot", "announce", "call_guest", "forward", "post", "press", "say", "send"]

Json = dict[str, Any]

_FILES = {
    "voice": ("voice", ".oga"),
    "video_note": ("video_notes", ".mp4"),
    "audio": ("music", ".mp3"),
    "video": ("videos", ".mp4"),
    "document": ("documents", ""),
}
"""Where the server keeps a kind of file, and how its name ends if it has none of its own."""


def say(world: World, chat: Chat, by: User | None, text: str, **fields: Any) -> Message:
    """Say something; commands, mentions and links become entities as in a real client.

    The fields are those of `post`.
    """
    clean, entities = finish(text, [])
    return post(world, chat, by, {"text": clean} | wire.given(entities=entities or None), **fields)


def send(
    world: World,
    chat: Chat,
    by: User | None,
    kind: str,
    data: bytes,
    about: Json,
    *,
    size: int | None = None,
    caption: str = "",
    **fields: Any,
) -> Message:
    """Send a file: a `voice`, `video_note`, `audio`, `video` or `document`.

    `about`: what the Bot API says of it besides its ids and size. `size` declares a file larger than its
    bytes. The other fields are those of `post`.
    """
    folder, suffix = _FILES[kind]
    file = world.store(data, folder, PurePath(about.get("file_name", "")).suffix or suffix, size)
    ids = {"file_id": world.file_id(file), "file_unique_id": file.unique_id, "file_size": file.size}
    clean, entities = finish(caption, [])
    words = wire.given(caption=clean or None, caption_entities=entities or None)
    return post(world, chat, by, {kind: ids | about} | words, **fields)


def forward(world: World, message: Message, chat: Chat, by: User | None, **fields: Any) -> Message:
    """Forward: a new message and file id, the same file_unique_id, and where it came from."""
    content = {
        name: value
        for name, value in message.content.items()
        if name in (*wire.CONTENT_KINDS, "entities", "caption", "caption_entities")
    }
    for kind, about in content.items():
        if isinstance(about, dict) and "file_id" in about:
            content[kind] = about | {"file_id": world.file_id(world.files[about["file_id"]])}
    return post(world, chat, by, content | {"forward_origin": wire.origin(message)}, **fields)


def post(
    world: World,
    chat: Chat,
    by: User | None,
    content: Json,
    *,
    as_chat: Chat | None = None,
    media_group_id: str | None = None,
    **fields: Any,
) -> Message:
    """Put a message into a chat, as whom its sender appears there.

    `as_chat`: in the name of a channel or group. The other fields are those of `World.post`.
    """
    sender, sender_chat = by, as_chat
    member = chat.members.get(by.id) if by else None
    if chat.type == "channel" or (member and member.anonymous):
        sender_chat = chat
    if sender_chat and chat.type != "channel":
        sender = ANONYMOUS if sender_chat is chat else AS_CHANNEL
    content = content | wire.given(media_group_id=media_group_id)
    return world.post(chat, sender, content, sender_chat=sender_chat, **fields)


def press(world: World, message: Message, data: str, by: User, *, inaccessible: bool = False) -> Query:
    """Press a button with this data; the query's `answer` fills when the bot answers.

    `inaccessible`: the message is so old that the bot is told its number alone.
    """
    query = Query(f"{by.id}{world.number()}", by, message)
    world.queries[query.id] = query
    body: Json = {
        "id": query.id,
        "from": wire.user(by),
        "chat_instance": str(message.chat.id),
        "data": data,
    }
    if message.inline_id:
        body["inline_message_id"] = message.inline_id
    else:
        body["message"] = wire.inaccessible(message) if inaccessible else wire.message(message)
    world.updates.push("callback_query", body)
    return query


def call_guest(world: World, message: Message, by: User) -> Query:
    """The message names the bot in a chat that it is not in (Guest Mode); not where content is protected."""
    query = Query(f"guest{world.number()}", by, message)
    world.queries[query.id] = query
    if not message.chat.is_protected:
        world.updates.push("guest_message", wire.message(message) | {"guest_query_id": query.id})
    return query


def add_bot(world: World, chat: Chat, by: User, *, admin: bool = False, **rights: bool) -> None:
    world.set_member(chat, world.bot, "administrator" if admin else "member", by, rights=rights)
    if chat.type != "channel":
        world.post(chat, by, {"new_chat_members": [wire.user(world.bot)]})


def announce(world: World, connection: BusinessConnection) -> None:
    """Tell the bot how its connection to someone's account stands."""
    world.updates.push("business_connection", wire.connection(connection))
