"""What people decided for themselves, whatever the chat: no warnings about them, a correction, a consent.

A correction holds the verdict that was corrected, and no word of the note; unless it is the person's own note
and they gave its words to the operator, who set a key for them. What comes in here then is already encrypted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, false, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.tables import consents, corrections, metadata, optouts
from models.verdict import TONES, Language, Tone

__all__ = ["Consent", "Correction", "Given", "Judged", "People"]

LAST_COUNT = 200
"""Corrections of a chat that count; older ones are outgrown, and a read stays cheap."""
WHOSE = ("chat_id", "user_id", "owner_id", "asker_id")
"""Columns that say whose a row is. A private chat has the number of its person."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One note and what the bot said of it."""

    note_id: int
    """Message of the note, in its chat; negative where a contact sent it to a connected account, whose
    messages are numbered apart."""
    said: Tone
    scores: dict[Tone, float]
    """As the models gave them, before this chat's sensitivity; sums to 1."""
    language: Language


@dataclass(frozen=True, slots=True)
class Correction:
    """What someone says the tone of a note was."""

    judged: Judged
    meant: Tone


@dataclass(frozen=True, slots=True)
class Consent:
    """What the one who runs the bot may use of a person's."""

    corrections: bool = False
    words: bool = False
    """Of notes that they recorded themselves."""


@dataclass(frozen=True, slots=True)
class Given:
    """A correction that may be used for training."""

    correction: Correction
    words: str | None
    """Encrypted, see `bot.given`."""


class People:
    """The part of the store that is about people. Made by `Store`, on its engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    async def opt_out(self, user_id: int) -> None:
        """From here on nobody is warned about this person's notes."""
        await self._write(self._insert(optouts).values(user_id=user_id).on_conflict_do_nothing())

    async def opt_in(self, user_id: int) -> None:
        await self._write(delete(optouts).where(optouts.c.user_id == user_id))

    async def has_opted_out(self, user_id: int) -> bool:
        query = select(optouts.c.user_id).where(optouts.c.user_id == user_id)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).one_or_none() is not None

    async def correct(self, chat_id: int, user_id: int, correction: Correction) -> None:
        """Keep a correction; it takes the place of the same person's earlier one of the same note."""
        judged = correction.judged
        key = {"chat_id": chat_id, "note_id": judged.note_id, "user_id": user_id}
        values: dict[str, Any] = {
            "said": judged.said,
            "meant": correction.meant,
            **{str(tone): score for tone, score in judged.scores.items()},
            "language": judged.language,
            "given_at": datetime.now(UTC),
        }
        new = self._insert(corrections).values(**key, **values)
        await self._write(new.on_conflict_do_update(index_elements=[*key], set_=values))

    async def corrections(self, chat_id: int) -> list[Correction]:
        """The last ones of a chat, newest first."""
        query = (
            select(corrections)
            .where(corrections.c.chat_id == chat_id)
            .order_by(corrections.c.given_at.desc())
            .limit(LAST_COUNT)
        )
        async with self._engine.connect() as connection:
            return [_correction(row) for row in await connection.execute(query)]

    async def unlearn(self, chat_id: int) -> None:
        """Delete a chat's corrections."""
        await self._write(delete(corrections).where(corrections.c.chat_id == chat_id))

    async def ask_once(self, user_id: int) -> bool:
        """Note that this person is asked for consent now, which is no until they say yes; False if they
        were asked before."""
        asked = self._insert(consents).values(user_id=user_id, agreed=False, words=False)
        async with self._engine.begin() as connection:
            return (await connection.execute(asked.on_conflict_do_nothing())).rowcount > 0

    async def agree(self, user_id: int, consent: Consent) -> None:
        """What a person agrees to from now on. Words that they no longer give are deleted."""
        agreed = {"agreed": consent.corrections, "words": consent.words}
        new = self._insert(consents).values(user_id=user_id, **agreed)
        await self._write(new.on_conflict_do_update(index_elements=["user_id"], set_=agreed))
        if not consent.words:
            await self._write(update(corrections).where(corrections.c.user_id == user_id).values(words=None))

    async def consent(self, user_id: int) -> Consent:
        query = select(consents.c.agreed, consents.c.words).where(consents.c.user_id == user_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return Consent() if row is None else Consent(row.agreed, row.words)

    async def give_words(self, chat_id: int, user_id: int, note_id: int, words: str) -> None:
        """Keep the encrypted words of a corrected note, if its correction is there and they are given."""
        willing = select(consents.c.user_id).where(consents.c.user_id == user_id, consents.c.words)
        await self._write(
            update(corrections)
            .where(
                corrections.c.chat_id == chat_id,
                corrections.c.note_id == note_id,
                corrections.c.user_id == user_id,
                willing.exists(),
            )
            .values(words=words)
        )

    async def given(self) -> list[Given]:
        """All corrections of those who agreed, oldest first, without who and where."""
        query = (
            select(corrections)
            .join(consents, consents.c.user_id == corrections.c.user_id)
            .where(consents.c.agreed)
            .order_by(corrections.c.given_at)
        )
        async with self._engine.connect() as connection:
            return [Given(_correction(row), row.words) for row in await connection.execute(query)]

    async def about(self, user_id: int) -> dict[str, list[dict[str, Any]]]:
        """Every row that is kept about a person and their private chat, by table."""
        found = {}
        async with self._engine.connect() as connection:
            for table in metadata.sorted_tables:
                theirs = or_(false(), *(table.c[name] == user_id for name in WHOSE if name in table.c))
                rows = await connection.execute(select(table).where(theirs))
                found[table.name] = [dict(row) for row in rows.mappings()]
        return found

    async def forget(self, user_id: int) -> None:
        """Delete what a person gave, in whatever chat. Their opt-out stays: it is a wish, not a trace."""
        async with self._engine.begin() as connection:
            for table in (corrections, consents):
                await connection.execute(delete(table).where(table.c.user_id == user_id))

    async def _write(self, statement: Any) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(statement)


def _correction(row: Row[Any]) -> Correction:
    scores = {tone: getattr(row, tone) for tone in TONES}
    return Correction(Judged(row.note_id, row.said, scores, row.language), row.meant)
