"""Who visits the page: each browser tab has people and chats of its own, in one Telegram with one bot.

A visit lives in memory while its page is open, and a little longer, for a page that is loaded again. What the
page shows is a picture of the visit's part of the world; what its visitor does is an `Act`.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

from bot.chat.samples import samples
from bot.emulator import people
from bot.emulator.world import BusinessConnection, Chat, File, Member, Message, User, World
from bot.languages import LOCALES, SPOKEN
from bot.store.chat import ChatLanguage
from bot.warnings import texts_for
from models.verdict import Seconds

__all__ = ["Sound", "Visit", "Visits", "act"]

Json = dict[str, Any]
Place = Literal["bot", "friend", "group"]
Who = Literal["you", "friend", "relative"]

AWAY: Seconds = 900.0
"""A visit is forgotten when its page has been closed for so long."""
ANSWERED: Seconds = 15.0
"""A press that waits for longer is answered no more, as in Telegram's apps."""
SPEAKERS: dict[Place, tuple[Who, ...]] = {
    "bot": ("you",),
    "friend": ("you", "friend"),
    "group": ("you", "friend", "relative"),
}
SENTENCES = tuple(re.findall(r"^(chat-[\w-]+) =", (LOCALES / "en.ftl").read_text("utf-8"), re.MULTILINE))
"""What the page itself says."""
FIRST_NOTE = "negative"
"""The tone of the note that waits in the friend's chat."""


class _Act(BaseModel):
    chat: Place
    by: Who = "you"
    reply_to: int | None = None


class Say(_Act):
    act: Literal["say"]
    text: str = Field(min_length=1, max_length=4096)


class SendSample(_Act):
    act: Literal["sample"]
    file: str


class Press(_Act):
    act: Literal["press"]
    message: int
    row: int = Field(ge=0)
    column: int = Field(ge=0)


class Forward(_Act):
    """To the bot."""

    act: Literal["forward"]
    message: int


class Connect(BaseModel):
    """Connect the bot to one's own account (Telegram Business), or disconnect it."""

    act: Literal["connect"]
    on: bool


class Speak(BaseModel):
    act: Literal["speak"]
    language: str


class Sound(_Act):
    """What comes with an upload."""

    kind: Literal["voice", "audio", "video", "document"]
    mime: str = Field(max_length=100)
    name: str = Field(default="", max_length=200)
    duration: int = Field(default=0, ge=0, le=86_400)
    """Whole seconds."""
    size: int = Field(default=0, ge=0)
    """Bytes, where it is too big to be sent at all."""


_ACTS: TypeAdapter[Say | SendSample | Press | Forward | Connect | Speak] = TypeAdapter(
    Annotated[Say | SendSample | Press | Forward | Connect | Speak, Field(discriminator="act")]
)


def act(raw: str | bytes) -> Say | SendSample | Press | Forward | Connect | Speak:
    """What the page asks for. Raises `ValueError` (pydantic's) for what no page of ours would send."""
    return _ACTS.validate_json(raw)


