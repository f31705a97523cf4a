"""The one door to the database.

SQLite by default, in WAL mode so that readers never wait for the writer; PostgreSQL by URL, for any number of
processes. A verdict is kept without its words: `_wordless` is the only way in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, delete, event, false, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.sql import Insert

from bot.memory import bound_page_cache
from bot.store.arrivals import Arrivals
from bot.store.chat import (
    BusinessWarnings,
    ChatLanguage,
    ChatSettings,
    DeleteAfter,
    Digest,
    HeatNotice,
    Obstacle,
    Owner,
    QuietHours,
    Sensitivity,
    ShowTranscript,
    Style,
    WarnWhen,
)
from bot.store.counts import Counts
from bot.store.members import Members
from bot.store.pace import Pace
from bot.store.people import People
from bot.store.progress import ProgressMessages
from bot.store.tables import (
    chats,
    connections,
    corrections,
    digests,
    expected,
    firsts,
    heats,
    moves,
    mutes,
    obstacles,
    passing,
    turns,
    verdicts,
)
from models.verdict import Moment, Verdict

__all__ = ["Store", "StoreError"]

MIGRATIONS = Path(__file__).parent / "migrations"
SQLITE_BUSY_SECONDS = 5
CONNECT_SECONDS = 5
CONNECTIONS = {"pool_size": 5, "max_overflow": 20}
"""Of one process to PostgreSQL. None is held while Telegram is waited for."""
COUNTED = {"preserve_rowcount": True}
"""How many rows an insert made tells who was first; SQLAlchemy does not keep that by itself."""
MIGRATING = 7_306_004
"""PostgreSQL's advisory lock: processes that start together migrate one after the other."""


FORGOTTEN = (
    chats,
    verdicts,
    connections,
    mutes,
    obstacles,
    digests,
    corrections,
    heats,
    firsts,
    expected,
    turns,
    moves,
)
"""Where a chat that forgets leaves no row."""


class StoreError(Exception):
    """The database cannot be used. The message is one line for the one who runs the bot."""


