"""A digest: one message for several notes, a line each."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from bot.notes import Note
from bot.store import ChatSettings, Style
from bot.warnings.phrase import clock, phrase
from bot.warnings.texts import Texts
from models.verdict import Seconds, Verdict

__all__ = ["digest", "digest_line", "line"]

SUPERGROUPS = -1_000_000_000_000
"""Below this are the ids of chats whose messages have links; what is left is the number in the link."""


def digest(lines: Collection[str], texts: Texts) -> str:
    """The whole message, as Telegram HTML."""
    return "\n".join([texts("digest", count=len(lines)), *lines])


def digest_line(note: Note, verdict: Verdict, texts: Texts) -> str:
    """What the digest says of one note: tone, when it was sent, how long it is, and where."""
    return line(verdict, texts, sent_at=note.sent_at, link=_link(note))


def line(verdict: Verdict, texts: Texts, *, sent_at: int, link: str | None = None) -> str:
    """`sent_at`: Unix time."""
    tone = phrase(verdict, ChatSettings(style=Style.DIGEST), texts).html
    length = f"🎙 {clock(verdict.duration)}"
    where = f'<a href="{link}">{length}</a>' if link else length
    return " · ".join([tone, _time(sent_at), where])


def _time(sent_at: Seconds) -> str:
    """Telegram shows it by each reader's own clock; an older app shows what stands between the tags."""
    utc = datetime.fromtimestamp(sent_at, UTC)
    return f'<tg-time unix="{int(sent_at)}" format="t">{utc:%H:%M} UTC</tg-time>'


def _link(note: Note) -> str | None:
    """A link to the note, which works for the members of its supergroup; other chats have none."""
    if note.chat_id >= SUPERGROUPS or note.reply_to is None:
        return None
    return f"https://t.me/c/{SUPERGROUPS - note.chat_id}/{note.reply_to}"
