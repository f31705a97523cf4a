"""More to choose in a chat (quiet hours, a clock, an end to warnings), digests, and messages to delete."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("chats", sa.Column("quiet", sa.String(16), nullable=False, server_default="off"))
    op.add_column("chats", sa.Column("utc_offset", sa.SmallInteger))
    op.add_column("chats", sa.Column("delete_after", sa.String(16), nullable=False, server_default="never"))
    op.create_table(
        "digests",
        sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("thread_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("message_id", sa.BigInteger, nullable=False),
        sa.Column("lines", sa.JSON, nullable=False),
        sa.Column("grown_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "passing",
        sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("message_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_passing_due", "passing", ["due"])


def downgrade() -> None:
    op.drop_table("passing")
    op.drop_table("digests")
    for name in ("delete_after", "utc_offset", "quiet"):
        op.drop_column("chats", name)
