"""Every table of the service, once; the same in SQLite and PostgreSQL.

Times are seconds since 1970 UTC as doubles, amounts are whole credits, JSON columns hold plain
values that no query looks into. Names are text compared byte by byte, so that a listing by name is
a listing by age in every locale. DBOS keeps its own tables beside these: in the same file under
SQLite, in the schema ``dbos`` under PostgreSQL.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
JSON = sa.JSON(none_as_null=True)
TIME: sa.Double[float] = sa.Double()
CREDITS = sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _name(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, NAME, nullable=null)


def _text(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=null)


def _time(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, TIME, nullable=null)


def _json(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, JSON, nullable=null)


def _count(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=null)


def _credits(name: str) -> sa.Column[Any]:
    return sa.Column(name, CREDITS, nullable=False)


def _key(name: str = "id") -> sa.Column[Any]:
    return sa.Column(name, NAME, primary_key=True)


def _tenant() -> sa.Column[Any]:
    return sa.Column("tenant_id", NAME, sa.ForeignKey("tenants.id"), nullable=False)


tenants = sa.Table(
    "tenants",
    metadata,
    _key(),
    sa.Column("name", sa.Text(), nullable=False, unique=True),
    _time("created_at"),
    _time("suspended_at", null=True),
    _json("settings"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    _key(),
    _tenant(),
    _text("name"),
    _text("prefix"),
    _json("scopes"),
    sa.Column("client_id", NAME, nullable=False, unique=True),
    _time("created_at"),
    _time("expires_at", null=True),
    _time("revoked_at", null=True),
    _time("last_used_at", null=True),
    sa.Column("key_hash", NAME, nullable=False, unique=True),
    _name("client_secret_hash"),
    sa.Index(None, "tenant_id", "id"),
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("tenant_id", NAME, sa.ForeignKey("tenants.id"), primary_key=True),
    _credits("available"),
    _credits("held"),
    _credits("spent"),
    _credits("granted"),
    sa.CheckConstraint("available >= 0", name="available_not_negative"),
    sa.CheckConstraint("held >= 0", name="held_not_negative"),
)

# A transfer is two rows: side 0 gives, side 1 takes. The unique key covers the side, not the
# account, so that a settle and a release, which take different ways, still exclude each other.
ledger_entries = sa.Table(
    "ledger_entries",
    metadata,
    sa.Column("id", SERIAL, primary_key=True),
    _tenant(),
    _name("key"),
    sa.Column("side", sa.SmallInteger(), nullable=False),
    _name("kind"),
    _name("account"),
    _credits("amount"),
    _name("task_id", null=True),
    _text("note", null=True),
    _time("created_at"),
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
    _key(),
    _tenant(),
    _name("role"),
    _name("state"),
    _name("blob_key"),
    _text("content_type"),
    _text("filename", null=True),
    sa.Column("size_bytes", sa.BigInteger(), nullable=True),
    _name("sha256", null=True),
    _json("facts", null=True),
    _json("refusal", null=True),
    _name("task_id", null=True),
    _time("created_at"),
    _time("expires_at", null=True),
    _time("deleted_at", null=True),
    sa.Index(None, "tenant_id", "id"),
    sa.Index(None, "tenant_id", "sha256"),
    sa.Index(None, "blob_key"),
    sa.Index(None, "task_id"),
    sa.Index(None, "deleted_at", "expires_at"),
)

faces = sa.Table(
    "faces",
    metadata,
    _key(),
    _tenant(),
    _text("name"),
    _json("asset_ids"),
    _time("created_at"),
    _time("deleted_at", null=True),
    sa.Index(None, "tenant_id", "id"),
)

tasks = sa.Table(
    "tasks",
    metadata,
    _key(),
    _tenant(),
    _name("kind"),
    _name("status"),
    _json("request"),
    _name("priority"),
    _credits("credits_held"),
    _credits("credits_charged"),
    _json("progress"),
    _json("result", null=True),
    _json("error", null=True),
    _name("dialect"),
    _name("dialect_id", null=True),
    _json("callback", null=True),
    _text("label", null=True),
    _text("request_id", null=True),
    _count("attempt"),
    _time("created_at"),
    _time("started_at", null=True),
    _time("finished_at", null=True),
    _time("expires_at", null=True),
    _time("deleted_at", null=True),
    _json("notes"),
    sa.UniqueConstraint("tenant_id", "dialect", "dialect_id"),
    sa.CheckConstraint(
        "status IN ('queued', 'running', 'succeeded', 'failed', 'canceled')", name="status_known"
    ),
    sa.Index(None, "tenant_id", "id"),
    sa.Index(None, "tenant_id", "status"),
    sa.Index(None, "tenant_id", "finished_at"),
    sa.Index(None, "status", "kind", "created_at"),
    sa.Index(None, "deleted_at", "expires_at"),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("tenant_id", NAME, sa.ForeignKey("tenants.id"), primary_key=True),
    _key("key"),
    _name("request_hash"),
    _name("resource_id"),
    _time("created_at"),
    sa.Index(None, "created_at"),
)

webhook_endpoints = sa.Table(
    "webhook_endpoints",
    metadata,
    _key(),
    _tenant(),
    _text("url"),
    _text("secret"),
    _json("events"),
    sa.Column("enabled", sa.Boolean(), nullable=False),
    _time("created_at"),
    sa.Index(None, "tenant_id", "id"),
)

# `endpoint_id` is no foreign key: the log outlives the endpoint.
deliveries = sa.Table(
    "deliveries",
    metadata,
    _key(),
    _tenant(),
    _name("endpoint_id", null=True),
    _name("task_id", null=True),
    _name("event_id"),
    _name("event_type"),
    _text("url"),
    _name("scheme"),
    _text("secret"),
    _json("body"),
    _json("headers"),
    _name("status"),
    _count("attempts"),
    _count("last_status", null=True),
    _text("last_error", null=True),
    _time("next_attempt_at", null=True),
    _time("created_at"),
    _time("delivered_at", null=True),
    sa.Index(None, "tenant_id", "id"),
    sa.Index(None, "tenant_id", "endpoint_id", "id"),
    sa.Index(None, "status", "next_attempt_at"),
)

delivery_attempts = sa.Table(
    "delivery_attempts",
    metadata,
    sa.Column("delivery_id", NAME, sa.ForeignKey("deliveries.id"), primary_key=True),
    sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
    _time("at"),
    _count("status", null=True),
    _text("error", null=True),
    _time("took_s"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", SERIAL, primary_key=True),
    _name("tenant_id", null=True),
    _text("actor"),
    _name("action"),
    _text("subject"),
    _json("detail"),
    _time("at"),
    sa.Index(None, "tenant_id", "id"),
)

executors = sa.Table(
    "executors",
    metadata,
    _key(),
    _name("kind"),
    _text("host"),
    sa.Column("pid", sa.Integer(), nullable=False),
    _time("started_at"),
    _time("beat_at"),
    sa.Index(None, "beat_at"),
)

chunks = sa.Table(
    "chunks",
    metadata,
    _key("task_id"),
    _key("kind"),
    sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
    _name("state"),
    _name("blob_key", null=True),
    _json("facts", null=True),
    _time("updated_at"),
)
