"""Chats and verdicts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "chats",
        sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("style", sa.String(16), nullable=False),
        sa.Column("when", sa.String(16), nullable=False),
        sa.Column("transcript", sa.String(16), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
    )
    op.create_table(
        "verdicts",
        sa.Column("file_unique_id", sa.String(64), primary_key=True),
        sa.Column("language_asked", sa.String(8), primary_key=True),
        sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("verdict", sa.JSON, nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_verdicts_chat_id", "verdicts", ["chat_id"])
    op.create_index("ix_verdicts_heard_at", "verdicts", ["heard_at"])


def downgrade() -> None:
    op.drop_table("verdicts")
    op.drop_table("chats")
