"""When the notes of verdicts were sent."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("verdicts", sa.Column("sent_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("verdicts", "sent_at")
