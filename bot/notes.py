"""What in an update is a voice note to judge.

Only new messages count: an edited note, a channel's post, or another bot's note is none of our business.
What is made here is what the queue may keep on disk: ids, never content.

A `Note` names the chat to answer. The other two name none. A `BusinessNote`, which a contact sent to an
account that the bot is connected to, becomes a `Note` in the chat of the account's owner with the bot, so
that nothing that answers notes can write to the contact. A `GuestNote` is in a chat that the bot is not in,
where it has one message to fill in and may do nothing else.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, get_type_hints

from telegram import Audio, Document, Message, MessageOriginUser, Update, User, Video, VideoNote, Voice
from telegram.constants import ChatType, MessageEntityType

__all__ = [
    "AnyNote",
    "BusinessNote",
    "Contact",
    "GuestNote",
    "Note",
    "business_lane",
    "from_a_bot",
    "from_json",
    "guest_note",
    "holds_sound",
    "mentions",
    "note_answered",
    "note_in",
    "speaker_of",
]

TONE_COMMAND = "/tone"
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recording:
    """What both kinds of notes hold, in plain values, so that they can be queued."""

    message_id: int
    """The message that brought the request."""
    sent_at: int
    """Unix time of the request, seconds."""
    file_id: str
    file_unique_id: str
    file_size: int | None
    """Bytes, where Telegram says."""
    duration: float | None
    """Seconds, where Telegram says."""
    noted_at: int | None = None
    """Unix time of the message with the sound, perhaps long before; None in jobs of older versions."""
    speaker_id: int | None = None
    """Who recorded it, as far as Telegram tells: see `speaker_of`."""

    @property
    def came_at(self) -> datetime:
        """When the sound came into its chat."""
        return datetime.fromtimestamp(self.sent_at if self.noted_at is None else self.noted_at, UTC)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Contact:
    """Who sent a note to someone's own account, and the bot's connection to that account."""

    connection_id: str
    id: int
    name: str
    """First name as it stands in Telegram: no HTML, and whatever its bearer chose."""

    def job_id(self, message_id: int) -> str:
        return f"{business_lane(self.connection_id)}:{self.id}:{message_id:010}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(_Recording):
    """One voice note to judge and the message to answer."""

    chat_id: int
    reply_to: int | None
    """The message with the sound, which the warning replies to; None where it is in no chat of the bot's."""
    thread_id: int | None
    private: bool
    asked: bool
    """True for `/tone`: someone asked for this one, whatever the settings say of ordinary notes."""
    language_code: str | None
    """The asker's language, as their Telegram says."""
    contact: Contact | None = None
    """Who sent it, where it came to the account of the one who is warned."""
    asker_id: int | None = None
    """Who sent the request; None for an anonymous admin, a channel, or a contact's note."""
    album: str | None = None
    """What it was sent together with, as one: Telegram's number of the group of files."""
    checked: bool = False
    """True after `/check`: whoever sends it wants to know how it will sound to others."""
    asked_in: int | None = None
    """The chat of the request, where that has become the supergroup `chat_id` since."""

    @property
    def job_id(self) -> str:
        if self.contact is not None:
            return self.contact.job_id(self.message_id)
        # Padded, because the queue orders by name what arrived in the same millisecond.
        return f"{self.lane}:{self.message_id:010}"

    @property
    def lane(self) -> str:
        """Notes of one lane are answered one after the other."""
        return str(self.chat_id if self.asked_in is None else self.asked_in)

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for the answer: in a group only who asked, for a contact's note nobody."""
        return self.asked or (self.private and self.contact is None)

    @property
    def own(self) -> bool:
        """Whether whoever waits for the answer recorded the note."""
        return self.awaited and self.asker_id is not None and self.asker_id == self.speaker_id

    def in_supergroup(self, chat_id: int) -> Note:
        """The same job, for what its group has become. Messages have other numbers there."""
        return replace(self, chat_id=chat_id, asked_in=self.chat_id, reply_to=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessNote(_Recording):
    """A note that a contact sent to someone who connected the bot to their own account."""

    contact: Contact

    @property
    def job_id(self) -> str:
        return self.contact.job_id(self.message_id)

    @property
    def lane(self) -> str:
        return business_lane(self.contact.connection_id)

    def for_owner(self, chat_id: int, language_code: str | None) -> Note:
        """The note as something to tell its receiver, in their chat with the bot."""
        recording = {field.name: getattr(self, field.name) for field in fields(_Recording)}
        return Note(
            **recording,
            chat_id=chat_id,
            reply_to=None,
            thread_id=None,
            private=True,
            asked=False,
            language_code=language_code,
            contact=self.contact,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestNote(_Recording):
    """A note in a chat that the bot is not in, where someone replied to it with the bot's name."""

    inline_id: str
    """The bot's one message there: it stands already, and waits for the verdict."""
    asker_id: int
    language_code: str | None

    @property
    def job_id(self) -> str:
        # Begins as the jobs of the asker's own chat do, so that /forget there finds it.
        return f"{self.asker_id}:guest:{self.inline_id}"

    @property
    def lane(self) -> str:
        return f"{self.asker_id}:guest"

    def for_asker(self) -> Note:
        """The note as one that its asker heard of in their own chat with the bot."""
        recording = {field.name: getattr(self, field.name) for field in fields(_Recording)}
        return Note(
            **recording,
            chat_id=self.asker_id,
            reply_to=None,
            thread_id=None,
            private=True,
            asked=True,
            language_code=self.language_code,
            asker_id=self.asker_id,
        )


AnyNote = Note | BusinessNote | GuestNote


def business_lane(connection_id: str) -> str:
    """The lane of an account's notes: an account has one connection, so this is the lane of its owner."""
    return f"business:{connection_id}"


def from_json(values: dict[str, Any]) -> AnyNote:
    """What `to_json` made, as the queue gives it back."""
    contact = values.get("contact")
    values = {**values, "contact": Contact(**contact) if contact else None}
    kind = GuestNote if "inline_id" in values else Note if "chat_id" in values else BusinessNote
    # While versions change, a newer process may queue what an older one runs.
    return kind(**{field.name: values[field.name] for field in fields(kind) if field.name in values})


def note_in(update: Update, bot_username: str) -> Note | BusinessNote | None:
    """The note that `update` asks to judge: one just sent, or one that `/tone` or the bot's name replies to.

    In private that is any file, for somebody waits for an answer. In a group, music and documents are left
    alone unless someone asks; so they are in a connected account.

    Raises:
        TypeError: what Telegram says of it is of another kind than Telegram says things.
    """
    if update.business_message is not None:
        return _business_note(update.business_message)
    message = update.message
    if message is None or from_a_bot(message):
        return None
    sound = _sound(message)
    if sound is not None and (message.chat.type == ChatType.PRIVATE or isinstance(sound, (Voice, VideoNote))):
        return _note(message, message, sound, asked=False)
    replied = message.reply_to_message
    if replied is not None and _asks(message, bot_username):
        sound = _sound(replied)
        if sound is not None:
            return _note(message, replied, sound, asked=True)
    return None


def note_answered(warning: Message, asker: User) -> Note | None:
    """The note that `warning` replies to, now asked about by `asker`; None if it is gone."""
    noted = warning.reply_to_message
    sound = None if noted is None else _sound(noted)
    if noted is None or sound is None:
        return None
    note = Note(
        chat_id=warning.chat_id,
        reply_to=noted.message_id,
        thread_id=warning.message_thread_id if warning.is_topic_message else None,
        private=warning.chat.type == ChatType.PRIVATE,
        asked=True,
        language_code=asker.language_code,
        asker_id=asker.id,
        **(_recording(noted, noted, sound) | {"message_id": warning.message_id}),
    )
    return _checked(note)


Sound = Voice | VideoNote | Audio | Video | Document


def _sound(message: Message) -> Sound | None:
    return message.voice or message.video_note or message.audio or message.video or message.document


def _seconds(sound: Sound) -> float | None:
    duration = None if isinstance(sound, Document) else sound.duration
    return duration.total_seconds() if isinstance(duration, timedelta) else duration


def from_a_bot(message: Message) -> bool:
    """Another bot's message. Anonymous admins and channels look like one, but have a `sender_chat`."""
    sender = message.from_user
    return sender is not None and sender.is_bot and message.sender_chat is None


def mentions(message: Message, bot_username: str) -> bool:
    """Whether the bot's name stands in the message: a way to call it without a command."""
    named = message.parse_entities([MessageEntityType.MENTION]).values()
    return f"@{bot_username.lower()}" in (name.lower() for name in named)


def _asks(message: Message, bot_username: str) -> bool:
    """Whether a reply to a note asks for its tone."""
    in_group = message.chat.type in (ChatType.GROUP, ChatType.SUPERGROUP)
    return _is_tone_command(message, bot_username) or (in_group and mentions(message, bot_username))


def _is_tone_command(message: Message, bot_username: str) -> bool:
    for entity, text in message.parse_entities([MessageEntityType.BOT_COMMAND]).items():
        if entity.offset == 0:
            return text.lower() in (TONE_COMMAND, f"{TONE_COMMAND}@{bot_username.lower()}")
    return False


def _business_note(message: Message) -> BusinessNote | None:
    """A note from a contact. What the owner sends, or a bot does for them, is not news to the owner."""
    sender, sound = message.from_user, message.voice or message.video_note
    if sound is None or sender is None or message.business_connection_id is None:
        return None
    # In a private chat, the chat's id is the contact's.
    if sender.id != message.chat_id or sender.is_bot or message.sender_business_bot is not None:
        return None
    note = BusinessNote(
        contact=Contact(message.business_connection_id, sender.id, sender.first_name),
        **_recording(message, message, sound),
    )
    return _checked(note)


def holds_sound(message: Message) -> bool:
    """Whether there may be a voice in it."""
    return _sound(message) is not None


def guest_note(message: Message, inline_id: str) -> GuestNote | None:
    """The note that a guest message replies to, for the answer `inline_id`; None if it replies to none."""
    noted, asker = message.reply_to_message, message.from_user
    sound = None if noted is None else _sound(noted)
    if noted is None or sound is None or asker is None:
        return None
    note = GuestNote(
        inline_id=inline_id,
        asker_id=asker.id,
        language_code=asker.language_code,
        **_recording(message, noted, sound),
    )
    return _checked(note)


def _note(request: Message, noted: Message, sound: Sound, *, asked: bool) -> Note:
    sender = request.from_user
    note = Note(
        chat_id=request.chat_id,
        reply_to=noted.message_id,
        thread_id=request.message_thread_id if request.is_topic_message else None,
        private=request.chat.type == ChatType.PRIVATE,
        asked=asked,
        language_code=sender.language_code if sender else None,
        asker_id=sender.id if sender and request.sender_chat is None else None,
        album=request.media_group_id,
        **_recording(request, noted, sound),
    )
    return _checked(note)


def speaker_of(message: Message) -> int | None:
    """Who said it; None where Telegram hides that: channels, anonymous admins, nameless forwards."""
    origin = message.forward_origin
    if origin is not None:
        return origin.sender_user.id if isinstance(origin, MessageOriginUser) else None
    if message.from_user is None or message.sender_chat is not None:
        return None
    return message.from_user.id


def _checked(made: _Made) -> _Made:
    """The library hands on whatever came; kept in the queue, that would trouble all who look at it."""
    for name, kind in get_type_hints(type(made)).items():
        value = getattr(made, name)
        if not isinstance(value, kind):
            raise TypeError(f"{name} is of the kind {type(value).__name__}")
        if is_dataclass(value):
            _checked(value)
    return made


def _recording(request: Message, noted: Message, sound: Sound) -> dict[str, Any]:
    return {
        "message_id": request.message_id,
        "sent_at": int(request.date.timestamp()),
        "noted_at": int(noted.date.timestamp()),
        "file_id": sound.file_id,
        "file_unique_id": sound.file_unique_id,
        "file_size": sound.file_size,
        "duration": _seconds(sound),
        "speaker_id": speaker_of(noted),
    }
