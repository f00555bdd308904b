"""Overlapping webhook secrets, photos counted, and what sweeps of old rows need."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_UNFINISHED = sa.text("status IN ('queued', 'running')")


def upgrade() -> None:
    """Add columns that may be empty, indices, and one table."""
    op.add_column("webhook_endpoints", sa.Column("previous_secret", sa.Text(), nullable=True))
    op.add_column("webhook_endpoints", sa.Column("rotated_at", sa.Double(), nullable=True))
    op.add_column("faces", sa.Column("photos_used", sa.Integer(), nullable=True))
    op.create_index("ix_tasks_finished_at", "tasks", ["finished_at"])
    op.create_index(
        "ix_tasks_unfinished",
        "tasks",
        ["id"],
        sqlite_where=_UNFINISHED,
        postgresql_where=_UNFINISHED,
    )
    op.create_index("ix_deliveries_task_id", "deliveries", ["task_id"])
    op.create_index("ix_deliveries_created_at", "deliveries", ["created_at"])
    op.create_table(
        "usage_days",
        sa.Column("tenant_id", _NAME, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("kind", _NAME, nullable=False),
        sa.Column("tasks", sa.Integer(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "day", "kind", name="pk_usage_days"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_usage_days_tenant_id"),
    )


def downgrade() -> None:
    """Nothing is taken back: restore a backup instead."""
    raise NotImplementedError("The schema goes forward only; restore a backup.")
