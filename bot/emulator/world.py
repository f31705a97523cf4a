"""What exists: people, chats, messages, files. Plain state, and one rule: what reaches the bot."""

from __future__ import annotations

import base64
import itertools
import os
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.emulator import wire
from bot.emulator.entities import cut
from bot.emulator.updates import Signal, UpdateQueue

Json = dict[str, Any]

PRESENT = {"creator", "administrator", "member", "restricted"}
ADMINS = {"creator", "administrator"}


@dataclass(eq=False)
class User:
    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False
    is_premium: bool = False
    hides_forwards: bool = False


@dataclass(eq=False)
class Member:
    user: User
    status: str = "member"
    anonymous: bool = False
    may_send: bool = True
    rights: dict[str, bool] = field(default_factory=dict)  # an administrator's, over the defaults


@dataclass(eq=False)
class File:
    unique_id: str
    data: bytes
    size: int  # bytes; may be declared larger than the data, to stand for a file too big to make
    name: str  # of the file as the server stores it, "voice/file_7.oga"


@dataclass(eq=False)
class Chat:
    id: int
    type: str  # private, group, supergroup, channel
    title: str | None = None
    username: str | None = None
    person: User | None = None  # the other side of a private chat
    is_forum: bool = False
    is_protected: bool = False  # nothing may be forwarded or copied from here
    discussion: Chat | None = None  # the group that a channel's posts are forwarded to
    available_reactions: list[str] | None = None  # None: all of them
    members: dict[int, Member] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    topics: dict[int, Message] = field(default_factory=dict)  # thread id → the message that created it
    bot_reads_all: bool = False  # privacy mode off at the time the bot was added
    started: bool = False  # a private chat in which the bot may write
    blocked: bool = False
    migrated_to: Chat | None = None
    connection: BusinessConnection | None = None
    doing_since: float | None = None  # monotonic seconds; when the bot last said that it is typing

    def message(self, message_id: int | None) -> Message | None:
        return next((m for m in self.messages if m.id == message_id and not m.deleted), None)

    def status_of(self, user: User) -> str:
        member = self.members.get(user.id)
        return member.status if member else "left"

    def is_admin(self, user: User) -> bool:
        return self.status_of(user) in ADMINS

    def has(self, user: User) -> bool:
        return self.status_of(user) in PRESENT


@dataclass(eq=False)
class Message:
    chat: Chat
    id: int
    date: int
    sender: User | None
    content: Json  # the fields of the Bot API's Message that say what it holds: text, entities, voice, …
    sender_chat: Chat | None = None
    reply_to: Message | None = None
    thread_id: int | None = None
    is_topic: bool = False
    markup: Json | None = None
    sent_by_bot: bool = False
    inline_id: str | None = None
    edit_date: int | None = None
    deleted: bool = False
    edits: list[str] = field(default_factory=list)  # every text it has had, the first one first
    reactions: dict[int, list[str]] = field(default_factory=dict)  # by user id
    at: float = field(default_factory=time.monotonic)

    @property
    def is_service(self) -> bool:
        return not any(kind in self.content for kind in wire.CONTENT_KINDS)


@dataclass(eq=False)
class BusinessConnection:
    id: str
    owner: User
    date: int
    is_enabled: bool = True
    rights: dict[str, bool] = field(default_factory=lambda: {"can_reply": True, "can_read_messages": True})
    chats: dict[int, Chat] = field(default_factory=dict)  # by contact


@dataclass(eq=False)
class Query:
    """A callback, inline or guest query; `answer` holds the parameters of the bot's answer."""

    id: str
    user: User
    message: Message | None = None
    answer: Json | None = None


ANONYMOUS = User(1087968824, "Group", username="GroupAnonymousBot", is_bot=True)
AS_CHANNEL = User(136817688, "Channel", username="Channel_Bot", is_bot=True)
TELEGRAM = User(777000, "Telegram")


