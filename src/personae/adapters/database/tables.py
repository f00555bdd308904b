"""Every table of the service, once; the same in SQLite and PostgreSQL.

Times are seconds since 1970 UTC as doubles, amounts are whole credits, JSON columns hold plain
values that no query looks into. Names are text compared byte by byte, so that a listing by name is
a listing by age in every locale. DBOS keeps its own tables beside these: in the same file under
SQLite, in the schema ``dbos`` under PostgreSQL.
"""

from __future__ import annotations

import sqlalchemy as sa

from personae.adapters.database import columns as col

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Spelled out, not bound: a partial index is used only where the database can see that it fits.
UNFINISHED = sa.text("status IN ('queued', 'running')")
ENDED_BADLY = sa.text("status IN ('failed', 'canceled')")
LISTED = sa.text("deleted_at IS NULL")
DETECTIONS = sa.text("kind IN ('detect_image', 'detect_video') AND deleted_at IS NULL")

tenants = sa.Table(
    "tenants",
    metadata,
    col.key(),
    sa.Column("name", sa.Text(), nullable=False, unique=True),
    col.time("created_at"),
    col.time("suspended_at", null=True),
    col.json("settings"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    col.key(),
    col.tenant(),
    col.text("name"),
    col.text("prefix"),
    col.json("scopes"),
    sa.Column("client_id", col.NAME, nullable=False, unique=True),
    col.time("created_at"),
    col.time("expires_at", null=True),
    col.time("revoked_at", null=True),
    col.time("last_used_at", null=True),
    sa.Column("key_hash", col.NAME, nullable=False, unique=True),
    col.name("client_secret_hash"),
    sa.Index(None, "tenant_id", "id"),
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("tenant_id", col.NAME, sa.ForeignKey("tenants.id"), primary_key=True),
    col.credits("available"),
    col.credits("held"),
    col.credits("spent"),
    col.credits("granted"),
    sa.CheckConstraint("available >= 0", name="available_not_negative"),
    sa.CheckConstraint("held >= 0", name="held_not_negative"),
)

# A transfer is two rows: side 0 gives, side 1 takes. The unique key covers the side, not the
# account, so that a settle and a release, which take different ways, still exclude each other.
ledger_entries = sa.Table(
    "ledger_entries",
    metadata,
    sa.Column("id", col.SERIAL, primary_key=True),
    col.tenant(),
    col.name("key"),
    sa.Column("side", sa.SmallInteger(), nullable=False),
    col.name("kind"),
    col.name("account"),
    col.credits("amount"),
    col.name("task_id", null=True),
    col.text("note", null=True),
    col.time("created_at"),
    sa.UniqueConstraint("tenant_id", "key", "side"),
    sa.CheckConstraint(
        "(side = 0 AND amount <= 0) OR (side = 1 AND amount >= 0)", name="side_has_its_sign"
    ),
    sa.Index(None, "tenant_id", "id"),
    sa.Index(None, "tenant_id", "account", "created_at"),
    sa.Index(None, "task_id"),
)

assets = sa.Table(
    "assets",
    metadata,
    col.key(),
    col.tenant(),
    col.name("role"),
    col.name("state"),
    col.name("blob_key"),
    col.text("content_type"),
    col.text("filename", null=True),
    sa.Column("size_bytes", sa.BigInteger(), nullable=True),
    col.name("sha256", null=True),
    col.json("facts", null=True),
    col.json("refusal", null=True),
    col.name("task_id", null=True),
    col.time("created_at"),
    col.time("expires_at", null=True),
    col.time("deleted_at", null=True),
    col.time("renewed_at", null=True),
    sa.Index(None, "tenant_id", "id"),
    sa.Index(None, "tenant_id", "sha256"),
    sa.Index(None, "sha256"),
    sa.Index(None, "blob_key"),
    sa.Index(None, "task_id"),
    sa.Index(None, "deleted_at", "expires_at"),
)

faces = sa.Table(
    "faces",
    metadata,
    col.key(),
    col.tenant(),
    col.text("name"),
    col.json("asset_ids"),
    col.time("created_at"),
    col.time("deleted_at", null=True),
    col.count("photos_used", null=True),
    col.name("dialect", null=True),
    col.name("dialect_id", null=True),
    col.text("source_url", null=True),
    col.json("consent", null=True),
    sa.Index(None, "tenant_id", "id"),
    sa.Index(None, "tenant_id", "dialect", "dialect_id", unique=True),
)

tasks = sa.Table(
    "tasks",
    metadata,
    col.key(),
    col.tenant(),
    col.name("kind"),
    col.name("status"),
    col.json("request"),
    col.name("priority"),
    col.credits("credits_held"),
    col.credits("credits_charged"),
    col.json("progress"),
    col.json("result", null=True),
    col.json("error", null=True),
    col.name("dialect"),
    col.name("dialect_id", null=True),
    col.json("callback", null=True),
    col.text("label", null=True),
    col.text("request_id", null=True),
    col.count("attempt"),
    col.time("created_at"),
    col.time("started_at", null=True),
    col.time("finished_at", null=True),
    col.time("expires_at", null=True),
    col.time("deleted_at", null=True),
    col.json("notes"),
    sa.Column("mark", sa.BigInteger(), nullable=True),
    col.json("consent", null=True),
    col.text("scene_name", null=True),
    col.name("engine", null=True),
    col.text("words", null=True),
    sa.UniqueConstraint("tenant_id", "dialect", "dialect_id"),
    sa.CheckConstraint(
        "status IN ('queued', 'running', 'succeeded', 'failed', 'canceled')", name="status_known"
    ),
    sa.Index(None, "tenant_id", "id"),
    sa.Index(None, "tenant_id", "status"),
    sa.Index(None, "tenant_id", "finished_at"),
    sa.Index(None, "status", "kind", "created_at"),
    sa.Index(None, "deleted_at", "expires_at"),
    sa.Index(None, "finished_at"),
    sa.Index(None, "mark"),
    sa.Index("ix_tasks_unfinished", "id", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
    # All that a history is searched by, so that no row is read that is not shown. The condition's
    # own column too, or SQLite reads the rows to see what the index says already.
    sa.Index(
        *("ix_tasks_history", "tenant_id", "id", "kind", "status", "engine", "words", "deleted_at"),
        sqlite_where=LISTED,
        postgresql_where=LISTED,
    ),
    sa.Index(
        *("ix_tasks_ended_badly", "status", "id"),
        sqlite_where=ENDED_BADLY,
        postgresql_where=ENDED_BADLY,
    ),
    sa.Index(
        *("ix_tasks_detections", "tenant_id", "id"),
        sqlite_where=DETECTIONS,
        postgresql_where=DETECTIONS,
    ),
)

# What was done and spent by tasks whose rows are gone, by day (whole ones since 1970, UTC).
usage_days = sa.Table(
    "usage_days",
    metadata,
    sa.Column("tenant_id", col.NAME, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False),
    col.key("kind"),
    col.count("tasks"),
    col.credits("credits"),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("tenant_id", col.NAME, sa.ForeignKey("tenants.id"), primary_key=True),
    col.key("key"),
    col.name("request_hash"),
    col.name("resource_id"),
    col.time("created_at"),
    sa.Index(None, "created_at"),
)

webhook_endpoints = sa.Table(
    "webhook_endpoints",
    metadata,
    col.key(),
    col.tenant(),
    col.text("url"),
    col.text("secret"),
    col.json("events"),
    sa.Column("enabled", sa.Boolean(), nullable=False),
    col.time("created_at"),
    col.text("previous_secret", null=True),
    col.time("rotated_at", null=True),
    sa.Index(None, "tenant_id", "id"),
)

# `endpoint_id` is no foreign key: the log outlives the endpoint.
deliveries = sa.Table(
    "deliveries",
    metadata,
    col.key(),
    col.tenant(),
    col.name("endpoint_id", null=True),
    col.name("task_id", null=True),
    col.name("event_id"),
    col.name("event_type"),
    col.text("url"),
    col.name("scheme"),
    col.text("secret"),
    col.json("body"),
    col.json("headers"),
    col.name("status"),
    col.count("attempts"),
    col.count("last_status", null=True),
    col.text("last_error", null=True),
    col.time("next_attempt_at", null=True),
    col.time("created_at"),
    col.time("delivered_at", null=True),
    sa.Index(None, "tenant_id", "id"),
    sa.Index(None, "tenant_id", "endpoint_id", "id"),
    sa.Index(None, "status", "next_attempt_at"),
    sa.Index(None, "task_id"),
    sa.Index(None, "created_at"),
)

delivery_attempts = sa.Table(
    "delivery_attempts",
    metadata,
    sa.Column("delivery_id", col.NAME, sa.ForeignKey("deliveries.id"), primary_key=True),
    sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
    col.time("at"),
    col.count("status", null=True),
    col.text("error", null=True),
    col.time("took_s"),
)

# `number` counts without a gap, which `id` does not; both grow together. Lines from before the
# chain have neither number nor hash. Triggers, which the migration makes, refuse to change or to
# remove lines; a migration that copies the table has to make them again.
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", col.SERIAL, primary_key=True),
    col.name("tenant_id", null=True),
    col.text("actor"),
    col.name("action"),
    col.text("subject"),
    col.json("detail"),
    col.time("at"),
    sa.Column("number", sa.BigInteger(), nullable=True),
    col.name("previous_hash", null=True),
    col.name("hash", null=True),
    sa.Index(None, "tenant_id", "id"),
    sa.Index(None, "subject", "id"),
    sa.Index(None, "number", unique=True),
)

# The end of the chain of audit lines: one row, number 1, taken last by every transaction that adds
# lines.
audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("lines", sa.BigInteger(), nullable=False),
    col.name("hash"),
)

