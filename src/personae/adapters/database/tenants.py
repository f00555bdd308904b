"""Tenants and their keys in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from personae.adapters.database.paging import page_of
from personae.adapters.database.rows import Row, columns_of, fetch, fetch_one
from personae.adapters.database.tables import accounts, api_keys, tenants
from personae.domain.pages import Page
from personae.domain.tenants import OPERATOR, ApiKey, Tenant

_ESCAPE = "\\"
_TENANT = sa.select(
    tenants.c.id,
    tenants.c.name,
    tenants.c.created_at,
    tenants.c.suspended_at,
    tenants.c.settings,
)
_KEY = sa.select(
    api_keys.c.id,
    api_keys.c.tenant_id,
    api_keys.c.name,
    api_keys.c.prefix,
    api_keys.c.scopes,
    api_keys.c.client_id,
    api_keys.c.created_at,
    api_keys.c.expires_at,
    api_keys.c.revoked_at,
    api_keys.c.last_used_at,
)
_KEY_BY_HASH = _KEY.where(api_keys.c.key_hash == sa.bindparam("key_hash"))
_USED = (
    sa.update(api_keys)
    .where(
        api_keys.c.id == sa.bindparam("key"),
        sa.func.coalesce(api_keys.c.last_used_at, 0.0) < sa.bindparam("at"),
    )
    .values(last_used_at=sa.bindparam("at"))
)


class SqlTenants:
    """`personae.app.ports.Tenants` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def insert(self, tenant: Tenant) -> None:
        """Write a tenant together with its empty accounts; the name must be free."""
        self._connection.execute(sa.insert(tenants), columns_of(tenant))
        self._connection.execute(
            sa.insert(accounts),
            {"tenant_id": tenant.id, "available": 0, "held": 0, "spent": 0, "granted": 0},
        )

    def get(self, tenant_id: str) -> Tenant | None:
        return self._one(tenants.c.id == tenant_id)

    def by_name(self, name: str) -> Tenant | None:
        return self._one(tenants.c.name == name)

    def all(self) -> list[Tenant]:
        """Every tenant, oldest first."""
        rows = fetch(self._connection, _TENANT.order_by(tenants.c.id))
        return [_tenant(row) for row in rows]

    def page(
        self, *, words: str = "", suspended: bool | None = None, after: str | None, limit: int
    ) -> Page[Tenant]:
        """Newest first, without the operators' own; `words` in the name, or the whole id."""
        listing = _TENANT.where(tenants.c.name != OPERATOR)
        if words:
            plain = words
            for special in (_ESCAPE, "%", "_"):
                plain = plain.replace(special, _ESCAPE + special)
            named = tenants.c.name.ilike(f"%{plain}%", escape=_ESCAPE)
            listing = listing.where(sa.or_(named, tenants.c.id == words))
        if suspended is not None:
            since = tenants.c.suspended_at
            listing = listing.where(since.is_not(None) if suspended else since.is_(None))
        return page_of(self._connection, listing, tenants.c.id, _tenant, after=after, limit=limit)

    def rename(self, tenant_id: str, name: str) -> bool:
        """False if there is no such tenant; the name must be free."""
        update = sa.update(tenants).where(tenants.c.id == tenant_id)
        return self._connection.execute(update.values(name=name)).rowcount == 1

    def suspend(self, tenant_id: str, at: float | None) -> bool:
        """Suspend a tenant, or with None let it work again; False if there is none."""
        update = sa.update(tenants).where(tenants.c.id == tenant_id)
        return self._connection.execute(update.values(suspended_at=at)).rowcount == 1

    def configure(self, tenant_id: str, name: str, value: Any) -> bool:
        """Write one of a tenant's settings, or with None remove it; False if there is no tenant."""
        mine = sa.select(tenants.c.settings).where(tenants.c.id == tenant_id)
        # Two that change different settings of one tenant take turns.
        row = fetch_one(self._connection, mine.with_for_update())
        if row is None:
            return False
        settings = {key: one for key, one in row["settings"].items() if key != name}
        if value is not None:
            settings[name] = value
        update = sa.update(tenants).where(tenants.c.id == tenant_id)
        self._connection.execute(update.values(settings=settings))
        return True

    def insert_key(self, key: ApiKey, key_hash: str, client_secret_hash: str) -> None:
        hashes = {"key_hash": key_hash, "client_secret_hash": client_secret_hash}
        self._connection.execute(sa.insert(api_keys), columns_of(key) | hashes)

    def key_by_hash(self, key_hash: str) -> ApiKey | None:
        """The key as stored, also if it has expired or was revoked: the caller judges."""
        row = fetch_one(self._connection, _KEY_BY_HASH, {"key_hash": key_hash})
        return None if row is None else _key(row)

    def key_by_client(self, client_id: str, client_secret_hash: str) -> ApiKey | None:
        """As `key_by_hash`, by the pair that dialects with a client name and secret use."""
        row = fetch_one(
            self._connection,
            _KEY.where(
                api_keys.c.client_id == client_id,
                api_keys.c.client_secret_hash == client_secret_hash,
            ),
        )
        return None if row is None else _key(row)

    def keys(self, tenant_id: str) -> list[ApiKey]:
        """A tenant's keys, oldest first, revoked ones among them."""
        rows = fetch(
            self._connection, _KEY.where(api_keys.c.tenant_id == tenant_id).order_by(api_keys.c.id)
        )
        return [_key(row) for row in rows]

    def revoke_key(self, tenant_id: str, key_id: str, at: float) -> bool:
        """False if the tenant has no such key or it is revoked already."""
        update = sa.update(api_keys).where(
            api_keys.c.id == key_id,
            api_keys.c.tenant_id == tenant_id,
            api_keys.c.revoked_at.is_(None),
        )
        return self._connection.execute(update.values(revoked_at=at)).rowcount == 1

    def note_uses(self, used: Mapping[str, float]) -> None:
        """Write when keys were last used, by name; never back to an earlier time."""
        if used:
            rows = [{"key": key_id, "at": at} for key_id, at in sorted(used.items())]
            self._connection.execute(_USED, rows)

    def never_used(self, key_ids: Collection[str]) -> list[ApiKey]:
        """Those of some keys of which no use was ever written; their rows are locked till the end.

        So that of two processes that see a key for the first time only one says so.
        """
        if not key_ids:
            return []
        found = _KEY.where(api_keys.c.id.in_(sorted(key_ids)), api_keys.c.last_used_at.is_(None))
        ordered = found.order_by(api_keys.c.id).with_for_update()
        return [_key(row) for row in fetch(self._connection, ordered)]

    def _one(self, condition: sa.ColumnElement[bool]) -> Tenant | None:
        row = fetch_one(self._connection, _TENANT.where(condition))
        return None if row is None else _tenant(row)


def _tenant(row: Row) -> Tenant:
    return Tenant(**row)


def _key(row: Row) -> ApiKey:
    row["scopes"] = tuple(row["scopes"])
    return ApiKey(**row)
