"""What a chat can choose with `/settings`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ChatLanguage", "ChatSettings", "ShowTranscript", "Style", "WarnWhen"]


class Style(StrEnum):
    GENTLE = "gentle"
    BRIEF = "brief"
    DETAILED = "detailed"
    REACTION = "reaction"


class WarnWhen(StrEnum):
    ALWAYS = "always"
    NOT_NEUTRAL = "not_neutral"
    NEGATIVE = "negative"


class ShowTranscript(StrEnum):
    OFF = "off"
    SPOILER = "spoiler"
    SHOWN = "shown"


class ChatLanguage(StrEnum):
    AUTO = "auto"
    EN = "en"
    RU = "ru"


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """The choices of one chat; the defaults hold until someone changes them."""

    style: Style = Style.GENTLE
    when: WarnWhen = WarnWhen.ALWAYS
    transcript: ShowTranscript = ShowTranscript.OFF
    language: ChatLanguage = ChatLanguage.AUTO
    """The bot's own language here, and which one to expect in speech; `auto`: the user's."""
