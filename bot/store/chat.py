"""What a chat can choose with `/settings`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from bot.languages import SPOKEN

__all__ = [
    "BusinessWarnings",
    "ChatLanguage",
    "ChatSettings",
    "DeleteAfter",
    "Digest",
    "HeatNotice",
    "Obstacle",
    "Owner",
    "QuietHours",
    "Sensitivity",
    "ShowTranscript",
    "Style",
    "WarnWhen",
]


class Style(StrEnum):
    GENTLE = "gentle"
    BRIEF = "brief"
    DETAILED = "detailed"
    REACTION = "reaction"
    DIGEST = "digest"
    """One message for several notes, a line each."""


class WarnWhen(StrEnum):
    ALWAYS = "always"
    NOT_NEUTRAL = "not_neutral"
    NEGATIVE = "negative"
    ON_TONE = "on_tone"
    """Only notes that someone replies to with /tone; no other is even listened to."""


class ShowTranscript(StrEnum):
    OFF = "off"
    BUTTON = "button"
    """For whoever presses a button under the warning; nobody else sees them."""
    SPOILER = "spoiler"
    SHOWN = "shown"


class ChatLanguage(StrEnum):
    """`auto`, and every language that the bot speaks."""

    _ignore_ = "code"

    AUTO = "auto"
    EN = "en"
    RU = "ru"
    for code in SPOKEN:
        if code not in ("en", "ru"):
            vars()[code.upper()] = code


class BusinessWarnings(StrEnum):
    ON = "on"
    OFF = "off"


class QuietHours(StrEnum):
    """When warnings come without a sound, by the chat's own clock."""

    OFF = "off"
    FROM_22 = "22-8"
    FROM_23 = "23-7"
    ALWAYS = "always"

    def hold_at(self, hour: int) -> bool:
        """Whether they hold at this hour of the day, 0..23."""
        match self:
            case QuietHours.OFF:
                return False
            case QuietHours.ALWAYS:
                return True
            case _:
                begin, end = map(int, self.split("-"))
                return hour >= begin or hour < end


class DeleteAfter(StrEnum):
    """How long the bot's warnings stay in the chat."""

    NEVER = "never"
    TEN_MINUTES = "10m"
    HOUR = "1h"
    DAY = "24h"

    @property
    def time(self) -> timedelta | None:
        return _LASTING[self]


_LASTING = {
    DeleteAfter.NEVER: None,
    DeleteAfter.TEN_MINUTES: timedelta(minutes=10),
    DeleteAfter.HOUR: timedelta(hours=1),
    DeleteAfter.DAY: timedelta(hours=24),
}
"""At most a day: Telegram lets nobody delete what is older than two."""


class Sensitivity(StrEnum):
    """How readily a note counts as negative."""

    LOWER = "lower"
    NORMAL = "normal"
    HIGHER = "higher"


class HeatNotice(StrEnum):
    """What the bot does when several notes of a group within minutes are negative."""

    OFF = "off"
    DRY_RUN = "dry_run"
    """Counts in /stats how often it would have said something."""
    ON = "on"


class Obstacle(StrEnum):
    """What keeps the bot from writing in a chat."""

    CLOSED = "closed"
    """It was blocked or thrown out, and the chat has not written since."""
    NO_RIGHTS = "no_rights"
    """It is there but may not write; its admins were told."""


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """The choices of one chat; the defaults hold until someone changes them."""

    style: Style = Style.GENTLE
    when: WarnWhen = WarnWhen.ALWAYS
    transcript: ShowTranscript = ShowTranscript.OFF
    language: ChatLanguage = ChatLanguage.AUTO
    """The bot's own language here, and which one to expect in speech; `auto`: the user's."""
    business: BusinessWarnings = BusinessWarnings.ON
    """Whether someone who connected the bot to their own account hears of what contacts send them."""
    quiet: QuietHours = QuietHours.OFF
    utc_offset: int | None = None
    """Hours that the chat's clock is ahead of UTC; None: what is usual where its language is spoken."""
    delete_after: DeleteAfter = DeleteAfter.NEVER
    sensitivity: Sensitivity = Sensitivity.NORMAL
    """What the chat chose; what its corrections taught comes on top, see `bot.sensitivity`."""
    heat: HeatNotice = HeatNotice.OFF

    def as_guest(self) -> ChatSettings:
        """What of it holds in a chat that the bot is not in: a text of its own, and nobody's words in it."""
        has_text = self.style not in (Style.REACTION, Style.DIGEST)
        return replace(self, style=self.style if has_text else Style.BRIEF, transcript=ShowTranscript.OFF)

    @property
    def shows_words(self) -> bool:
        """Whether a warning itself holds words of the note."""
        has_room = self.style not in (Style.REACTION, Style.DIGEST)
        return has_room and self.transcript in (ShowTranscript.SPOILER, ShowTranscript.SHOWN)


@dataclass(frozen=True, slots=True)
class Owner:
    """Someone who connected the bot to their own account (Telegram Business)."""

    user_id: int
    chat_id: int
    """Their private chat with the bot, the one place where it speaks about the account."""
    language_code: str | None
    """Their language, as their Telegram says."""


@dataclass(frozen=True, slots=True)
class Digest:
    """One message of the bot that speaks of several notes."""

    message_id: int
    lines: dict[str, str]
    """Telegram HTML of each line by its note's job; tones and times, never words."""
