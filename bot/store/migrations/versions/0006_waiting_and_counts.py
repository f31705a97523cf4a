"""Progress messages, counts against the operator's limits, and notices of heat."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("chats", sa.Column("heat", sa.String(16), nullable=False, server_default="off"))
    op.create_table(
        "progress",
        sa.Column("job_id", sa.String(256), primary_key=True),
        sa.Column("chat_id", sa.BigInteger, nullable=False),
        sa.Column("message_id", sa.BigInteger, nullable=False),
        sa.Column("asker_id", sa.BigInteger),
        sa.Column("cancelled", sa.Boolean, nullable=False),
    )
    op.create_table(
        "usage",
        sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("amount", sa.Float, nullable=False),
        sa.Column("told", sa.Boolean, nullable=False),
    )
    op.create_table(
        "heats",
        sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("heats")
    op.drop_table("usage")
    op.drop_table("progress")
    op.drop_column("chats", "heat")
