"""What in an update is a voice note to judge.

Only new messages count: an edited note, a channel's post, or another bot's note is none of our business.
A `Note` holds what the queue may keep on disk: ids, never content.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Self

from telegram import Audio, Document, Message, Update, Video, VideoNote, Voice
from telegram.constants import ChatType, MessageEntityType

__all__ = ["Note", "note_in"]

TONE_COMMAND = "/tone"


@dataclass(frozen=True, slots=True)
class Note:
    """One voice note to judge and the message to answer. Made of plain values, so that it can be queued."""

    chat_id: int
    message_id: int
    """The message that brought the request: with the chat, the job's identity."""
    reply_to: int
    """The message with the sound, which the warning replies to."""
    thread_id: int | None
    private: bool
    asked: bool
    """True for `/tone`: someone asked for this one, whatever the settings say of ordinary notes."""
    language_code: str | None
    """The asker's language, as their Telegram says."""
    sent_at: int
    """Unix time of the request, seconds."""
    file_id: str
    file_unique_id: str
    file_size: int | None
    """Bytes, where Telegram says."""
    duration: float | None
    """Seconds, where Telegram says."""

    @property
    def job_id(self) -> str:
        # Padded, because the queue orders by name what arrived in the same millisecond.
        return f"{self.chat_id}:{self.message_id:010}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        return cls(**values)


def note_in(update: Update, bot_username: str) -> Note | None:
    """The note that `update` asks to judge: one just sent, or one that `/tone` replies to.

    In private that is any file, for somebody waits for an answer. In a group, music and documents are left
    alone unless someone asks.
    """
    message = update.message
    if message is None or _from_a_bot(message):
        return None
    sound = _sound(message)
    if sound is not None and (message.chat.type == ChatType.PRIVATE or isinstance(sound, (Voice, VideoNote))):
        return _note(message, message, sound, asked=False)
    replied = message.reply_to_message
    if replied is not None and _is_tone_command(message, bot_username):
        sound = _sound(replied)
        if sound is not None:
            return _note(message, replied, sound, asked=True)
    return None


Sound = Voice | VideoNote | Audio | Video | Document


def _sound(message: Message) -> Sound | None:
    return message.voice or message.video_note or message.audio or message.video or message.document


def _seconds(sound: Sound) -> float | None:
    duration = None if isinstance(sound, Document) else sound.duration
    return duration.total_seconds() if isinstance(duration, timedelta) else duration


def _from_a_bot(message: Message) -> bool:
    """Another bot's message. Anonymous admins and channels look like one, but have a `sender_chat`."""
    sender = message.from_user
    return sender is not None and sender.is_bot and message.sender_chat is None


def _is_tone_command(message: Message, bot_username: str) -> bool:
    for entity, text in message.parse_entities([MessageEntityType.BOT_COMMAND]).items():
        if entity.offset == 0:
            return text.lower() in (TONE_COMMAND, f"{TONE_COMMAND}@{bot_username.lower()}")
    return False


def _note(request: Message, noted: Message, sound: Sound, *, asked: bool) -> Note:
    sender = request.from_user
    return Note(
        chat_id=request.chat_id,
        message_id=request.message_id,
        reply_to=noted.message_id,
        thread_id=request.message_thread_id if request.is_topic_message else None,
        private=request.chat.type == ChatType.PRIVATE,
        asked=asked,
        language_code=sender.language_code if sender else None,
        sent_at=int(request.date.timestamp()),
        file_id=sound.file_id,
        file_unique_id=sound.file_unique_id,
        file_size=sound.file_size,
        duration=_seconds(sound),
    )
