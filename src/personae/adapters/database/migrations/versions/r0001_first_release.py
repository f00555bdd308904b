"""The tables of the first release."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_JSON = sa.JSON(none_as_null=True)
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TYPES: dict[str, Any] = {
    "name": _NAME,
    "text": sa.Text(),
    "time": sa.Double(),
    "json": _JSON,
    "int": sa.Integer(),
    "small": sa.SmallInteger(),
    "big": sa.BigInteger(),
    "bool": sa.Boolean(),
    "serial": _SERIAL,
}


def _columns(text: str) -> list[sa.Column[Any]]:
    """Columns from words such as ``created_at:time``; a ``?`` at the end allows NULL."""
    made: list[sa.Column[Any]] = []
    for word in text.split():
        name, kind = word.split(":")
        made.append(sa.Column(name, _TYPES[kind.rstrip("?")], nullable=kind.endswith("?")))
    return made


def _table(name: str, columns: str, *more: sa.schema.SchemaItem, key: str = "id") -> None:
    keys = key.split()
    op.create_table(
        name, *_columns(columns), sa.PrimaryKeyConstraint(*keys, name=f"pk_{name}"), *more
    )


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=f"fk_{table}_tenant_id")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name="_".join(("uq", table, *columns)))


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _index(table: str, *columns: str) -> None:
    op.create_index("_".join(("ix", table, *columns)), table, list(columns))


def upgrade() -> None:
    """From an empty database."""
    _people()
    _ledger()
    _media()
    _tasks()
    _hooks()
    _work()


def _people() -> None:
    _table(
        "tenants",
        "id:name name:text created_at:time suspended_at:time? settings:json",
        _unique("tenants", "name"),
    )
    _table(
        "api_keys",
        "id:name tenant_id:name name:text prefix:text scopes:json client_id:name created_at:time "
        "expires_at:time? revoked_at:time? last_used_at:time? key_hash:name "
        "client_secret_hash:name",
        _of_tenant("api_keys"),
        _unique("api_keys", "client_id"),
        _unique("api_keys", "key_hash"),
    )
    _index("api_keys", "tenant_id", "id")
    _table(
        "audit",
        "id:serial tenant_id:name? actor:text action:name subject:text detail:json at:time",
    )
    _index("audit", "tenant_id", "id")


def _ledger() -> None:
    _table(
        "accounts",
        "tenant_id:name available:big held:big spent:big granted:big",
        _of_tenant("accounts"),
        _check("accounts", "available_not_negative", "available >= 0"),
        _check("accounts", "held_not_negative", "held >= 0"),
        key="tenant_id",
    )
    _table(
        "ledger_entries",
        "id:serial tenant_id:name key:name side:small kind:name account:name amount:big "
        "task_id:name? note:text? created_at:time",
        _of_tenant("ledger_entries"),
        _unique("ledger_entries", "tenant_id", "key", "side"),
        _check(
            "ledger_entries",
            "side_has_its_sign",
            "(side = 0 AND amount <= 0) OR (side = 1 AND amount >= 0)",
        ),
    )
    _index("ledger_entries", "tenant_id", "id")
    _index("ledger_entries", "tenant_id", "account", "created_at")
    _index("ledger_entries", "task_id")


def _media() -> None:
    _table(
        "assets",
        "id:name tenant_id:name role:name state:name blob_key:name content_type:text "
        "filename:text? size_bytes:big? sha256:name? facts:json? refusal:json? task_id:name? "
        "created_at:time expires_at:time? deleted_at:time?",
        _of_tenant("assets"),
    )
    _index("assets", "tenant_id", "id")
    _index("assets", "tenant_id", "sha256")
    _index("assets", "blob_key")
    _index("assets", "task_id")
    _index("assets", "deleted_at", "expires_at")
    _table(
        "faces",
        "id:name tenant_id:name name:text asset_ids:json created_at:time deleted_at:time?",
        _of_tenant("faces"),
    )
    _index("faces", "tenant_id", "id")


def _tasks() -> None:
    _table(
        "tasks",
        "id:name tenant_id:name kind:name status:name request:json priority:name credits_held:big "
        "credits_charged:big progress:json result:json? error:json? dialect:name dialect_id:name? "
        "callback:json? label:text? request_id:text? attempt:int created_at:time started_at:time? "
        "finished_at:time? expires_at:time? deleted_at:time? notes:json",
        _of_tenant("tasks"),
        _unique("tasks", "tenant_id", "dialect", "dialect_id"),
        _check(
            "tasks",
            "status_known",
            "status IN ('queued', 'running', 'succeeded', 'failed', 'canceled')",
        ),
    )
    _index("tasks", "tenant_id", "id")
    _index("tasks", "tenant_id", "status")
    _index("tasks", "tenant_id", "finished_at")
    _index("tasks", "status", "kind", "created_at")
    _index("tasks", "deleted_at", "expires_at")
    _table(
        "idempotency",
        "tenant_id:name key:name request_hash:name resource_id:name created_at:time",
        _of_tenant("idempotency"),
        key="tenant_id key",
    )
    _index("idempotency", "created_at")


def _hooks() -> None:
    _table(
        "webhook_endpoints",
        "id:name tenant_id:name url:text secret:text events:json enabled:bool created_at:time",
        _of_tenant("webhook_endpoints"),
    )
    _index("webhook_endpoints", "tenant_id", "id")
    _table(
        "deliveries",
        "id:name tenant_id:name endpoint_id:name? task_id:name? event_id:name event_type:name "
        "url:text scheme:name secret:text body:json headers:json status:name attempts:int "
        "last_status:int? last_error:text? next_attempt_at:time? created_at:time "
        "delivered_at:time?",
        _of_tenant("deliveries"),
    )
    _index("deliveries", "tenant_id", "id")
    _index("deliveries", "tenant_id", "endpoint_id", "id")
    _index("deliveries", "status", "next_attempt_at")
    _table(
        "delivery_attempts",
        "delivery_id:name number:int at:time status:int? error:text? took_s:time",
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name="fk_delivery_attempts_delivery_id"
        ),
        key="delivery_id number",
    )


def _work() -> None:
    _table("executors", "id:name kind:name host:text pid:int started_at:time beat_at:time")
    _index("executors", "beat_at")
    _table(
        "chunks",
        "task_id:name kind:name number:int state:name blob_key:name? facts:json? updated_at:time",
        key="task_id kind number",
    )
