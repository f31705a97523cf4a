"""Sending, editing, deleting, reacting."""

from __future__ import annotations

import time
from typing import Any

from telegram.constants import ChatAction, ReactionEmoji

from bot.emulator import wire
from bot.emulator.api import (
    MAX_CAPTION,
    Request,
    bad,
    checked_markup,
    formatted,
    method,
    sender_of,
)
from bot.emulator.world import Chat, Message

Json = dict[str, Any]

_MEDIA = {
    "voice": ("voice", ".oga", "audio/ogg"),
    "audio": ("music", ".mp3", "audio/mpeg"),
    "document": ("documents", "", "application/octet-stream"),
    "photo": ("photos", ".jpg", None),
}
_REACTIONS = {emoji.replace("\ufe0f", "") for emoji in ReactionEmoji}


@method
async def send_message(request: Request) -> Json:
    chat = request.chat(to_write=True)
    text, entities = formatted(request.text, request.entities, request.parse_mode)
    if not text:
        raise bad("message text is empty")
    return wire.message(
        _post(request, chat, {"text": text} | wire.given(entities=entities or None) | _preview(request))
    )


@method
async def send_voice(request: Request) -> Json:
    return _send_media(request, "voice")


@method
async def send_audio(request: Request) -> Json:
    return _send_media(request, "audio")


@method
async def send_document(request: Request) -> Json:
    return _send_media(request, "document")


@method
async def send_photo(request: Request) -> Json:
    return _send_media(request, "photo")


@method
async def edit_message_text(request: Request) -> Any:
    message = _editable(request)
    text, entities = formatted(
        request.text, request.entities, request.parse_mode, too_long="MESSAGE_TOO_LONG"
    )
    if not text:
        raise bad("message text is empty")
    if "text" not in message.content:
        raise bad("there is no text in the message to edit")
    content = {"text": text} | wire.given(entities=entities or None) | _preview(request)
    return _edit(request, message, content)


@method
async def edit_message_caption(request: Request) -> Any:
    message = _editable(request)
    return _edit(request, message, _without_caption(message) | _caption(request))


@method
async def edit_message_reply_markup(request: Request) -> Any:
    message = _editable(request)
    return _edit(request, message, message.content)


@method
async def delete_message(request: Request) -> bool:
    chat = request.chat()
    _delete(request, chat, request.message(chat, "message to delete not found"))
    return True


@method
async def delete_messages(request: Request) -> bool:
    chat = request.chat()
    if not 1 <= len(request.message_ids or []) <= 100:
        raise bad("message_ids must contain from 1 to 100 identifiers")
    for message in filter(None, map(chat.message, request.message_ids)):
        _delete(request, chat, message)
    return True


@method
async def send_chat_action(request: Request) -> bool:
    chat = request.chat(to_write=True)
    _thread(request, chat)
    if request.action not in set(ChatAction):
        raise bad("wrong parameter action in request")
    chat.doing_since = time.monotonic()
    request.world.changed.notify()
    return True


@method
async def set_message_reaction(request: Request) -> bool:
    chat = request.chat()
    message = request.message(chat, "message to react not found")
    emoji = [item.get("emoji", "") for item in request.reaction or []]
    if len(emoji) > 1:
        raise bad("REACTIONS_TOO_MANY")
    allowed = _REACTIONS if chat.available_reactions is None else set(chat.available_reactions)
    if message.is_service or any(one.replace("\ufe0f", "") not in _REACTIONS & allowed for one in emoji):
        raise bad("REACTION_INVALID")
    message.reactions[request.world.bot.id] = emoji
    request.world.changed.notify()
    return True