class Visit:
    """A visitor, two people they know, and three chats: with the bot, with a friend, with a family."""

    def __init__(self, world: World, language: str) -> None:
        self.key = secrets.token_urlsafe(24)
        self.pages = 0
        """Open ones."""
        self._world = world
        self._people: dict[Who, User] = {
            who: world.add_user(first_name=who) for who in ("you", "friend", "relative")
        }
        you, friend, relative = self._people.values()
        self._chats: dict[Place, Chat] = {
            "bot": world.private(you),
            "friend": Chat(friend.id, "private", person=friend),
            "group": world.add_chat("supergroup", ""),
        }
        self._connection: BusinessConnection | None = None
        self.speak(language)
        self._send_sample(
            SendSample(act="sample", chat="friend", by="friend", file=_first_note(self._texts.language))
        )
        group = self._chats["group"]
        group.members = {
            you.id: Member(you, "creator"),
            friend.id: Member(friend),
            relative.id: Member(relative),
        }
        people.add_bot(world, group, you, admin=True)

    # what the visitor does

    async def do(self, asked: Say | SendSample | Press | Forward | Connect | Speak) -> Json | None:
        """Do it; what to show besides, if there is anything.

        Raises:
            ValueError: there is no such message, button or note, or nobody who may do that.
        """
        match asked:
            case Say():
                self._say(asked)
            case SendSample():
                self._send_sample(asked)
            case Press():
                return await self._press(asked)
            case Forward():
                source = self._message(asked.chat, asked.message)
                people.forward(self._world, source, self._chats["bot"], self._people["you"])
            case Connect():
                self._connect(asked.on)
            case Speak():
                self.speak(asked.language)
        return None

    def send(self, sound: Sound, data: bytes) -> None:
        """Send a file. Raises `ValueError` as `do`."""
        about: Json = {"mime_type": sound.mime}
        if sound.kind != "document":
            about["duration"] = sound.duration
        if sound.kind != "voice":
            about["file_name"] = PurePath(sound.name).name
        size = sound.size if not data else None
        where = self._place(sound)
        people.send(self._world, *where, sound.kind, data, about, size=size, reply_to=self._reply(sound))

    def speak(self, language: str) -> None:
        """The visitor's app speaks this language now."""
        self._texts = texts = texts_for(ChatLanguage.AUTO, language)
        for who, person in self._people.items():
            person.first_name, person.language_code = texts(f"person-{who}"), texts.language
        self._chats["group"].title = texts("group-title")
        self._world.changed.notify()

    def file(self, unique_id: str) -> File | None:
        """A file of one of the visit's messages."""
        for chat in self._chats.values():
            for message in chat.messages:
                file = self._file_of(message)
                if file is not None and file.unique_id == unique_id:
                    return file
        return None

    def end(self) -> None:
        """Nothing of it was ever there."""
        self._world.forget(list(self._chats.values()), list(self._people.values()))

    def _say(self, asked: Say) -> None:
        chat, by = self._place(asked)
        message = people.say(self._world, chat, by, asked.text, reply_to=self._reply(asked))
        calls_bot = f"@{self._world.bot.username}".lower() in asked.text.lower()
        if asked.chat == "friend" and calls_bot and chat.connection is None:
            people.call_guest(self._world, message, by)

    def _send_sample(self, asked: SendSample) -> None:
        note = next((sample for sample in samples() if sample.file == asked.file), None)
        if note is None:
            raise ValueError(f"no sample note {asked.file}")
        about = {"mime_type": "audio/ogg", "duration": round(note.seconds)}
        people.send(self._world, *self._place(asked), "voice", note.data, about, reply_to=self._reply(asked))

    async def _press(self, asked: Press) -> Json | None:
        _, by = self._place(asked)
        message = self._message(asked.chat, asked.message)
        rows = (message.markup or {}).get("inline_keyboard", [])
        if asked.row >= len(rows) or asked.column >= len(rows[asked.row]):
            raise ValueError("no such button")
        query = people.press(self._world, message, rows[asked.row][asked.column]["callback_data"], by)
        await self._world.changed.until(lambda: query.answer is not None, ANSWERED)
        answer = query.answer or {}
        return {"type": "answer", "text": answer.get("text") or "", "alert": bool(answer.get("show_alert"))}

    def _connect(self, on: bool) -> None:
        world, chat, friend = self._world, self._chats["friend"], self._people["friend"]
        if on and self._connection is None:
            link = BusinessConnection(f"biz{world.number()}", self._people["you"], int(time.time()))
            link.chats[friend.id] = chat
            world.connections[link.id] = self._connection = chat.connection = link
            self._chats["bot"].started = True
            people.announce(world, link)
        elif not on and self._connection is not None:
            link, self._connection, chat.connection = self._connection, None, None
            link.is_enabled = False
            people.announce(world, link)
            del world.connections[link.id]
        world.changed.notify()

    def _place(self, asked: _Act) -> tuple[Chat, User]:
        if asked.by not in SPEAKERS[asked.chat]:
            raise ValueError(f"{asked.by} is not in this chat")
        return self._chats[asked.chat], self._people[asked.by]

    def _reply(self, asked: _Act) -> Message | None:
        return self._message(asked.chat, asked.reply_to) if asked.reply_to else None

    def _message(self, place: Place, number: int) -> Message:
        message = self._chats[place].message(number)
        if message is None:
            raise ValueError("no such message")
        return message

    # what the page shows

    def picture(self) -> Iterator[tuple[tuple[str | int, ...], Json]]:
        """All that the page shows, piece by piece, each under a name of its own."""
        yield ("scene",), self._scene()
        for place, chat in self._chats.items():
            for message in chat.messages:
                yield (place, message.id), {"chat": place, "id": message.id} | self._shown(message)
            if chat.doing_since is not None:
                yield (place, "doing"), {"type": "doing", "chat": place, "since": chat.doing_since}

    def _scene(self) -> Json:
        texts, world = self._texts, self._world
        titles: dict[Place, str] = {
            "bot": world.bot.first_name,
            "friend": self._people["friend"].first_name,
            "group": self._chats["group"].title or "",
        }
        return {
            "type": "scene",
            "key": self.key,
            "language": texts.language,
            "languages": [[code, texts_for(ChatLanguage(code), None)("language-name")] for code in SPOKEN],
            "texts": {name.removeprefix("chat-"): texts(name) for name in SENTENCES},
            "people": {who: person.first_name for who, person in self._people.items()},
            "bot": {"name": world.bot.first_name, "username": world.bot.username},
            "about": self._published("description") or "",
            "connected": self._connection is not None,
            "chats": [
                {"key": place, "title": title, "speakers": SPEAKERS[place], "commands": self._commands(place)}
                for place, title in titles.items()
            ],
            "samples": [
                {"file": note.file, "language": note.language, "said": note.transcript} for note in samples()
            ],
        }

    def _commands(self, place: Place) -> list[Json]:
        if place == "friend":
            return []
        scope = "all_private_chats" if place == "bot" else "all_chat_administrators"
        return self._published("commands", scope) or []

    def _published(self, *what: str) -> Any:
        """What the bot says of itself, in the visitor's language if it does."""
        profile = self._world.profile
        return profile.get((*what, self._texts.language)) or profile.get((*what, ""))

    def _shown(self, message: Message) -> Json:
        if message.deleted:
            return {"type": "gone"}
        content, sender = message.content, message.sender
        shown: Json = {
            "type": "message",
            "date": message.date,
            "by": next((who for who, person in self._people.items() if person is sender), "bot"),
            "name": sender.first_name if sender else "",
            "text": content.get("text") or content.get("caption") or "",
            "entities": content.get("entities") or content.get("caption_entities") or [],
            "buttons": [[_button(one) for one in row] for row in _rows(message)],
            "reactions": [emoji for those in message.reactions.values() for emoji in those],
            "edited": len(message.edits) > 1,
            "reply_to": message.reply_to.id if message.reply_to else None,
            "file": self._described(message),
        }
        if "new_chat_members" in content:
            added = ", ".join(one["first_name"] for one in content["new_chat_members"])
            shown["event"] = self._texts("event-added", who=shown["name"], whom=added)
        if origin := content.get("forward_origin"):
            shown["forwarded"] = origin.get("sender_user", {}).get("first_name") or ""
        return shown

    def _described(self, message: Message) -> Json | None:
        file = self._file_of(message)
        if file is None:
            return None
        kind, about = _media(message) or ("document", {})
        return {
            "kind": kind,
            "id": file.unique_id,
            "name": about.get("file_name", ""),
            "mime": about.get("mime_type") or ("image/png" if kind == "photo" else ""),
            "duration": about.get("duration", 0),
            "size": file.size,
            "whole": len(file.data) == file.size,
        }

    def _file_of(self, message: Message) -> File | None:
        found = _media(message)
        return self._world.files.get(found[1]["file_id"]) if found else None