class Store:
    """Chats, verdicts and connected accounts. Open with `Store.open`, close when done."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
        self.people = People(engine)
        self.progress = ProgressMessages(engine)
        self.counts = Counts(engine)
        self.arrivals = Arrivals(engine)
        # Of use where there is more than one process.
        self.members = Members(engine) if self.is_shared else None
        self.pace = Pace(engine) if self.is_shared else None
        self._hindered: set[int] | None = None
        """Chats where there may be an obstacle; None where other processes may know of more."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes may use the same database."""
        return self._engine.dialect.name == "postgresql"

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connect and bring the schema up to date.

        Raises:
            StoreError: the database cannot be reached, is locked, damaged, or its disk is full.
        """
        engine = _engine(url)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_migrate, command.upgrade, "head")
        except CommandError as error:
            await engine.dispose()
            known = ScriptDirectory(str(MIGRATIONS)).get_current_head()
            raise StoreError(
                f"the database was made by another version of forewarn: {error}. "
                f"If that is a newer one, `forewarn downgrade {known}` with it brings the database back here"
            ) from None
        except (SQLAlchemyError, OSError) as error:
            await engine.dispose()
            reason = getattr(error, "orig", None) or error
            raise StoreError(f"the database cannot be used: {reason}") from None
        return cls(engine)

    async def keep_in_mind(self) -> None:
        """Learn which chats are special, so that no other costs a question at the door.

        For a process that has the database for itself, and holds `forewarn.lock` on it.
        """
        async with self._engine.connect() as connection:
            self._hindered = {*await connection.scalars(select(obstacles.c.chat_id))}
        await self.arrivals.keep_in_mind()

    async def close(self) -> None:
        await self._engine.dispose()

    async def downgrade(self, revision: str) -> None:
        """Give the schema the form that an older version knows. What only newer ones know is deleted.

        Raises:
            StoreError: there is no such form, or the database cannot be used.
        """
        try:
            async with self._engine.begin() as connection:
                await connection.run_sync(_migrate, command.downgrade, revision)
        except (CommandError, SQLAlchemyError, OSError) as error:
            raise StoreError(f"the database is as it was: {getattr(error, 'orig', error)}") from None

    async def check(self) -> None:
        """Take the right to write, and write nothing.

        Raises:
            SQLAlchemyError: the database cannot be used now.
        """
        async with self._engine.begin() as connection:
            await connection.execute(delete(chats).where(false()))

    async def size(self) -> int:
        """Bytes of the whole PostgreSQL database."""
        async with self._engine.connect() as connection:
            size = select(func.pg_database_size(func.current_database()))
            return int((await connection.execute(size)).scalar_one())

    async def chat(self, chat_id: int) -> ChatSettings:
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(chats).where(chats.c.chat_id == chat_id))).one_or_none()
        if row is None:
            return ChatSettings()
        return ChatSettings(
            Style(row.style),
            WarnWhen(row.when),
            ShowTranscript(row.transcript),
            ChatLanguage(row.language),
            BusinessWarnings(row.business),
            QuietHours(row.quiet),
            row.utc_offset,
            DeleteAfter(row.delete_after),
            Sensitivity(row.sensitivity),
            HeatNotice(row.heat),
        )

    async def choose(self, chat_id: int, **choices: str | int) -> None:
        """Change some of a chat's settings, and only these, whatever else changes at the same time."""
        values = asdict(ChatSettings()) | choices
        await self._upsert(
            self._insert(chats).values(chat_id=chat_id, **values), keys=["chat_id"], changed=choices
        )

    async def verdict(self, file_unique_id: str, language_asked: str, made_by: str) -> Verdict | None:
        """What the same models heard in this file before, in whatever chat, without its words."""
        query = select(verdicts.c.verdict).where(
            verdicts.c.file_unique_id == file_unique_id,
            verdicts.c.language_asked == language_asked,
            verdicts.c.made_by == made_by,
        )
        async with self._engine.connect() as connection:
            kept = (await connection.execute(query.limit(1))).scalar_one_or_none()
        return None if kept is None else _verdict_of(kept)

    async def keep_verdict(
        self,
        file_unique_id: str,
        language_asked: str,
        made_by: str,
        chat_id: int,
        verdict: Verdict,
        sent_at: datetime,
    ) -> None:
        """Keep what was heard, for this chat, whether in it or in another. Heard anew, it is not kept longer.

        `sent_at`: when the note came into the chat.
        """
        key = {"file_unique_id": file_unique_id, "language_asked": language_asked, "chat_id": chat_id}
        heard = {"made_by": made_by, "verdict": _wordless(verdict)}
        new = self._insert(verdicts).values(**key, **heard, heard_at=datetime.now(UTC), sent_at=sent_at)
        await self._upsert(new, keys=[*key], changed=heard)

    async def heard(self, chat_id: int, since: datetime) -> list[tuple[datetime, Verdict]]:
        """What was heard in a chat's notes, and when they were sent, oldest first.

        A note is one however often and in whatever languages it was heard: what counts is the first time.
        """
        sent_at = func.coalesce(verdicts.c.sent_at, verdicts.c.heard_at)
        query = (
            select(verdicts.c.file_unique_id, sent_at, verdicts.c.verdict)
            .where(verdicts.c.chat_id == chat_id, sent_at >= since)
            .order_by(sent_at, verdicts.c.heard_at)
        )
        found: dict[str, tuple[datetime, Verdict]] = {}
        async with self._engine.connect() as connection:
            for file, at, kept in await connection.execute(query):
                found.setdefault(file, (at, _verdict_of(kept)))
        return [*found.values()]

    async def connect(self, connection_id: str, owner: Owner) -> bool:
        """Keep who connected their account; False if they had done so before.

        An account has one connection at a time, so another one of the same owner takes its place.
        """
        values = {
            "connection_id": connection_id,
            "chat_id": owner.chat_id,
            "language_code": owner.language_code,
        }
        new = self._insert(connections).values(owner_id=owner.user_id, **values).on_conflict_do_nothing()
        async with self._engine.begin() as connection:
            if (await connection.execute(new)).rowcount:
                return True
            await connection.execute(
                update(connections).where(connections.c.owner_id == owner.user_id).values(values)
            )
        return False

    async def owner(self, connection_id: str) -> Owner | None:
        """Whose account a connection leads to; None if it is not known here."""
        query = select(connections).where(connections.c.connection_id == connection_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Owner(row.owner_id, row.chat_id, row.language_code)

    async def connection(self, chat_id: int) -> str | None:
        """The connection to the account of the one who owns this private chat, if there is one."""
        query = select(connections.c.connection_id).where(connections.c.chat_id == chat_id)
        async with self._engine.connect() as connection:
            return (await connection.execute(query.limit(1))).scalar_one_or_none()

    async def disconnect(self, connection_id: str) -> bool:
        """Delete all that is kept because of a connection; False if it is not known here.

        Which verdicts came through it is not kept, so those of the owner's chat go with it.
        """
        owner = await self.owner(connection_id)
        if owner is None:
            return False
        async with self._engine.begin() as connection:
            gone = await connection.execute(
                delete(connections).where(connections.c.connection_id == connection_id)
            )
            await connection.execute(delete(mutes).where(mutes.c.chat_id == owner.chat_id))
            await connection.execute(delete(verdicts).where(verdicts.c.chat_id == owner.chat_id))
            of_contacts = (corrections.c.chat_id == owner.chat_id, corrections.c.note_id < 0)
            await connection.execute(delete(corrections).where(*of_contacts))
            await connection.execute(
                update(chats)
                .where(chats.c.chat_id == owner.chat_id)
                .values(business=ChatSettings().business.value)
            )
        return gone.rowcount > 0

    async def mute(self, chat_id: int, contact_id: int) -> None:
        """Say nothing of a contact's notes to the owner of an account, known by their chat with the bot."""
        muted = self._insert(mutes).values(chat_id=chat_id, contact_id=contact_id)
        async with self._engine.begin() as connection:
            await connection.execute(muted.on_conflict_do_nothing())

    async def unmute(self, chat_id: int, contact_id: int | None = None) -> None:
        """Undo `mute`; without a contact, for all of them."""
        query = delete(mutes).where(mutes.c.chat_id == chat_id)
        if contact_id is not None:
            query = query.where(mutes.c.contact_id == contact_id)
        async with self._engine.begin() as connection:
            await connection.execute(query)

    async def is_muted(self, chat_id: int, contact_id: int) -> bool:
        query = select(mutes.c.contact_id).where(mutes.c.chat_id == chat_id, mutes.c.contact_id == contact_id)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).one_or_none() is not None

    async def muted(self, chat_id: int) -> int:
        """How many contacts are muted."""
        query = select(func.count()).select_from(mutes).where(mutes.c.chat_id == chat_id)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one()

    async def hinder(self, chat_id: int, obstacle: Obstacle) -> bool:
        """Remember what keeps the bot from writing in a chat; False if that was known."""
        if self._hindered is not None:
            self._hindered.add(chat_id)
        new = self._insert(obstacles).values(chat_id=chat_id, kind=obstacle.value)
        async with self._engine.begin() as connection:
            return (await connection.execute(new.on_conflict_do_nothing())).rowcount > 0

    async def is_hindered(self, chat_id: int, obstacle: Obstacle) -> bool:
        if self._hindered is not None and chat_id not in self._hindered:
            return False
        query = select(obstacles.c.kind).where(
            obstacles.c.chat_id == chat_id, obstacles.c.kind == obstacle.value
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).one_or_none() is not None

    async def clear(self, chat_id: int, obstacle: Obstacle) -> None:
        """The obstacle is gone. Most chats have none, and reading is cheaper than writing."""
        if await self.is_hindered(chat_id, obstacle):
            query = delete(obstacles).where(
                obstacles.c.chat_id == chat_id, obstacles.c.kind == obstacle.value
            )
            async with self._engine.begin() as connection:
                await connection.execute(query)

    async def digest(self, chat_id: int, thread_id: int | None, grown_within: timedelta) -> Digest | None:
        """The chat's last digest, or the topic's, if it got a line not longer ago than that."""
        query = select(digests.c.message_id, digests.c.lines).where(
            digests.c.chat_id == chat_id,
            digests.c.thread_id == (thread_id or 0),
            digests.c.grown_at > datetime.now(UTC) - grown_within,
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Digest(row.message_id, row.lines)

    async def keep_digest(self, chat_id: int, thread_id: int | None, digest: Digest) -> None:
        key = {"chat_id": chat_id, "thread_id": thread_id or 0}
        values = {**asdict(digest), "grown_at": datetime.now(UTC)}
        await self._upsert(self._insert(digests).values(**key, **values), keys=[*key], changed=values)

    async def forget_digests(self, older_than: timedelta) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                delete(digests).where(digests.c.grown_at < datetime.now(UTC) - older_than)
            )

    async def delete_later(self, chat_id: int, message_id: int, after: timedelta) -> None:
        """Remember to delete a message of the bot; said again, the later time holds."""
        key = {"chat_id": chat_id, "message_id": message_id}
        due = {"due": datetime.now(UTC) + after}
        await self._upsert(self._insert(passing).values(**key, **due), keys=[*key], changed=due)

    async def due(self, most: int) -> list[tuple[int, int]]:
        """Messages to delete now, as chat and message, those that waited longest first."""
        query = select(passing.c.chat_id, passing.c.message_id).where(passing.c.due <= datetime.now(UTC))
        async with self._engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(query.order_by(passing.c.due).limit(most))]

    async def deleted(self, chat_id: int, message_id: int) -> None:
        query = delete(passing).where(passing.c.chat_id == chat_id, passing.c.message_id == message_id)
        async with self._engine.begin() as connection:
            await connection.execute(query)

    async def forget_chat(self, chat_id: int) -> None:
        """Delete all that is kept of a chat, and of the account that its owner connected.

        What was to be deleted from the chat later is due now, and forgotten with that.
        """
        before = select(moves.c.old_id).where(moves.c.chat_id == chat_id)
        async with self._engine.begin() as connection:
            # Notes in work when the group became a supergroup are kept under its old number.
            numbers = [chat_id, *await connection.scalars(before)]
            for table in FORGOTTEN:
                await connection.execute(delete(table).where(table.c.chat_id.in_(numbers)))
            await connection.execute(
                update(passing).where(passing.c.chat_id == chat_id).values(due=datetime.now(UTC))
            )

    async def move_chat(self, old_id: int, new_id: int) -> None:
        """A group became a supergroup: its settings and corrections move along; its verdicts are heard again
        if need be."""
        moved = {"chat_id": new_id, **asdict(await self.chat(old_id))}
        move = self._insert(moves).values(old_id=old_id, chat_id=new_id, moved_at=datetime.now(UTC))
        columns = [*corrections.c]
        values = [literal(new_id) if column.name == "chat_id" else column for column in columns]
        taught = self._insert(corrections).from_select(
            columns, select(*values).where(corrections.c.chat_id == old_id)
        )
        async with self._engine.begin() as connection:
            gone = await connection.execute(delete(chats).where(chats.c.chat_id == old_id))
            await connection.execute(delete(verdicts).where(verdicts.c.chat_id == old_id))
            await connection.execute(taught.on_conflict_do_nothing())
            await connection.execute(move.on_conflict_do_nothing())
            # Message numbers mean nothing in the supergroup.
            for table in (obstacles, digests, passing, corrections, heats):
                await connection.execute(delete(table).where(table.c.chat_id == old_id))
            if gone.rowcount:
                await connection.execute(delete(chats).where(chats.c.chat_id == new_id))
                await connection.execute(insert(chats).values(moved))

    async def forget_verdicts(self, older_than: timedelta) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                delete(verdicts).where(verdicts.c.heard_at < datetime.now(UTC) - older_than)
            )

    async def _upsert(self, insert: Insert, keys: list[str], changed: Mapping[str, Any]) -> None:
        statement = insert.on_conflict_do_update(index_elements=keys, set_=changed)  # type: ignore[attr-defined]
        async with self._engine.begin() as connection:
            await connection.execute(statement)


def _engine(url: str) -> AsyncEngine:
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_async_engine(url, execution_options=COUNTED)
        event.listen(engine.sync_engine, "connect", _tune_sqlite)
        event.listen(engine.sync_engine, "connect", bound_page_cache)
        return engine
    # A connection that a restart of the server cut is found out before it is used.
    connect = {"connect_timeout": CONNECT_SECONDS}
    return create_async_engine(
        url, pool_pre_ping=True, connect_args=connect, execution_options=COUNTED, **CONNECTIONS
    )


def _migrate(connection: Connection, step: Callable[[Config, str], None], revision: str) -> None:
    if connection.dialect.name == "sqlite":
        # sqlite3 would put each statement on disk by itself, and a crash leave a form that no version knows.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(MIGRATING)))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    step(config, revision)


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
