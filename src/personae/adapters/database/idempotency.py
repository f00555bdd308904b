"""Clients' idempotency keys in SQL."""

from __future__ import annotations

import sqlalchemy as sa

from personae.adapters.database.rows import fetch_one
from personae.adapters.database.tables import idempotency
from personae.app.ports import Seen

_FIND = sa.select(idempotency.c.request_hash, idempotency.c.resource_id).where(
    idempotency.c.tenant_id == sa.bindparam("tenant"), idempotency.c.key == sa.bindparam("name")
)


class SqlIdempotency:
    """`personae.app.ports.Idempotency` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def find(self, tenant_id: str, key: str) -> Seen | None:
        row = fetch_one(self._connection, _FIND, {"tenant": tenant_id, "name": key})
        return None if row is None else Seen(**row)

    def remember(
        self, tenant_id: str, key: str, request_hash: str, resource_id: str, at: float
    ) -> None:
        """Write what a key stands for.

        If another transaction writes the same key at the same moment, the whole work runs again
        and then finds the other's: see `personae.adapters.database.database.SqlDatabase.write`.
        """
        self._connection.execute(
            sa.insert(idempotency),
            {
                "tenant_id": tenant_id,
                "key": key,
                "request_hash": request_hash,
                "resource_id": resource_id,
                "created_at": at,
            },
        )

    def forget_before(self, at: float) -> int:
        """Forget the keys written before a time; how many they were."""
        return self._connection.execute(
            sa.delete(idempotency).where(idempotency.c.created_at < at)
        ).rowcount