class Visits:
    """All who are there."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._visits: dict[str, Visit] = {}

    def find(self, key: str) -> Visit | None:
        return self._visits.get(key)

    def enter(self, key: str, language: str) -> Visit:
        """A page opens: the visit that it belongs to, or a new one."""
        visit = self._visits.get(key) or Visit(self.world, language)
        self._visits[visit.key] = visit
        visit.pages += 1
        return visit

    def leave(self, visit: Visit) -> None:
        visit.pages -= 1
        asyncio.get_running_loop().call_later(AWAY, self._forget, visit)

    def _forget(self, visit: Visit) -> None:
        if not visit.pages and visit.key in self._visits:
            del self._visits[visit.key]
            visit.end()


def _first_note(language: str) -> str:
    """What waits in the friend's chat: a note in the visitor's language."""
    of_tone = [note for note in samples() if note.tone == FIRST_NOTE]
    return next((note for note in of_tone if note.language == language), of_tone[0]).file


def _media(message: Message) -> tuple[str, Json] | None:
    for kind in ("voice", "video_note", "audio", "video", "document", "photo"):
        if kind in message.content:
            about = message.content[kind]
            return kind, about[-1] if isinstance(about, list) else about
    return None


def _rows(message: Message) -> list[list[Json]]:
    rows: list[list[Json]] = (message.markup or {}).get("inline_keyboard", [])
    return rows


def _button(button: Json) -> Json:
    """What is on it, and what a press does that the bot need not hear of."""
    return {
        "text": button["text"],
        "url": button.get("url"),
        "copy": button.get("copy_text", {}).get("text"),
        "style": button.get("style"),
    }
