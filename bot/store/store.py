"""The one door to the database.

SQLite by default, in WAL mode so that readers never wait for the writer; PostgreSQL by URL. A verdict is
kept without its words: `_wordless` is the only way in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, delete, event, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.sql import Insert

from bot.store.chat import ChatLanguage, ChatSettings, ShowTranscript, Style, WarnWhen
from bot.store.tables import chats, verdicts
from models.verdict import Moment, Verdict

__all__ = ["Store", "StoreError"]

MIGRATIONS = Path(__file__).parent / "migrations"
SQLITE_BUSY_SECONDS = 5


class StoreError(Exception):
    """The database cannot be used. The message is one line for the one who runs the bot."""


class Store:
    """Chats and verdicts. Open with `Store.open`, close when done."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connect and bring the schema up to date.

        Raises:
            StoreError: the database cannot be reached, is locked, damaged, or its disk is full.
        """
        engine = create_async_engine(url)
        if engine.dialect.name == "sqlite":
            event.listen(engine.sync_engine, "connect", _tune_sqlite)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_migrate)
        except (SQLAlchemyError, OSError) as error:
            await engine.dispose()
            reason = getattr(error, "orig", None) or error
            raise StoreError(f"the database cannot be used: {reason}") from None
        return cls(engine)

    async def close(self) -> None:
        await self._engine.dispose()

    async def chat(self, chat_id: int) -> ChatSettings:
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(chats).where(chats.c.chat_id == chat_id))).one_or_none()
        if row is None:
            return ChatSettings()
        return ChatSettings(
            Style(row.style), WarnWhen(row.when), ShowTranscript(row.transcript), ChatLanguage(row.language)
        )

    async def save_chat(self, chat_id: int, settings: ChatSettings) -> None:
        values = asdict(settings)
        await self._upsert(
            self._insert(chats).values(chat_id=chat_id, **values), keys=["chat_id"], changed=values
        )

    async def verdict(self, file_unique_id: str, language_asked: str, engine: str) -> Verdict | None:
        """What was heard in this file before, without its words; None if never, or by another engine."""
        query = select(verdicts.c.verdict).where(
            verdicts.c.file_unique_id == file_unique_id, verdicts.c.language_asked == language_asked
        )
        async with self._engine.connect() as connection:
            kept = (await connection.execute(query)).scalar_one_or_none()
        if kept is None or kept["engine"] != engine:
            return None
        return _verdict_of(kept)

    async def keep_verdict(
        self, file_unique_id: str, language_asked: str, chat_id: int, verdict: Verdict
    ) -> None:
        values = {"chat_id": chat_id, "verdict": _wordless(verdict), "heard_at": datetime.now(UTC)}
        await self._upsert(
            self._insert(verdicts).values(
                file_unique_id=file_unique_id, language_asked=language_asked, **values
            ),
            keys=["file_unique_id", "language_asked"],
            changed=values,
        )

    async def forget_chat(self, chat_id: int) -> None:
        """Delete all that is kept of a chat."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(chats).where(chats.c.chat_id == chat_id))
            await connection.execute(delete(verdicts).where(verdicts.c.chat_id == chat_id))

    async def move_chat(self, old_id: int, new_id: int) -> None:
        """A group became a supergroup: its settings and verdicts move along."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(chats).where(chats.c.chat_id == new_id))
            for table in (chats, verdicts):
                await connection.execute(
                    update(table).where(table.c.chat_id == old_id).values(chat_id=new_id)
                )

    async def forget_verdicts(self, older_than: timedelta) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                delete(verdicts).where(verdicts.c.heard_at < datetime.now(UTC) - older_than)
            )

    async def _upsert(self, insert: Insert, keys: list[str], changed: Mapping[str, Any]) -> None:
        statement = insert.on_conflict_do_update(index_elements=keys, set_=changed)  # type: ignore[attr-defined]
        async with self._engine.begin() as connection:
            await connection.execute(statement)


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _tune_sqlite(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    # What is deleted is overwritten: /forget means it.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _wordless(verdict: Verdict) -> dict[str, Any]:
    return asdict(replace(verdict, transcript="", words=()))


def _verdict_of(kept: Mapping[str, Any]) -> Verdict:
    return Verdict(
        **{
            **kept,
            "emotions_present": tuple(kept["emotions_present"]),
            "timeline": tuple(Moment(**moment) for moment in kept["timeline"]),
            "words": (),
        }
    )
