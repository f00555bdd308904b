"""The audit log in SQL: written, read, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from personae.adapters.database.paging import number_after, page_of
from personae.adapters.database.tables import audit
from personae.domain.pages import Page

_SHOWN = ("id", "tenant_id", "actor", "action", "subject", "detail", "at")


class SqlAudit:
    """`personae.app.ports.Audit` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def write(
        self,
        *,
        tenant_id: str | None,
        actor: str,
        action: str,
        subject: str,
        detail: Mapping[str, Any],
        at: float,
    ) -> None:
        self._connection.execute(
            sa.insert(audit),
            {
                "tenant_id": tenant_id,
                "actor": actor,
                "action": action,
                "subject": subject,
                "detail": dict(detail),
                "at": at,
            },
        )

    def page(self, tenant_id: str | None, *, after: str | None, limit: int) -> Page[dict[str, Any]]:
        """Entries, newest first; `tenant_id` None means everybody's, for admins.

        Each has ``id``, ``tenant_id``, ``actor``, ``action``, ``subject``, ``detail`` and ``at``.
        """
        listing = sa.select(*(audit.c[name] for name in _SHOWN))
        if tenant_id is not None:
            listing = listing.where(audit.c.tenant_id == tenant_id)
        return page_of(
            self._connection,
            listing,
            audit.c.id,
            dict,
            after=number_after(after),
            limit=limit,
        )
