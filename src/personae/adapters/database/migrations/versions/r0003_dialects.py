"""Saved faces that came through a dialect."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add columns that may be empty, and an index."""
    op.add_column("faces", sa.Column("dialect", _NAME, nullable=True))
    op.add_column("faces", sa.Column("dialect_id", _NAME, nullable=True))
    op.add_column("faces", sa.Column("source_url", sa.Text(), nullable=True))
    op.create_index(
        "ix_faces_tenant_id_dialect_dialect_id",
        "faces",
        ["tenant_id", "dialect", "dialect_id"],
        unique=True,
    )


def downgrade() -> None:
    """Nothing is taken back: restore a backup instead."""
    raise NotImplementedError("The schema goes forward only; restore a backup.")