# The do-not-swap register: people, and what their photos came to. `tenant_id` is empty where a
# person is protected for everybody.
protected_people = sa.Table(
    "protected_people",
    metadata,
    col.key(),
    col.name("tenant_id", null=True),
    col.text("name"),
    col.name("applies_to"),
    col.text("reason"),
    col.text("origin"),
    col.text("added_by"),
    col.time("created_at"),
    col.time("expires_at", null=True),
    col.time("removed_at", null=True),
    sa.Index(None, "removed_at", "expires_at"),
    sa.Index(None, "tenant_id", "id"),
)

protected_faces = sa.Table(
    "protected_faces",
    metadata,
    sa.Column("id", col.SERIAL, primary_key=True),
    sa.Column("person_id", col.NAME, sa.ForeignKey("protected_people.id"), nullable=False),
    col.name("embedder"),
    sa.Column("embedding", sa.LargeBinary(), nullable=False),
    sa.Index(None, "person_id"),
)

# Counts the changes of the register, so that everybody knows when a copy of it is old.
register_state = sa.Table(
    "register_state",
    metadata,
    sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("version", sa.BigInteger(), nullable=False),
)

takedowns = sa.Table(
    "takedowns",
    metadata,
    col.key(),
    col.name("tenant_id", null=True),
    col.name("subject"),
    col.text("reason"),
    col.text("requested_by"),
    col.name("state"),
    col.json("detail"),
    col.time("created_at"),
    col.time("finished_at", null=True),
    sa.Index(None, "state", "created_at"),
)

# Files that nobody may use again, by their bytes.
blocked_files = sa.Table(
    "blocked_files",
    metadata,
    col.key("sha256"),
    col.text("reason"),
    col.name("takedown_id", null=True),
    col.time("created_at"),
)

executors = sa.Table(
    "executors",
    metadata,
    col.key(),
    col.name("kind"),
    col.text("host"),
    sa.Column("pid", sa.Integer(), nullable=False),
    col.time("started_at"),
    col.time("beat_at"),
    col.json("facts", null=True),
    sa.Index(None, "beat_at"),
)

chunks = sa.Table(
    "chunks",
    metadata,
    col.key("task_id"),
    col.key("kind"),
    sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
    col.name("state"),
    col.name("blob_key", null=True),
    col.json("facts", null=True),
    col.time("updated_at"),
)