class World:
    """All state of one Telegram with one bot in it."""

    def __init__(self, bot: User) -> None:
        self.bot = bot
        self.privacy_mode = True
        self.bots_talk = False  # bot-to-bot communication, as in BotFather
        self.changed = Signal()
        self.updates = UpdateQueue(self.changed)
        self.users: dict[int, User] = {bot.id: bot, ANONYMOUS.id: ANONYMOUS}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, File] = {}  # by file_id
        self.connections: dict[str, BusinessConnection] = {}
        self.contacts: set[int] = set()  # whom owners of connected accounts chat with, themselves apart
        self.queries: dict[str, Query] = {}
        self.inline_messages: dict[str, Message] = {}
        self.profile: dict[tuple[str, ...], Any] = {}  # commands, names, descriptions by scope and language
        self._ids = itertools.count(1)
        self._message_ids = itertools.count(1)

    def number(self) -> int:
        return next(self._ids)

    # people and places

    def add_user(self, **fields: Any) -> User:
        user = User(id=700_000_000 + self.number(), **fields)
        self.users[user.id] = user
        return user

    def private(self, user: User) -> Chat:
        if user.id not in self.chats:
            self.chats[user.id] = Chat(user.id, "private", person=user)
        return self.chats[user.id]

    def add_chat(self, kind: str, title: str, **fields: Any) -> Chat:
        number = self.number()
        chat = Chat(
            -(4_000_000 + number) if kind == "group" else -(1_002_000_000_000 + number), kind, title, **fields
        )
        self.chats[chat.id] = chat
        return chat

    def forget(self, chats: Collection[Chat], people: Collection[User]) -> None:
        """These were never here, nor what was said and sent."""
        gone = {person.id for person in people}
        messages = {message for chat in chats for message in chat.messages}
        for number in [chat.id for chat in chats] + list(gone):
            self.chats.pop(number, None)
            self.users.pop(number, None)
        theirs = {file_id for message in messages for file_id in _file_ids(message.content)}
        self.files = {name: file for name, file in self.files.items() if name not in theirs}
        self.queries = {name: query for name, query in self.queries.items() if query.user.id not in gone}
        self.connections = {
            name: link for name, link in self.connections.items() if link.owner.id not in gone
        }
        self.inline_messages = {
            name: message for name, message in self.inline_messages.items() if message not in messages
        }

    # files

    def store(self, data: bytes, folder: str, suffix: str, size: int | None = None) -> File:
        number = self.number()
        return File(f"AgAD{_token(9)}", data, size or len(data), f"{folder}/file_{number}{suffix}")

    def file_id(self, file: File) -> str:
        """A new id for the file: each message has its own, only the unique id stays."""
        file_id = f"AwACAgI{_token(42)}"
        self.files[file_id] = file
        return file_id

    # messages

    def post(
        self, chat: Chat, sender: User | None, content: Json, *, ago: float = 0, **fields: Any
    ) -> Message:
        """Put a message into the chat; the bot is told if it may see it."""
        numbers = (
            self._message_ids
            if chat.type in ("private", "group")
            else itertools.count(len(chat.messages) + 1)
        )
        message = Message(chat, next(numbers), int(time.time() - ago), sender, content, **fields)
        if not message.is_topic and message.reply_to and chat.type == "supergroup":
            self._thread(message, message.reply_to)
        if "text" in content:
            message.edits.append(content["text"])
        chat.messages.append(message)
        if chat.type == "private" and not message.sent_by_bot and not chat.connection:
            chat.started = True
        if self.reaches_bot(message):
            self.updates.push(_kind(message), wire.message(message))
        if chat.discussion:
            self._discuss(message, chat.discussion)
        self.changed.notify()
        return message

    def _discuss(self, post: Message, group: Chat) -> None:
        """A channel's post appears in its discussion group, as a message from Telegram itself."""
        about = {"is_automatic_forward": True, "forward_origin": wire.origin(post)}
        self.post(group, TELEGRAM, post.content | about, sender_chat=post.chat)

    def edited(self, message: Message) -> None:
        """After a change of content by its author."""
        message.edit_date = int(time.time())
        if "text" in message.content:
            message.edits.append(message.content["text"])
        if self.reaches_bot(message):
            self.updates.push("edited_" + _kind(message), wire.message(message))
        self.changed.notify()

    def reaches_bot(self, message: Message) -> bool:
        """Group privacy and membership, as the real server applies them."""
        chat = message.chat
        if message.sent_by_bot:
            return False
        if chat.connection:
            return chat.connection.is_enabled and self._is_live(chat.connection)
        if message.sender and message.sender.is_bot and not message.sender_chat and not self.bots_talk:
            return False
        if chat.type == "private":
            return self.chats.get(chat.id) is chat and not chat.blocked
        if chat.type == "channel":
            return chat.is_admin(self.bot)
        if not chat.has(self.bot):
            return False
        if message.is_service or chat.bot_reads_all or chat.is_admin(self.bot):
            return True
        return self._is_meant_for_bot(message)

    def _is_live(self, connection: BusinessConnection) -> bool:
        return self.connections.get(connection.id) is connection

    def _is_meant_for_bot(self, message: Message) -> bool:
        if message.reply_to and message.reply_to.sent_by_bot:
            return True
        text = message.content.get("text") or message.content.get("caption") or ""
        entities = message.content.get("entities") or message.content.get("caption_entities") or []
        mine = f"@{self.bot.username}".lower()
        for entity in entities:
            covered = cut(text, entity).lower()
            if (
                entity["type"] == "bot_command"
                and entity["offset"] == 0
                and ("@" not in covered or covered.endswith(mine))
            ):
                return True
            if entity["type"] == "mention" and covered == mine:
                return True
        return False

    @staticmethod
    def _thread(message: Message, parent: Message) -> None:
        """A reply stays in its parent's topic; outside forums the thread is the first message's id."""
        if parent.is_topic:
            message.thread_id, message.is_topic = parent.thread_id, True
        elif not message.chat.is_forum:
            message.thread_id = parent.thread_id or parent.id

    # membership

    def set_member(self, chat: Chat, user: User, status: str, by: User, **fields: Any) -> Member:
        """Change someone's place in a chat; the bot hears of its own, as administrator of others' too."""
        old = chat.members.get(user.id) or Member(user, "left")
        new = Member(user, status, **fields)
        body = {
            "chat": wire.chat(chat),
            "from": wire.user(by),
            "date": int(time.time()),
            "old_chat_member": wire.member(old),
            "new_chat_member": wire.member(new),
        }
        was_admin = chat.is_admin(self.bot)
        chat.members[user.id] = new
        if user is self.bot:
            chat.bot_reads_all = chat.bot_reads_all if old.status in PRESENT else not self.privacy_mode
            self.updates.push("my_chat_member", body)
        elif was_admin:
            self.updates.push("chat_member", body)
        self.changed.notify()
        return new


def _kind(message: Message) -> str:
    if message.chat.connection:
        return "business_message"
    return "channel_post" if message.chat.type == "channel" else "message"


def _file_ids(content: Json) -> Iterator[str]:
    for about in content.values():
        for one in about if isinstance(about, list) else [about]:
            if isinstance(one, dict) and "file_id" in one:
                yield one["file_id"]


def _token(length: int) -> str:
    return base64.urlsafe_b64encode(os.urandom(length)).decode().rstrip("=")
