"""The state as JSON, field by field as Bot API 10.0 names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.emulator.world import BusinessConnection, Chat, Member, Message, User

Json = dict[str, Any]

CONTENT_KINDS = (
    "text",
    "voice",
    "video_note",
    "audio",
    "document",
    "photo",
    "video",
    "sticker",
    "animation",
    "paid_media",
    "location",
    "contact",
    "poll",
)

_ADMIN_RIGHTS = {
    "can_manage_chat": True,
    "can_delete_messages": True,
    "can_manage_video_chats": True,
    "can_restrict_members": True,
    "can_promote_members": False,
    "can_change_info": True,
    "can_invite_users": True,
    "can_post_stories": False,
    "can_edit_stories": False,
    "can_delete_stories": False,
}
_PERMISSIONS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)


def given(**fields: Any) -> Json:
    """The fields that are there: the Bot API leaves out what is absent or false."""
    return {name: value for name, value in fields.items() if value is not None and value is not False}


def user(someone: User) -> Json:
    return {"id": someone.id, "is_bot": someone.is_bot, "first_name": someone.first_name} | given(
        last_name=someone.last_name,
        username=someone.username,
        language_code=someone.language_code,
        is_premium=someone.is_premium,
    )


def chat(place: Chat) -> Json:
    names = place.person or place
    return {"id": place.id, "type": place.type} | given(
        title=place.title,
        username=names.username,
        first_name=place.person and place.person.first_name,
        last_name=place.person and place.person.last_name,
        is_forum=place.is_forum,
    )


def full_chat(place: Chat) -> Json:
    full = chat(place) | {
        "accent_color_id": abs(place.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(
            (
                "unlimited_gifts",
                "limited_gifts",
                "unique_gifts",
                "premium_subscription",
                "gifts_from_channels",
            ),
            True,
        ),
    }
    if place.type == "private":
        return full
    if place.available_reactions is not None:
        full["available_reactions"] = [reaction(emoji) for emoji in place.available_reactions]
    if place.type != "channel":
        full["permissions"] = dict.fromkeys(_PERMISSIONS, True)
    return full


def reaction(emoji: str) -> Json:
    return {"type": "emoji", "emoji": emoji}


def member(someone: Member) -> Json:
    body: Json = {"user": user(someone.user), "status": someone.status}
    if someone.status == "creator":
        body["is_anonymous"] = someone.anonymous
    elif someone.status == "administrator":
        body |= {"can_be_edited": False, "is_anonymous": someone.anonymous} | _ADMIN_RIGHTS | someone.rights
    elif someone.status == "restricted":
        body |= dict.fromkeys(_PERMISSIONS, someone.may_send) | {"is_member": True, "until_date": 0}
    elif someone.status == "kicked":
        body["until_date"] = 0
    return body


def connection(link: BusinessConnection) -> Json:
    return {
        "id": link.id,
        "user": user(link.owner),
        "user_chat_id": link.owner.id,
        "date": link.date,
        "rights": link.rights,
        "is_enabled": link.is_enabled,
    }


def message(note: Message, depth: int = 1) -> Json:
    """A message; what it replies to rides along in full, but not what that one replied to."""
    body: Json = {"message_id": note.id}
    if note.sender and note.chat.type != "channel":
        body["from"] = user(note.sender)
    if note.sender_chat:
        body["sender_chat"] = chat(note.sender_chat)
    body |= {"chat": chat(note.chat), "date": note.date}
    if note.chat.connection:
        body["business_connection_id"] = note.chat.connection.id
    body |= given(
        edit_date=note.edit_date,
        message_thread_id=note.thread_id,
        is_topic_message=note.is_topic,
        has_protected_content=note.chat.is_protected,
        reply_markup=note.markup if note.markup and "inline_keyboard" in note.markup else None,
    )
    quoted = note.reply_to or (note.chat.topics.get(note.thread_id or 0) if note.is_topic else None)
    if quoted and quoted is not note and depth and not quoted.deleted:
        body["reply_to_message"] = message(quoted, depth - 1)
    return body | note.content


def inaccessible(note: Message) -> Json:
    """What is left of a message that is deleted, or too old to be shown to the bot."""
    return {"message_id": note.id, "chat": chat(note.chat), "date": 0}


def origin(note: Message) -> Json:
    """Where a forwarded message comes from; a forward of a forward keeps the first origin."""
    if "forward_origin" in note.content:
        return dict(note.content["forward_origin"])
    if note.chat.type == "channel":
        return {"type": "channel", "date": note.date, "chat": chat(note.chat), "message_id": note.id}
    if note.sender_chat:
        return {"type": "chat", "date": note.date, "sender_chat": chat(note.sender_chat)}
    if note.sender is None:
        raise ValueError("a message of nobody has no origin")
    if note.sender.hides_forwards:
        return {"type": "hidden_user", "date": note.date, "sender_user_name": note.sender.first_name}
    return {"type": "user", "date": note.date, "sender_user": user(note.sender)}
