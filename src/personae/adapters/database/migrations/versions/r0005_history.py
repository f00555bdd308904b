"""What a history is searched by, and what workers say of themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_ENGINE = {
    "sqlite": "json_extract(request, '$.setup.engine')",
    "postgresql": "request -> 'setup' ->> 'engine'",
}
_BATCH = 1000


def upgrade() -> None:
    """Add columns that may be empty, fill them from what rows say already, and indices."""
    op.add_column("executors", sa.Column("facts", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("tasks", sa.Column("scene_name", sa.Text(), nullable=True))
    op.add_column("tasks", sa.Column("engine", _NAME, nullable=True))
    op.add_column("tasks", sa.Column("words", sa.Text(), nullable=True))
    engine = _ENGINE[op.get_context().dialect.name]
    # A swap that names no engine was done by the embedded one. No bound value, or the `'` and the
    # `:` of the expression would be taken for one.
    op.execute(
        f"UPDATE tasks SET engine = COALESCE({engine}, 'mesh') "
        "WHERE kind IN ('swap_image', 'swap_video', 'preview') AND deleted_at IS NULL"
    )
    _fold_labels()
    listed = sa.text("deleted_at IS NULL")
    op.create_index(
        *("ix_tasks_history", "tasks"),
        ["tenant_id", "id", "kind", "status", "engine", "words", "deleted_at"],
        sqlite_where=listed,
        postgresql_where=listed,
    )
    badly = sa.text("status IN ('failed', 'canceled')")
    op.create_index(
        *("ix_tasks_ended_badly", "tasks", ["status", "id"]),
        sqlite_where=badly,
        postgresql_where=badly,
    )


def _fold_labels() -> None:
    """Write labels so that upper and lower case are alike, which SQLite does for ASCII alone."""
    connection = op.get_bind()
    some = sa.text(
        "SELECT id, label FROM tasks WHERE label IS NOT NULL AND id > :after ORDER BY id LIMIT :n"
    )
    fold = sa.text("UPDATE tasks SET words = :words WHERE id = :id")
    after = ""
    while rows := connection.execute(some, {"after": after, "n": _BATCH}).all():
        after = rows[-1][0]
        folded = [{"id": name, "words": label.casefold()[:500]} for name, label in rows]
        connection.execute(fold, folded)


def downgrade() -> None:
    """Nothing is taken back: restore a backup instead."""
    raise NotImplementedError("The schema goes forward only; restore a backup.")
