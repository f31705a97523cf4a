"""The words tests are written in: people speak, the bot answers, buttons are pressed.

Everything that people do is immediate and returns a `Note`; everything that waits for the bot is awaited and
fails with the chat's transcript when the bot stays silent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.emulator import people, wire
from bot.emulator.entities import cut, finish
from bot.emulator.world import ADMINS, ANONYMOUS, Chat, Message, Query, User

if TYPE_CHECKING:
    from tests.telegram.emulator import TelegramEmulator

Json = dict[str, Any]
PATIENCE = 10.0  # seconds a test waits for the bot unless told


@dataclass(frozen=True)
class CallbackAnswer:
    """What a person sees after a press: a toast or an alert."""

    text: str | None
    show_alert: bool
    url: str | None


@dataclass(frozen=True)
class Note:
    """One message in a chat; it stays live: `text` after an edit is the edited text."""

    state: Message
    tg: TelegramEmulator

    @property
    def id(self) -> int:
        return self.state.id

    @property
    def text(self) -> str:
        """The text or the caption as people read it, without markup."""
        content = self.state.content
        return str(content.get("text") or content.get("caption") or "")

    @property
    def entities(self) -> list[Json]:
        content = self.state.content
        return list(content.get("entities") or content.get("caption_entities") or [])

    def marked(self, kind: str) -> list[str]:
        """The parts of the text under one kind of entity: `note.marked("spoiler")`."""
        return [cut(self.text, entity) for entity in self.entities if entity["type"] == kind]

    @property
    def buttons(self) -> list[str]:
        return [button["text"] for button in self._buttons()]

    @property
    def edits(self) -> list[str]:
        """Every text this message has had, the first one first."""
        return self.state.edits

    @property
    def deleted(self) -> bool:
        return self.state.deleted

    @property
    def bot_reaction(self) -> str | None:
        return next(iter(self.state.reactions.get(self.tg.world.bot.id, [])), None)

    @property
    def thread_id(self) -> int | None:
        return self.state.thread_id if self.state.is_topic else None

    @property
    def reply_to(self) -> Note | None:
        return Note(self.state.reply_to, self.tg) if self.state.reply_to else None

    @property
    def media(self) -> Json:
        """The voice, audio, document, … of this message, as the Bot API describes it."""
        kind = next(kind for kind in wire.CONTENT_KINDS if kind in self.state.content)
        return dict(self.state.content[kind])

    @property
    def data(self) -> bytes:
        return self.tg.world.files[self.media["file_id"]].data

    async def reply(self, *, containing: str = "", within: float = PATIENCE) -> Note:
        """The bot's message that replies to this one."""
        return await Room(self.state.chat, self.tg).reply_to(self, containing=containing, within=within)

    async def reaction(self, *, within: float = PATIENCE) -> str:
        """The bot's reaction to this message."""
        return await self.tg.until(
            lambda: self.bot_reaction, within, f"a reaction to {self.id}", self.state.chat
        )

    async def edited(self, *, containing: str, within: float = PATIENCE) -> Note:
        """Wait until the bot's edits make this message say so."""
        await self.tg.until(
            lambda: containing in self.text, within, f"an edit with {containing!r}", self.state.chat
        )
        return self

    async def gone(self, *, within: float = PATIENCE) -> None:
        """Wait until this message is deleted."""
        await self.tg.until(lambda: self.deleted, within, f"{self.id} deleted", self.state.chat)

    def tap(self, button: str, *, by: User, inaccessible: bool = False) -> Query:
        """Press a button and don't wait; the query's `answer` fills when the bot answers.

        `inaccessible`: the message is so old that the bot is told its number alone.
        """
        data = self._button(button)["callback_data"]
        return people.press(self.tg.world, self.state, data, by, inaccessible=inaccessible)

    async def press(
        self, button: str, *, by: User, within: float = PATIENCE, inaccessible: bool = False
    ) -> CallbackAnswer:
        """Press a button, named by its text or a part of it, and wait for the bot's answer to the press."""
        query = self.tap(button, by=by, inaccessible=inaccessible)
        answer = await self.tg.until(
            lambda: query.answer,
            within,
            f"an answer to the press of {button!r}",
            self.state.chat,
            empty_is_false=False,
        )
        return CallbackAnswer(answer.get("text"), bool(answer.get("show_alert")), answer.get("url"))

    def url_of(self, button: str) -> str:
        return str(self._button(button)["url"])

    def copied(self, button: str) -> str:
        """What a tap on a button to copy puts on the clipboard."""
        return str(self._button(button)["copy_text"]["text"])

    def _buttons(self) -> list[Json]:
        rows = (self.state.markup or {}).get("inline_keyboard", [])
        return [button for row in rows for button in row]

    def _button(self, name: str) -> Json:
        exact = [button for button in self._buttons() if button["text"] == name]
        found = exact or [button for button in self._buttons() if name in button["text"]]
        assert found, f"no button {name!r} among {self.buttons}"
        return found[0]


