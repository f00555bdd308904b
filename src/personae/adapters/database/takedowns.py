"""Takedowns, and files that nobody may use again, in SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa

from personae.adapters.database.dialects import insert_unless_there
from personae.adapters.database.paging import page_of
from personae.adapters.database.rows import Row, columns_of, fetch, fetch_one
from personae.adapters.database.tables import blocked_files, takedowns
from personae.domain.pages import Page
from personae.domain.takedowns import Removal, Takedown
from personae.errors import NotFound

_TAKEDOWN = sa.select(takedowns)
_BLOCKED = sa.select(sa.literal(1)).where(blocked_files.c.sha256 == sa.bindparam("bytes"))


class SqlTakedowns:
    """`personae.app.ports.Takedowns` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def insert(self, takedown: Takedown) -> None:
        self._connection.execute(sa.insert(takedowns), columns_of(takedown))

    def get(self, tenant_id: str | None, takedown_id: str) -> Takedown | None:
        """A takedown; `tenant_id` None only for operators."""
        row = fetch_one(self._connection, _of(tenant_id).where(takedowns.c.id == takedown_id))
        return None if row is None else _takedown(row)

    def update(self, takedown: Takedown) -> None:
        """Write its state, its detail and when it was finished.

        Raises
        ------
        NotFound
        """
        values = columns_of(takedown)
        changed = {name: values[name] for name in ("state", "detail", "finished_at")}
        mine = takedowns.c.id == takedown.id
        done = self._connection.execute(sa.update(takedowns).where(mine).values(changed))
        if done.rowcount != 1:
            raise NotFound(f"There is no takedown {takedown.id}.")

    def page(self, tenant_id: str | None, *, after: str | None, limit: int) -> Page[Takedown]:
        """Newest first; without a tenant everybody's."""
        return page_of(
            *(self._connection, _of(tenant_id), takedowns.c.id, _takedown),
            after=after,
            limit=limit,
        )

    def unfinished(self, limit: int) -> list[Takedown]:
        """Those of all tenants that are not done, oldest first."""
        open_ones = _TAKEDOWN.where(takedowns.c.state == "asked")
        rows = fetch(self._connection, open_ones.order_by(takedowns.c.created_at).limit(limit))
        return [_takedown(row) for row in rows]

    def naming(self, tenant_id: str | None, words: Sequence[str]) -> Takedown | None:
        """The newest one that was asked for, or has removed something, by one of these names."""
        detail = sa.cast(takedowns.c.detail, sa.Text())
        named = [detail.contains(json.dumps(word), autoescape=True) for word in words]
        same = _of(tenant_id).where(sa.or_(takedowns.c.subject.in_(words), *named))
        row = fetch_one(self._connection, same.order_by(takedowns.c.id.desc()).limit(1))
        return None if row is None else _takedown(row)

    def block(self, sha256: str, reason: str, takedown_id: str | None, at: float) -> bool:
        """Let nobody use these bytes; False if that was so already."""
        row = {"sha256": sha256, "reason": reason, "takedown_id": takedown_id, "created_at": at}
        return insert_unless_there(self._connection, blocked_files, row)

    def unblock(self, sha256: str) -> bool:
        """Let everybody use these bytes again; False if they could."""
        gone = sa.delete(blocked_files).where(blocked_files.c.sha256 == sha256)
        return self._connection.execute(gone).rowcount == 1

    def is_blocked(self, sha256: str) -> bool:
        return self._connection.execute(_BLOCKED, {"bytes": sha256}).first() is not None


def _of(tenant_id: str | None) -> sa.Select[tuple[object, ...]]:
    return _TAKEDOWN if tenant_id is None else _TAKEDOWN.where(takedowns.c.tenant_id == tenant_id)


def _takedown(row: Row) -> Takedown:
    row["detail"] = Removal(**row["detail"])
    return Takedown(**row)
