"""A chat's own clock, and whether a warning may make a sound at this hour of it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from bot.store import ChatSettings

__all__ = ["is_quiet", "local_time", "utc_offset"]

USUAL_OFFSET = {"en": 0, "ru": 3}
"""Hours ahead of UTC by language, until a chat says otherwise. Telegram does not tell where people are."""


def utc_offset(chat: ChatSettings, language: str) -> int:
    """Hours that the chat's clock is ahead of UTC; `language` is the one that the bot speaks there."""
    return USUAL_OFFSET.get(language, 0) if chat.utc_offset is None else chat.utc_offset


def local_time(chat: ChatSettings, language: str, now: datetime) -> datetime:
    """`now`, which knows its time zone, by the chat's clock."""
    return now.astimezone(timezone(timedelta(hours=utc_offset(chat, language))))


def is_quiet(chat: ChatSettings, language: str, now: datetime) -> bool:
    """Whether the chat's quiet hours hold now."""
    return chat.quiet.hold_at(local_time(chat, language, now).hour)