def _send_media(request: Request, kind: str) -> Json:
    chat = request.chat(to_write=True)
    folder, suffix, mime = _MEDIA[kind]
    world = request.world
    if kind in request.files:
        name, data = request.files[kind]
        if not data:
            raise bad("file must be non-empty")
        file = world.store(data, folder, suffix)
    else:
        name = None
        known = world.files.get(request.params.get(kind, ""))
        if not known:
            raise bad("wrong file identifier/HTTP URL specified")
        file = known
    ids: Json = {"file_id": world.file_id(file), "file_unique_id": file.unique_id, "file_size": file.size}
    described = ids | wire.given(mime_type=mime, file_name=name if kind in ("document", "audio") else None)
    if kind in ("voice", "audio"):
        described["duration"] = request.duration or 0
    content: Json = {kind: [ids | {"width": 320, "height": 320}] if kind == "photo" else described}
    return wire.message(_post(request, chat, content | _caption(request)))


def _caption(request: Request) -> Json:
    caption, entities = formatted(
        request.caption,
        request.caption_entities,
        request.parse_mode,
        limit=MAX_CAPTION,
        too_long="message caption is too long",
    )
    return wire.given(caption=caption or None, caption_entities=entities or None)


def _without_caption(message: Message) -> Json:
    return {name: value for name, value in message.content.items() if not name.startswith("caption")}


def _preview(request: Request) -> Json:
    return wire.given(link_preview_options=request.link_preview_options)


def _post(request: Request, chat: Chat, content: Json) -> Message:
    markup = checked_markup(request.reply_markup, chat)
    reply_to = _reply_to(request, chat)
    thread_id = _thread(request, chat)
    return request.world.post(
        chat,
        sender_of(request, chat),
        (content | {"sender_business_bot": wire.user(request.world.bot)}) if chat.connection else content,
        reply_to=reply_to,
        thread_id=thread_id,
        is_topic=thread_id is not None,
        markup=markup,
        sent_by_bot=True,
    )


def _reply_to(request: Request, chat: Chat) -> Message | None:
    wanted = request.reply_parameters or {
        "message_id": request.reply_to_message_id,
        "allow_sending_without_reply": request.allow_sending_without_reply,
    }
    if not wanted.get("message_id"):
        return None
    if wanted.get("chat_id", chat.id) != chat.id:
        raise bad("this server knows no replies to other chats")
    message = chat.message(wanted["message_id"])
    if not message and not wanted.get("allow_sending_without_reply"):
        raise bad("message to be replied not found")
    return message


def _thread(request: Request, chat: Chat) -> int | None:
    thread_id: int | None = request.message_thread_id
    if thread_id is not None and not (chat.is_forum and thread_id in chat.topics):
        raise bad("message thread not found")
    return thread_id


def _editable(request: Request) -> Message:
    if request.inline_message_id:
        message = request.world.inline_messages.get(request.inline_message_id)
        if not message:
            raise bad("MESSAGE_ID_INVALID")
        return message
    message = request.message(request.chat(), "message to edit not found")
    if not message.sent_by_bot:
        raise bad("message can't be edited")
    return message


def _edit(request: Request, message: Message, content: Json) -> Any:
    """Replace content and buttons; buttons that are not sent again are gone."""
    markup = checked_markup(request.reply_markup, message.chat)
    business = {"sender_business_bot": wire.user(request.world.bot)} if message.chat.connection else {}
    guest = {k: v for k, v in message.content.items() if k.startswith(("guest_", "via_"))}
    if content | business | guest == message.content and markup == message.markup:
        raise bad(
            "message is not modified: specified new message content and reply markup are exactly the same"
            " as a current content and reply markup of the message"
        )
    changes_text = content.get("text") != message.content.get("text")
    message.content, message.markup, message.edit_date = content | business | guest, markup, int(time.time())
    if changes_text:
        message.edits.append(content["text"])
    request.world.changed.notify()
    return True if request.inline_message_id else wire.message(message)


def _delete(request: Request, chat: Chat, message: Message) -> None:
    bot = request.world.bot
    own = message.sent_by_bot or chat.type == "private"
    if not own and chat.status_of(bot) != "administrator":
        raise bad("message can't be deleted")
    if not own and not wire.member(chat.members[bot.id])["can_delete_messages"]:
        raise bad("message can't be deleted")
    if message.date < time.time() - 48 * 3600 and chat.type == "private":
        raise bad("message can't be deleted for everyone")
    message.deleted = True
    request.world.changed.notify()
