"""When the notes of verdicts were sent, and groups that became supergroups."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("verdicts", sa.Column("sent_at", sa.DateTime(timezone=True)))
    op.create_table(
        "moves",
        sa.Column("old_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("chat_id", sa.BigInteger, nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("moves")
    op.drop_column("verdicts", "sent_at")
