"""Stored files in SQL: what is known of them, not their bytes."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from personae.adapters.database.paging import page_of
from personae.adapters.database.retaining import shorten
from personae.adapters.database.rows import Row, columns_of, fetch, fetch_one
from personae.adapters.database.tables import assets
from personae.domain.media import Asset, MediaFacts
from personae.domain.pages import Page
from personae.domain.retention import Retention
from personae.errors import NotFound

_ASSET = sa.select(assets)
_BY_ID = _ASSET.where(assets.c.id == sa.bindparam("asset"))
_GET = _BY_ID.where(assets.c.tenant_id == sa.bindparam("tenant"))
_THERE = assets.c.state != "deleted"


class SqlAssets:
    """`personae.app.ports.Assets` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def insert(self, asset: Asset) -> None:
        self._connection.execute(sa.insert(assets), columns_of(asset))

    def get(self, tenant_id: str | None, asset_id: str) -> Asset | None:
        """An asset, also a deleted one: its state says so; see `personae.app.ports.Assets`."""
        if tenant_id is None:
            row = fetch_one(self._connection, _BY_ID, {"asset": asset_id})
        else:
            row = fetch_one(self._connection, _GET, {"asset": asset_id, "tenant": tenant_id})
        return None if row is None else _asset(row)

    def by_sha256(self, tenant_id: str, sha256: str) -> Asset | None:
        """The newest ready asset of the tenant with these bytes."""
        row = fetch_one(
            self._connection,
            _ASSET.where(
                assets.c.tenant_id == tenant_id,
                assets.c.sha256 == sha256,
                assets.c.state == "ready",
            )
            .order_by(assets.c.id.desc())
            .limit(1),
        )
        return None if row is None else _asset(row)

    def update(self, asset: Asset) -> None:
        """Write everything but the owner and the name.

        Raises
        ------
        NotFound
            If the owner has no such asset.
        """
        values = columns_of(asset)
        mine = assets.c.id == values.pop("id"), assets.c.tenant_id == values.pop("tenant_id")
        done = self._connection.execute(sa.update(assets).where(*mine).values(values))
        if done.rowcount != 1:
            raise NotFound(f"There is no asset {asset.id}.")

    def keep(
        self, tenant_id: str, asset_id: str, until: float, *, renewed_at: float | None = None
    ) -> bool:
        """Make a ready asset last at least `until`; False if it is ready no more.

        Writing locks the row, also where nothing changes: whoever shares its bytes in the same
        transaction can be sure that nobody deletes them meanwhile.
        """
        later = sa.case((assets.c.expires_at < until, until), else_=assets.c.expires_at)
        since = assets.c.renewed_at if renewed_at is None else renewed_at
        ready = assets.c.state == "ready"
        return self._set(tenant_id, asset_id, ready, expires_at=later, renewed_at=since)

    def remove(
        self, tenant_id: str, asset_id: str, at: float, *, expired_by: float | None = None
    ) -> bool:
        """To deleted; False, and nothing changes, if it is already, or has not expired by then."""
        due = sa.true() if expired_by is None else assets.c.expires_at <= expired_by
        return self._set(tenant_id, asset_id, _THERE & due, state="deleted", deleted_at=at)

    def _set(
        self, tenant_id: str, asset_id: str, while_: sa.ColumnElement[bool], **values: object
    ) -> bool:
        """A conditional update, which PostgreSQL checks again after waiting for another one."""
        mine = assets.c.id == asset_id, assets.c.tenant_id == tenant_id
        statement = sa.update(assets).where(*mine, while_).values(**values)
        return self._connection.execute(statement).rowcount == 1

    def shorten(
        self, retention: Retention, *, only: str | None = None, but: Sequence[str] = ()
    ) -> int:
        """As `personae.app.ports.Assets`."""
        return shorten(self._connection, retention, only, but)

    def page(
        self, tenant_id: str, *, role: str | None, after: str | None, limit: int
    ) -> Page[Asset]:
        """Assets that are not deleted, newest first; `role` None means all."""
        listing = _ASSET.where(assets.c.tenant_id == tenant_id, _THERE)
        if role is not None:
            listing = listing.where(assets.c.role == role)
        return page_of(self._connection, listing, assets.c.id, _asset, after=after, limit=limit)

    def expired(self, now: float, limit: int) -> list[Asset]:
        """Assets of all tenants that should be deleted by now, longest overdue first."""
        rows = fetch(
            self._connection,
            _ASSET.where(assets.c.deleted_at.is_(None), assets.c.expires_at <= now, _THERE)
            .order_by(assets.c.expires_at)
            .limit(limit),
        )
        return [_asset(row) for row in rows]

    def of_task(self, task_id: str) -> list[Asset]:
        """What a task made and is not deleted, oldest first."""
        rows = fetch(
            self._connection,
            _ASSET.where(assets.c.task_id == task_id, _THERE).order_by(assets.c.id),
        )
        return [_asset(row) for row in rows]

    def made(self, sha256: str, roles: Sequence[str]) -> list[Asset]:
        """Assets of all tenants with these bytes and one of these roles, oldest first."""
        same = _ASSET.where(assets.c.sha256 == sha256, assets.c.role.in_(roles))
        return [_asset(row) for row in fetch(self._connection, same.order_by(assets.c.id))]

    def with_bytes(self, tenant_id: str | None, sha256s: Sequence[str]) -> list[Asset]:
        """Ready assets with any of these bytes, of a tenant or, without one, of everybody."""
        same = _ASSET.where(assets.c.sha256.in_(sha256s), assets.c.state == "ready")
        if tenant_id is not None:
            same = same.where(assets.c.tenant_id == tenant_id)
        return [_asset(row) for row in fetch(self._connection, same.order_by(assets.c.id))]

    def at_keys(self, blob_keys: Sequence[str]) -> list[Asset]:
        """Assets whose bytes lie or lay at any of these keys, deleted ones among them."""
        found = _ASSET.where(assets.c.blob_key.in_(blob_keys)).order_by(assets.c.id)
        return [_asset(row) for row in fetch(self._connection, found)]

    def blob_in_use(self, blob_key: str) -> bool:
        """Whether any asset that is not deleted still needs these bytes."""
        found = self._connection.execute(
            sa.select(sa.literal(1)).where(assets.c.blob_key == blob_key, _THERE).limit(1)
        )
        return found.first() is not None


def _asset(row: Row) -> Asset:
    if row["facts"] is not None:
        row["facts"] = MediaFacts(**row["facts"])
    return Asset(**row)
