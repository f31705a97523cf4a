"""The tables. A change here needs a migration beside it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
)

__all__ = [
    "chats",
    "connections",
    "consents",
    "corrections",
    "digests",
    "expected",
    "firsts",
    "heats",
    "members",
    "metadata",
    "moves",
    "mutes",
    "obstacles",
    "optouts",
    "passing",
    "progress",
    "turns",
    "updates",
    "usage",
    "verdicts",
]

metadata = MetaData()


class Time(TypeDecorator[datetime]):
    """A moment, whatever zone it is told in. SQLite keeps no zone, so there it is UTC's clock."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


chats = Table(
    "chats",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("style", String(16), nullable=False),
    Column("when", String(16), nullable=False),
    Column("transcript", String(16), nullable=False),
    Column("language", String(16), nullable=False),
    Column("business", String(16), nullable=False, server_default="on"),
    Column("quiet", String(16), nullable=False, server_default="off"),
    Column("utc_offset", SmallInteger),
    Column("delete_after", String(16), nullable=False, server_default="never"),
    Column("sensitivity", String(16), nullable=False, server_default="normal"),
    Column("heat", String(16), nullable=False, server_default="off"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("file_unique_id", String(64), primary_key=True),
    Column("language_asked", String(8), primary_key=True),
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("made_by", String(64), nullable=False),
    Column("verdict", JSON, nullable=False),
    Column("heard_at", Time, nullable=False),
    Column("sent_at", Time),
    Index("ix_verdicts_chat_id", "chat_id"),
    Index("ix_verdicts_heard_at", "heard_at"),
)
"""`heard_at`: the first time, from which it is kept. `sent_at`: when the note came into the chat; NULL where
an older version kept it."""

connections = Table(
    "connections",
    metadata,
    Column("owner_id", BigInteger, primary_key=True, autoincrement=False),
    Column("connection_id", String(128), nullable=False, unique=True),
    Column("chat_id", BigInteger, nullable=False),
    Column("language_code", String(16)),
)
"""Accounts that the bot is connected to. A row is there as long as its connection is enabled."""

mutes = Table(
    "mutes",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("contact_id", BigInteger, primary_key=True, autoincrement=False),
)
"""Contacts of whose notes an owner wants to hear nothing. `chat_id`: the owner's chat with the bot."""

obstacles = Table(
    "obstacles",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
)
"""What keeps the bot from writing in a chat, as `bot.store.chat.Obstacle` names it."""

digests = Table(
    "digests",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("thread_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, nullable=False),
    Column("lines", JSON, nullable=False),
    Column("grown_at", Time, nullable=False),
)
"""The last digest of a chat, or of a topic in it (0: none). `lines` by job: tones and times, never words."""

passing = Table(
    "passing",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("due", Time, nullable=False),
    Index("ix_passing_due", "due"),
)
"""The bot's messages that it deletes when they are due."""

optouts = Table(
    "optouts",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
)
"""People who want no warnings about their notes."""

corrections = Table(
    "corrections",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("note_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("said", String(8), nullable=False),
    Column("meant", String(8), nullable=False),
    Column("negative", Float, nullable=False),
    Column("neutral", Float, nullable=False),
    Column("positive", Float, nullable=False),
    Column("language", String(8), nullable=False),
    Column("given_at", Time, nullable=False),
    Column("words", Text),
    Index("ix_corrections_user_id", "user_id"),
)
"""What people said with "Wrong?": the verdict on a note, and the tone that they heard.

`words`: what they said in it, if it is a note of their own, they gave its words, and the operator set a key;
encrypted with that key, see `bot.given`.
"""

consents = Table(
    "consents",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("agreed", Boolean, nullable=False),
    Column("words", Boolean, nullable=False),
)
"""People who were asked whether their corrections may be used for training, and whether they said yes.

`words`: whether to the words of their own notes as well.
"""

progress = Table(
    "progress",
    metadata,
    Column("job_id", String(256), primary_key=True),
    Column("chat_id", BigInteger, nullable=False),
    Column("message_id", BigInteger, nullable=False),
    Column("asker_id", BigInteger),
    Column("cancelled", Boolean, nullable=False),
    Column("heard", Float),
    Column("duration", Float),
)
"""Messages that say how long a note will take, until its job ends. `heard` of `duration`: seconds, as the
process that listens tells the others."""

usage = Table(
    "usage",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("ends_at", Time, primary_key=True),
    Column("amount", Float, nullable=False),
    Column("told", Boolean, nullable=False),
)
"""What a person (`chat_id` 0) or a chat (`user_id` 0) used of the operator's limits in one period."""

heats = Table(
    "heats",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("noticed_at", Time, primary_key=True),
)
"""When several notes of a group within minutes were negative."""

members = Table(
    "members",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("works", Boolean, nullable=False),
    Column("joined_at", Time, nullable=False),
    Column("beaten_at", Time, nullable=False),
)
"""Processes that share this database, see `bot.fleet`. Times are the database's own."""

updates = Table(
    "updates",
    metadata,
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("taken_by", String(128), nullable=False),
    Column("done", Boolean, nullable=False),
    Column("taken_at", Time, nullable=False),
)
"""Updates that came by webhook: Telegram may send one again, and to another process."""

firsts = Table(
    "firsts",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("at", Time, nullable=False),
)
"""What is done once in a chat, or once in a while, however many processes might: the sound of an album,
"I was away"."""

expected = Table(
    "expected",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("until", Time, nullable=False),
)
"""Private chats where the next note is meant for `/check`."""

turns = Table(
    "turns",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("free_at", Time, nullable=False),
)
"""When the next message may be sent: in a chat, in a group at its pace, or (chat 0) at all."""

moves = Table(
    "moves",
    metadata,
    Column("old_id", BigInteger, primary_key=True, autoincrement=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("moved_at", Time, nullable=False),
)
"""Groups that became supergroups, for notes that waited meanwhile. `chat_id`: the supergroup's."""