@dataclass(frozen=True)
class Room:
    """A chat of any kind. `thread` narrows it to one forum topic."""

    state: Chat
    tg: TelegramEmulator
    thread: int | None = None

    @property
    def id(self) -> int:
        return self.state.id

    # what people do

    def text(self, by: User | None, text: str, **fields: Any) -> Note:
        """Say something; commands, mentions and links become entities as in a real client."""
        return self._note(people.say(self.tg.world, self.state, by, text, **self._placed(fields)))

    def voice(
        self,
        by: User | None,
        data: bytes | Path | str,
        *,
        duration: int = 5,
        size: int | None = None,
        **fields: Any,
    ) -> Note:
        """A voice note. `size` declares a file larger than its bytes; other fields: `reply_to`, `caption`,
        `ago` (seconds), `as_chat`, `media_group_id`."""
        about = {"duration": duration, "mime_type": "audio/ogg"}
        return self._media("voice", by, data, about, size, fields)

    def video_note(
        self,
        by: User | None,
        data: bytes | Path | str,
        *,
        duration: int = 5,
        size: int | None = None,
        **fields: Any,
    ) -> Note:
        about = {"duration": duration, "length": 240}
        return self._media("video_note", by, data, about, size, fields)

    def audio(
        self,
        by: User | None,
        data: bytes | Path | str,
        *,
        duration: int = 5,
        size: int | None = None,
        file_name: str = "audio.mp3",
        mime_type: str = "audio/mpeg",
        **fields: Any,
    ) -> Note:
        about = {"duration": duration, "mime_type": mime_type, "file_name": file_name}
        return self._media("audio", by, data, about, size, fields)

    def document(
        self,
        by: User | None,
        data: bytes | Path | str,
        *,
        size: int | None = None,
        file_name: str = "note.ogg",
        mime_type: str = "audio/ogg",
        **fields: Any,
    ) -> Note:
        about = {"mime_type": mime_type, "file_name": file_name}
        return self._media("document", by, data, about, size, fields)

    def paid_media(self, by: User | None, **fields: Any) -> Note:
        """A video to pay for: whoever has not paid is shown that it is there, and no file."""
        preview = {"type": "preview", "width": 640, "height": 360, "duration": 30}
        return self.other(by, {"paid_media": {"star_count": 50, "paid_media": [preview]}}, **fields)

    def other(self, by: User | None, content: Json, **fields: Any) -> Note:
        """Anything else that people send, `content` as the Bot API describes it."""
        return self._note(people.post(self.tg.world, self.state, by, content, **self._placed(fields)))

    def forward(self, by: User | None, note: Note, **fields: Any) -> Note:
        """Forward: a new message and file id, the same file_unique_id, and where it came from."""
        return self._note(people.forward(self.tg.world, note.state, self.state, by, **self._placed(fields)))

    def edit(self, note: Note, text: str) -> Note:
        """Someone changes the text, or the caption, of an own message."""
        clean, entities = finish(text, [])
        name = "text" if "text" in note.state.content else "caption"
        kind = "entities" if name == "text" else "caption_entities"
        rest = {key: value for key, value in note.state.content.items() if key not in (name, kind)}
        note.state.content = rest | {name: clean} | wire.given(**{kind: entities or None})
        self.tg.world.edited(note.state)
        return note

    def delete(self, note: Note) -> None:
        """Someone deletes a message; bots hear of it only in business chats."""
        note.state.deleted = True
        if self.state.connection:
            body = {
                "business_connection_id": self.state.connection.id,
                "chat": wire.chat(self.state),
                "message_ids": [note.id],
            }
            self.tg.world.updates.push("deleted_business_messages", body)
        self.tg.world.changed.notify()

    def react(self, by: User, note: Note, emoji: str | None) -> None:
        """React to a message; in a group, a bot hears of it if it is an administrator and asked for it."""
        old, new = note.state.reactions.get(by.id, []), [emoji] if emoji else []
        note.state.reactions[by.id] = new
        if self.state.type == "private" or self.state.is_admin(self.tg.world.bot):
            body = {
                "chat": wire.chat(self.state),
                "message_id": note.id,
                "user": wire.user(by),
                "date": int(time.time()),
                "old_reaction": [wire.reaction(one) for one in old],
                "new_reaction": [wire.reaction(one) for one in new],
            }
            self.tg.world.updates.push("message_reaction", body)

    def guest(self, by: User, text: str, *, reply_to: Note | None = None) -> Note:
        """Mention the bot in a chat that it is not in (Guest Mode); not where content is protected."""
        assert not self.state.has(self.tg.world.bot)
        assert f"@{self.tg.world.bot.username}" in text
        note = self.text(by, text, reply_to=reply_to)
        people.call_guest(self.tg.world, note.state, by)
        return note

    # membership, for groups and channels

    def topic(self, name: str) -> Room:
        """Open a forum topic; what is said in the returned room is said there."""
        content = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        creator = next(m.user for m in self.state.members.values() if m.status in ADMINS)
        created = self.tg.world.post(self.state, creator, content)
        created.thread_id, created.is_topic = created.id, True
        self.state.topics[created.id] = created
        return Room(self.state, self.tg, created.id)

    def add_bot(self, *, by: User, admin: bool = False, **rights: bool) -> None:
        people.add_bot(self.tg.world, self.state, by, admin=admin, **rights)

    def promote_bot(self, *, by: User, **rights: bool) -> None:
        self.tg.world.set_member(self.state, self.tg.world.bot, "administrator", by, rights=rights)

    def demote_bot(self, *, by: User) -> None:
        self.tg.world.set_member(self.state, self.tg.world.bot, "member", by)

    def mute_bot(self, *, by: User) -> None:
        """Take away the bot's right to write."""
        self.tg.world.set_member(self.state, self.tg.world.bot, "restricted", by, may_send=False)

    def kick_bot(self, *, by: User) -> None:
        self.tg.world.set_member(self.state, self.tg.world.bot, "kicked", by)

    def join(self, user: User, *, admin: bool = False, anonymous: bool = False) -> None:
        status = "administrator" if admin else "member"
        self.tg.world.set_member(self.state, user, status, user, anonymous=anonymous)
        self.tg.world.post(self.state, user, {"new_chat_members": [wire.user(user)]})

    def leave(self, user: User) -> None:
        self.tg.world.set_member(self.state, user, "left", user)
        self.tg.world.post(self.state, user, {"left_chat_member": wire.user(user)})

    def migrate(self) -> Room:
        """The group becomes a supergroup with a new id; the old one answers with `migrate_to_chat_id` now."""
        world, old = self.tg.world, self.state
        new = world.add_chat("supergroup", old.title or "", available_reactions=old.available_reactions)
        new.members, new.bot_reads_all = dict(old.members), old.bot_reads_all
        owner = next(m.user for m in old.members.values() if m.status in ADMINS)
        world.post(old, owner, {"migrate_to_chat_id": new.id})
        old.migrated_to = new
        world.post(new, ANONYMOUS, {"migrate_from_chat_id": old.id}, sender_chat=new)
        return Room(new, self.tg)

    def block_bot(self) -> None:
        """In a private chat."""
        self._private_member("kicked", "member", blocked=True)

    def unblock_bot(self) -> None:
        self._private_member("member", "kicked", blocked=False)

    def _private_member(self, status: str, before: str, *, blocked: bool) -> None:
        assert self.state.person
        self.state.blocked = blocked
        self.tg.world.set_member(self.state, self.tg.world.bot, status, self.state.person)

    # what the bot does

    @property
    def from_bot(self) -> list[Note]:
        """The bot's messages here, oldest first, without those it deleted."""
        return [
            Note(message, self.tg)
            for message in self.state.messages
            if message.sent_by_bot and not message.deleted and self.thread in (None, message.thread_id)
        ]

    async def reply_to(self, note: Note, *, containing: str = "", within: float = PATIENCE) -> Note:
        """The bot's message that replies to `note`, now or soon."""
        return await self._first(
            lambda reply: reply.state.reply_to is note.state and containing in reply.text,
            within,
            f"a reply to message {note.id}" + (f" with {containing!r}" if containing else ""),
        )

    async def says(
        self, containing: str = "", *, after: Note | None = None, within: float = PATIENCE
    ) -> Note:
        """The bot's first message with this text, `after` another message if given, now or soon."""
        return await self._first(
            lambda note: containing in note.text and (after is None or note.id > after.id),
            within,
            f"a message with {containing!r}",
        )

    async def silence(self, seconds: float) -> None:
        """Fail if the bot writes here within the time."""
        before = len(self.state.messages)
        await asyncio.sleep(seconds)
        spoken = [message for message in self.state.messages[before:] if message.sent_by_bot]
        assert not spoken, f"the bot should have been silent\n{self.transcript()}"

    def transcript(self) -> str:
        """The whole chat as people see it, one line a message."""
        return "\n".join(
            _line(message) for message in self.state.messages if self.thread in (None, message.thread_id)
        )

    async def _first(self, fits: Callable[[Note], bool], within: float, what: str) -> Note:
        return await self.tg.until(lambda: next(filter(fits, self.from_bot), None), within, what, self.state)

    def _media(
        self,
        kind: str,
        by: User | None,
        data: bytes | Path | str,
        about: Json,
        size: int | None,
        fields: Json,
    ) -> Note:
        content = data if isinstance(data, bytes) else Path(data).read_bytes()
        placed = self._placed(fields)
        return self._note(
            people.send(self.tg.world, self.state, by, kind, content, about, size=size, **placed)
        )

    def _placed(self, fields: Json) -> Json:
        """`reply_to` and `as_chat` as the world knows them, and the topic."""
        states = {name: fields[name].state for name in ("reply_to", "as_chat") if fields.get(name)}
        return fields | states | {"thread_id": self.thread, "is_topic": self.thread is not None}

    def _note(self, message: Message) -> Note:
        return Note(message, self.tg)


def _line(message: Message) -> str:
    who = (
        "bot" if message.sent_by_bot else message.sender.first_name if message.sender else message.chat.title
    )
    content = message.content
    kind = next(iter(set(content) & set(wire.CONTENT_KINDS) - {"text"}), "")
    said = content.get("text") or content.get("caption") or ("" if kind else f"({next(iter(content))})")
    parts = [
        f"{message.id} {who}:",
        f"[{kind}]" if kind else "",
        f"(to {message.reply_to.id})" if message.reply_to else "",
        said,
    ]
    parts += [
        f"[{button['text']}]" for row in (message.markup or {}).get("inline_keyboard", []) for button in row
    ]
    parts += [f"{{{' '.join(emoji)}}}" for emoji in message.reactions.values() if emoji]
    parts += ["(deleted)"] if message.deleted else []
    return " ".join(part for part in parts if part)
