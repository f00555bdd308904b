"""Marks, consent, a chained audit log, the do-not-swap register, takedowns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True)
_TIME: sa.Double[float] = sa.Double()
_NEVER = "lines of the audit log are never changed or removed"
_FORWARD = "the head of the audit log goes forward only"
_GUARDS = {
    "sqlite": (
        "CREATE TRIGGER audit_keeps_updated BEFORE UPDATE ON audit "
        f"BEGIN SELECT RAISE(ABORT, '{_NEVER}'); END",
        "CREATE TRIGGER audit_keeps_deleted BEFORE DELETE ON audit "
        f"BEGIN SELECT RAISE(ABORT, '{_NEVER}'); END",
        # REPLACE would remove a line without asking the trigger for removals.
        "CREATE TRIGGER audit_keeps_replaced BEFORE INSERT ON audit "
        "WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id OR number = NEW.number) "
        f"BEGIN SELECT RAISE(ABORT, '{_NEVER}'); END",
        "CREATE TRIGGER audit_head_keeps_replaced BEFORE INSERT ON audit_head "
        "WHEN EXISTS (SELECT 1 FROM audit_head WHERE number = NEW.number) "
        f"BEGIN SELECT RAISE(ABORT, '{_FORWARD}'); END",
        "CREATE TRIGGER audit_head_keeps_updated BEFORE UPDATE ON audit_head "
        f"WHEN NEW.lines <= OLD.lines BEGIN SELECT RAISE(ABORT, '{_FORWARD}'); END",
        "CREATE TRIGGER audit_head_keeps_deleted BEFORE DELETE ON audit_head "
        f"BEGIN SELECT RAISE(ABORT, '{_FORWARD}'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_NEVER}'; END $$",
        "CREATE TRIGGER audit_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
        "CREATE FUNCTION audit_head_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_FORWARD}'; END $$",
        "CREATE TRIGGER audit_head_keeps BEFORE DELETE OR TRUNCATE ON audit_head "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_head_refuse()",
        "CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head FOR EACH ROW "
        "WHEN (NEW.lines <= OLD.lines) EXECUTE FUNCTION audit_head_refuse()",
    ),
}


def upgrade() -> None:
    """Add columns that may be empty, and tables."""
    op.add_column("tasks", sa.Column("mark", sa.BigInteger(), nullable=True))
    op.add_column("tasks", sa.Column("consent", _JSON, nullable=True))
    op.create_index("ix_tasks_mark", "tasks", ["mark"])
    op.add_column("faces", sa.Column("consent", _JSON, nullable=True))
    op.create_index("ix_assets_sha256", "assets", ["sha256"])
    op.add_column("assets", sa.Column("renewed_at", sa.Double(), nullable=True))
    found = sa.text("kind IN ('detect_image', 'detect_video') AND deleted_at IS NULL")
    op.create_index(
        *("ix_tasks_detections", "tasks", ["tenant_id", "id"]),
        sqlite_where=found,
        postgresql_where=found,
    )
    _chain_audit()
    _add_register()
    _add_takedowns()


def _chain_audit() -> None:
    op.add_column("audit", sa.Column("number", sa.BigInteger(), nullable=True))
    op.add_column("audit", sa.Column("previous_hash", _NAME, nullable=True))
    op.add_column("audit", sa.Column("hash", _NAME, nullable=True))
    op.create_index("ix_audit_subject_id", "audit", ["subject", "id"])
    op.create_index("ix_audit_number", "audit", ["number"], unique=True)
    op.create_table(
        "audit_head",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("hash", _NAME, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_head"),
    )
    op.execute(f"INSERT INTO audit_head (number, lines, hash) VALUES (1, 0, '{'0' * 64}')")
    for statement in _GUARDS[op.get_context().dialect.name]:
        op.execute(statement)


def _add_register() -> None:
    op.create_table(
        "protected_people",
        sa.Column("id", _NAME, nullable=False),
        sa.Column("tenant_id", _NAME, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("applies_to", _NAME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=True),
        sa.Column("removed_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_protected_people"),
    )
    op.create_index(
        "ix_protected_people_removed_at_expires_at",
        "protected_people",
        ["removed_at", "expires_at"],
    )
    op.create_index("ix_protected_people_tenant_id_id", "protected_people", ["tenant_id", "id"])
    op.create_table(
        "protected_faces",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("person_id", _NAME, nullable=False),
        sa.Column("embedder", _NAME, nullable=False),
        sa.Column("embedding", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["protected_people.id"], name="fk_protected_faces_person_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_protected_faces"),
    )
    op.create_index("ix_protected_faces_person_id", "protected_faces", ["person_id"])
    op.create_table(
        "register_state",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_register_state"),
    )


def _add_takedowns() -> None:
    op.create_table(
        "takedowns",
        sa.Column("id", _NAME, nullable=False),
        sa.Column("tenant_id", _NAME, nullable=True),
        sa.Column("subject", _NAME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("state", _NAME, nullable=False),
        sa.Column("detail", _JSON, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_takedowns"),
    )
    op.create_index("ix_takedowns_state_created_at", "takedowns", ["state", "created_at"])
    op.create_table(
        "blocked_files",
        sa.Column("sha256", _NAME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("takedown_id", _NAME, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_blocked_files"),
    )


def downgrade() -> None:
    """Nothing is taken back: restore a backup instead."""
    raise NotImplementedError("The schema goes forward only; restore a backup.")
