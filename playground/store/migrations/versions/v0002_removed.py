"""When a session was last opened, and what was removed and why."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    day = sa.func.substr(sa.column("created"), 1, 10)
    op.add_column("sessions", sa.Column("opened", sa.String(10), nullable=False, server_default=""))
    op.execute(sa.table("sessions", sa.column("opened")).update().values(opened=day))
    op.create_index("ix_sessions_opened", "sessions", ["opened"])
    op.create_table(
        "removed",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("removed", sa.String(32), nullable=False),
        sa.Column("final", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_removed"),
    )
    op.create_index("ix_removed_digest", "removed", ["digest"])
