"""The audit log in SQL: written, read, never changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import sqlalchemy as sa

from personae.adapters.database.audit_lines import head_of
from personae.adapters.database.paging import number_after, page_of
from personae.adapters.database.tables import audit
from personae.app.repositories.safety import AuditFilter
from personae.domain.audit_chain import Entry, Head, Line, entry, moment, parsed
from personae.domain.audit_check import Broken
from personae.domain.pages import Page

_SHOWN = ("id", "tenant_id", "actor", "action", "subject", "detail", "at", "number", "hash")
_AT_ONCE = 1000
"""Lines in memory while all of them pass."""


class SqlAudit:
    """`personae.app.ports.Audit` on one connection.

    Parameters
    ----------
    connection : sa.Connection
    waiting : list of Entry or None
        Where what is written waits for the end of the transaction; None where nothing may be
        written.
    """

    def __init__(self, connection: sa.Connection, waiting: list[Entry] | None) -> None:
        self._connection = connection
        self._waiting = waiting

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
        """Add a line when everything else of the transaction is done; until then none sees it."""
        if self._waiting is None:
            raise RuntimeError("a read writes nothing, also no line of the audit log")
        self._waiting.append(entry(tenant_id, actor, action, subject, detail, at))

    def page(
        self,
        tenant_id: str | None,
        *,
        wanted: AuditFilter | None = None,
        after: str | None,
        limit: int,
    ) -> Page[dict[str, Any]]:
        """Entries, newest first; `tenant_id` None means everybody's, for admins.

        Each has ``id``, ``tenant_id``, ``actor``, ``action``, ``subject``, ``detail``, ``at``,
        ``number`` and ``hash``.
        """
        listing = sa.select(*(audit.c[name] for name in _SHOWN))
        if tenant_id is not None:
            listing = listing.where(audit.c.tenant_id == tenant_id)
        if wanted is not None:
            listing = listing.where(*_conditions(wanted))
        return page_of(
            self._connection,
            listing,
            audit.c.id,
            dict,
            after=number_after(after),
            limit=limit,
        )

    def head(self) -> Head | None:
        """The end of the chain as it is written."""
        return head_of(self._connection)

    def outside(self) -> int:
        """How many lines have no place in the chain."""
        counted = sa.select(sa.func.count()).select_from(audit).where(audit.c.number.is_(None))
        return self._connection.scalar(counted) or 0

    def lines(self, since: float | None = None) -> Iterator[Line | Broken]:
        """The chain from its first line on, or from the first one of a time; in bounded memory."""
        columns = [sa.cast(c, sa.Text) if c is audit.c.detail else c for c in _LINE]
        listing = sa.select(*columns).where(audit.c.number.is_not(None)).order_by(audit.c.number)
        if since is not None:
            first = sa.select(sa.func.min(audit.c.number)).where(audit.c.at >= since)
            listing = listing.where(audit.c.number >= first.scalar_subquery())
        with self._connection.execute(listing, execution_options={"yield_per": _AT_ONCE}) as rows:
            for row in rows:
                yield _line(tuple(row))


_LINE = tuple(
    audit.c[name]
    for name in (
        "number",
        "tenant_id",
        "actor",
        "action",
        "subject",
        "detail",
        "at",
        "previous_hash",
        "hash",
    )
)


def _line(row: tuple[Any, ...]) -> Line | Broken:
    """A stored row as a line; whatever cannot be one has been changed."""
    number, tenant_id, actor, action, subject, detail, at, previous, own = row
    try:
        told: Any = parsed(detail)
        texts = (tenant_id or "", actor, action, subject, previous, own)
        if not isinstance(told, dict) or not all(isinstance(one, str) for one in texts):
            raise ValueError("a column of another kind")
        detail = cast("dict[str, Any]", told)
        return Line(number, tenant_id, actor, action, subject, detail, moment(at), previous, own)
    except (ValueError, TypeError):
        return Broken(number if isinstance(number, int) else None)


def _conditions(wanted: AuditFilter) -> Iterator[sa.ColumnElement[bool]]:
    for name in ("actor", "subject"):
        value = getattr(wanted, name)
        if value is not None:
            yield audit.c[name] == value
    if wanted.action is not None:
        group = wanted.action.removesuffix(".*")
        if group != wanted.action:
            yield audit.c.action.startswith(f"{group}.", autoescape=True)
        else:
            yield audit.c.action == wanted.action
    if wanted.since is not None:
        yield audit.c.at >= wanted.since
    if wanted.until is not None:
        yield audit.c.at < wanted.until
