"""What people decide: opt-outs, corrections, consents; a chat's sensitivity."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("chats", sa.Column("sensitivity", sa.String(16), nullable=False, server_default="normal"))
    op.create_table(
        "optouts",
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    )
    op.create_table(
        "corrections",
        sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("note_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("said", sa.String(8), nullable=False),
        sa.Column("meant", sa.String(8), nullable=False),
        sa.Column("negative", sa.Float, nullable=False),
        sa.Column("neutral", sa.Float, nullable=False),
        sa.Column("positive", sa.Float, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.Text),
    )
    op.create_index("ix_corrections_user_id", "corrections", ["user_id"])
    op.create_table(
        "consents",
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("agreed", sa.Boolean, nullable=False),
        sa.Column("words", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("consents")
    op.drop_table("corrections")
    op.drop_table("optouts")
    op.drop_column("chats", "sensitivity")
