"""Saved donors in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from personae.adapters.database.paging import page_of
from personae.adapters.database.rows import Row, columns_of, fetch, fetch_one
from personae.adapters.database.tables import faces
from personae.domain.media import SavedFace
from personae.domain.pages import Page

_FACE = sa.select(faces).where(faces.c.deleted_at.is_(None))


class SqlFaces:
    """`personae.app.ports.Faces` on one connection; a deleted face is not there any more."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def insert(self, face: SavedFace) -> None:
        self._connection.execute(sa.insert(faces), columns_of(face))

    def get(self, tenant_id: str | None, face_id: str) -> SavedFace | None:
        """A saved face; `tenant_id` None only for operators."""
        one = _FACE.where(faces.c.id == face_id)
        if tenant_id is not None:
            one = one.where(faces.c.tenant_id == tenant_id)
        row = fetch_one(self._connection, one)
        return None if row is None else _face(row)

    def by_dialect_id(self, tenant_id: str, dialect: str, dialect_id: str) -> SavedFace | None:
        row = fetch_one(
            self._connection,
            _of(tenant_id, dialect).where(faces.c.dialect_id == dialect_id),
        )
        return None if row is None else _face(row)

    def by_source_url(self, tenant_id: str, dialect: str, url: str) -> SavedFace | None:
        """The newest one that was saved from there."""
        found = _of(tenant_id, dialect).where(faces.c.source_url == url)
        row = fetch_one(self._connection, found.order_by(faces.c.id.desc()).limit(1))
        return None if row is None else _face(row)

    def page(
        self, tenant_id: str, *, dialect: str | None = None, after: str | None, limit: int
    ) -> Page[SavedFace]:
        """Newest first; without a dialect those of all of them."""
        listing = _of(tenant_id, dialect)
        return page_of(self._connection, listing, faces.c.id, _face, after=after, limit=limit)

    def saved_before(
        self, at: float, limit: int, *, only: str | None = None, but: Sequence[str] = ()
    ) -> list[SavedFace]:
        """Faces that were saved before a time, of one tenant or of all `but` some."""
        old = _FACE.where(faces.c.created_at < at, faces.c.tenant_id.not_in(but))
        if only is not None:
            old = old.where(faces.c.tenant_id == only)
        rows = fetch(self._connection, old.order_by(faces.c.id).limit(limit))
        return [_face(row) for row in rows]

    def delete(self, tenant_id: str, face_id: str, at: float) -> bool:
        """False if the tenant has no such face."""
        update = sa.update(faces).where(
            faces.c.id == face_id, faces.c.tenant_id == tenant_id, faces.c.deleted_at.is_(None)
        )
        return self._connection.execute(update.values(deleted_at=at)).rowcount == 1


def _of(tenant_id: str, dialect: str | None) -> sa.Select[*tuple[Any, ...]]:
    mine = _FACE.where(faces.c.tenant_id == tenant_id)
    return mine if dialect is None else mine.where(faces.c.dialect == dialect)


def _face(row: Row) -> SavedFace:
    row["asset_ids"] = tuple(row["asset_ids"])
    return SavedFace(**row)
