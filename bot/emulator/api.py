"""The Bot API as a table of methods: decoded parameters in, a result or an `ApiError` out."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.emulator.entities import ParseError, finish, parse_html, units
from bot.emulator.world import BusinessConnection, Chat, Message, User, World

Json = dict[str, Any]
Files = dict[str, tuple[str, bytes]]
"""Uploads by field: the file's name and its content."""
MAX_TEXT, MAX_CAPTION = 4096, 1024  # UTF-16 units

_AS_JSON = {
    "allowed_updates",
    "button",
    "caption_entities",
    "commands",
    "entities",
    "link_preview_options",
    "media",
    "message_ids",
    "reaction",
    "reply_markup",
    "reply_parameters",
    "result",
    "results",
    "scope",
}
_AS_INT = {
    "cache_time",
    "chat_id",
    "duration",
    "from_chat_id",
    "limit",
    "max_connections",
    "message_id",
    "message_thread_id",
    "offset",
    "reply_to_message_id",
    "timeout",
    "user_id",
}
_AS_BOOL = {
    "allow_sending_without_reply",
    "disable_notification",
    "drop_pending_updates",
    "is_big",
    "is_personal",
    "protect_content",
    "show_alert",
}


class ApiError(Exception):
    """An answer that is not ok; `parameters` as in ResponseParameters."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


def bad(description: str, **parameters: int) -> ApiError:
    return ApiError(400, f"Bad Request: {description}", **parameters)


@dataclass
class Request:
    """One call being answered."""

    world: World
    params: Json
    files: Files = field(default_factory=dict)
    local_files: str | None = None  # the folder of a local Bot API server

    def __getattr__(self, name: str) -> Any:
        """A parameter, None if it was not sent."""
        return self.params.get(name)

    def chat(self, *, to_write: bool = False) -> Chat:
        """The chat that `chat_id` names. Raises `ApiError` if the bot may not see it, or write there."""
        if self.chat_id in (None, ""):
            raise bad("chat_id is empty")
        if self.business_connection_id:
            return self._business_chat(to_write)
        chat = self._named_chat()
        if chat.migrated_to:
            raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to.id)
        self._refuse_outsider(chat)
        if to_write:
            self._refuse_writer(chat)
        return chat

    def message(self, chat: Chat, missing: str) -> Message:
        message = chat.message(self.message_id)
        if not message:
            raise bad(missing)
        return message

    def _named_chat(self) -> Chat:
        world = self.world
        if isinstance(self.chat_id, str):
            name = self.chat_id.removeprefix("@").lower()
            chat = next((c for c in world.chats.values() if (c.username or "").lower() == name), None)
        else:
            chat = world.chats.get(self.chat_id)
        if not chat:
            raise bad("chat not found")
        return chat

    def _business_chat(self, to_write: bool) -> Chat:
        connection = self.connection()
        chat = connection.chats.get(self.chat_id)
        if not chat:
            raise bad("chat not found")
        if to_write and not connection.rights.get("can_reply"):
            raise bad("not enough rights to send messages on behalf of the business account")
        return chat

    def connection(self) -> BusinessConnection:
        connection = self.world.connections.get(self.business_connection_id)
        if not connection or not connection.is_enabled:
            raise bad("business connection not found")
        return connection

    def _refuse_outsider(self, chat: Chat) -> None:
        if chat.type == "private" or chat.has(self.world.bot):
            return
        noun = {"group": "group", "supergroup": "supergroup", "channel": "channel"}[chat.type]
        if chat.status_of(self.world.bot) == "kicked":
            raise ApiError(403, f"Forbidden: bot was kicked from the {noun} chat")
        if chat.type == "group" and self.world.bot.id not in chat.members:
            raise bad("chat not found")
        raise ApiError(403, f"Forbidden: bot is not a member of the {noun} chat")

    def _refuse_writer(self, chat: Chat) -> None:
        if chat.type == "private":
            if chat.blocked:
                raise ApiError(403, "Forbidden: bot was blocked by the user")
            if not chat.started:
                raise ApiError(403, "Forbidden: bot can't initiate conversation with a user")
            return
        if not chat.members[self.world.bot.id].may_send:
            raise bad("not enough rights to send text messages to the chat")


Method = Callable[[Request], Awaitable[Any]]
METHODS: dict[str, Method] = {}


def method(function: Method) -> Method:
    """Publish `send_message` as `sendMessage`; the real server does not mind the case of the name."""
    METHODS[function.__name__.replace("_", "").lower()] = function
    return function


def decode(raw: dict[str, str]) -> Json:
    """Form fields to values of the types the Bot API documents."""
    return {name: _decode_one(name, value) for name, value in raw.items()}


def _decode_one(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        if name in _AS_JSON:
            return json.loads(value)
        if name in _AS_INT:
            return int(value)
    except ValueError:
        if name == "chat_id":
            return value
        raise bad(f"can't parse {name}") from None
    if name in _AS_BOOL:
        return value.lower() in ("true", "1", "yes")
    return value


def formatted(
    text: str | None,
    entities: list[Json] | None,
    parse_mode: str | None,
    *,
    limit: int = MAX_TEXT,
    too_long: str = "message is too long",
) -> tuple[str, list[Json]]:
    """Plain text with entities, from a message as the bot wrote it."""
    text = text or ""
    if parse_mode:
        if parse_mode.lower() != "html":
            raise bad("unsupported parse_mode (this server reads HTML only)")
        try:
            text, entities = parse_html(text)
        except ParseError as error:
            raise bad(f"can't parse entities: {error}") from None
    text, entities = finish(text, entities or [])
    if units(text) > limit:
        raise bad(too_long)
    return text, entities


def checked_markup(markup: Json | None, chat: Chat | None) -> Json | None:
    if not markup or "inline_keyboard" not in markup:
        return markup
    rows = [row for row in markup["inline_keyboard"] if row]
    for button in (button for row in rows for button in row):
        if not button.get("text"):
            raise bad('can\'t parse inline keyboard button: Field "text" must be of type String')
        if set(button) <= {"text", "style", "icon_custom_emoji_id"}:
            raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
        if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
            raise bad("BUTTON_DATA_INVALID")
        if "url" in button and "." not in button["url"] and "://" not in button["url"]:
            raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
        if "copy_text" in button and not 1 <= len(button["copy_text"]["text"]) <= 256:
            raise bad("BUTTON_COPY_TEXT_INVALID")
        if "web_app" in button and chat and chat.type != "private":
            raise bad("BUTTON_TYPE_INVALID")
    return markup | {"inline_keyboard": rows} if rows else None


def sender_of(request: Request, chat: Chat) -> User:
    """The bot, or the owner of the account in whose name it writes."""
    return chat.connection.owner if chat.connection else request.world.bot
