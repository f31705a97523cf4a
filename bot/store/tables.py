"""The tables. A change here needs a migration beside it."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, DateTime, Index, MetaData, String, Table

__all__ = ["chats", "metadata", "verdicts"]

metadata = MetaData()

chats = Table(
    "chats",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("style", String(16), nullable=False),
    Column("when", String(16), nullable=False),
    Column("transcript", String(16), nullable=False),
    Column("language", String(16), nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("file_unique_id", String(64), primary_key=True),
    Column("language_asked", String(8), primary_key=True),
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("made_by", String(64), nullable=False),
    Column("verdict", JSON, nullable=False),
    Column("heard_at", DateTime(timezone=True), nullable=False),
    Index("ix_verdicts_chat_id", "chat_id"),
    Index("ix_verdicts_heard_at", "heard_at"),
)
