"""The do-not-swap register in SQL."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from personae.adapters.database.dialects import add_up
from personae.adapters.database.paging import page_of
from personae.adapters.database.rows import Row, columns_of, fetch, fetch_one
from personae.adapters.database.tables import protected_faces, protected_people, register_state
from personae.domain.pages import Page
from personae.domain.register import EMBEDDER, ProtectedFace, ProtectedPerson

_people, _faces = protected_people.c, protected_faces.c
_COUNT = (
    sa.select(sa.func.count())
    .where(protected_faces.c.person_id == protected_people.c.id)
    .scalar_subquery()
    .label("faces")
)
_PERSON = sa.select(protected_people, _COUNT)
_ESCAPE = "\\"


class SqlRegister:
    """`personae.app.ports.Register` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def insert(self, person: ProtectedPerson, embeddings: Sequence[bytes]) -> None:
        columns = columns_of(person)
        del columns["faces"]
        self._connection.execute(sa.insert(protected_people), columns)
        rows = [
            {"person_id": person.id, "embedder": EMBEDDER, "embedding": one} for one in embeddings
        ]
        if rows:
            self._connection.execute(sa.insert(protected_faces), rows)
        self._changed()

    def get(self, person_id: str) -> ProtectedPerson | None:
        row = fetch_one(self._connection, _PERSON.where(_people.id == person_id))
        return None if row is None else _person(row)

    def page(
        self,
        *,
        tenant_id: str | None,
        everybody: bool = False,
        words: str = "",
        after: str | None,
        limit: int,
    ) -> Page[ProtectedPerson]:
        listing = _PERSON.where(_people.removed_at.is_(None))
        if not everybody:
            listing = listing.where(_people.tenant_id.is_not_distinct_from(tenant_id))
        if words:
            plain = words
            for special in (_ESCAPE, "%", "_"):
                plain = plain.replace(special, _ESCAPE + special)
            columns = (_people.name, _people.reason, _people.origin)
            found = [one.ilike(f"%{plain}%", escape=_ESCAPE) for one in columns]
            listing = listing.where(sa.or_(*found))
        return page_of(self._connection, listing, _people.id, _person, after=after, limit=limit)

    def remove(self, person_id: str, at: float) -> bool:
        update = sa.update(protected_people).where(
            _people.id == person_id, _people.removed_at.is_(None)
        )
        if self._connection.execute(update.values(removed_at=at, name="")).rowcount != 1:
            return False
        self._connection.execute(sa.delete(protected_faces).where(_faces.person_id == person_id))
        self._changed()
        return True

    def expired(self, now: float, limit: int) -> list[ProtectedPerson]:
        due = _PERSON.where(_people.removed_at.is_(None), _people.expires_at <= now)
        rows = fetch(self._connection, due.order_by(_people.id).limit(limit))
        return [_person(row) for row in rows]

    def purge(self, removed_before: float, limit: int) -> int:
        due = sa.select(_people.id).where(_people.removed_at < removed_before).limit(limit)
        gone = sa.delete(protected_people).where(_people.id.in_(due.scalar_subquery()))
        return self._connection.execute(gone).rowcount

    def version(self) -> int:
        row = fetch_one(
            self._connection,
            sa.select(register_state.c.version).where(register_state.c.number == 1),
        )
        return 0 if row is None else int(row["version"])

    def next_expiry(self, now: float) -> float | None:
        soonest = sa.select(sa.func.min(_people.expires_at).label("at")).where(
            _people.removed_at.is_(None), _people.expires_at > now
        )
        row = fetch_one(self._connection, soonest)
        return None if row is None else row["at"]

    def faces(self, now: float, *, after: int, limit: int) -> list[ProtectedFace]:
        listing = (
            sa.select(
                _faces.id.label("number"),
                _faces.person_id,
                _people.tenant_id,
                _people.applies_to,
                _faces.embedding,
            )
            .join(protected_people, _people.id == _faces.person_id)
            .where(_faces.id > after, _faces.embedder == EMBEDDER, _in_force(now))
            .order_by(_faces.id)
            .limit(limit)
        )
        # Without dictionaries in between: there may be very many.
        return [ProtectedFace(*row) for row in self._connection.execute(listing)]

    def tally(self, now: float, through: int) -> tuple[int, int]:
        tallied = (
            sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(_faces.id), 0))
            .join(protected_people, _people.id == _faces.person_id)
            .where(_faces.id <= through, _faces.embedder == EMBEDDER, _in_force(now))
        )
        count, total = self._connection.execute(tallied).one()
        return int(count), int(total)

    def embeddings(self, person_id: str) -> list[bytes]:
        listing = sa.select(_faces.embedding).where(_faces.person_id == person_id)
        return [bytes(row["embedding"]) for row in fetch(self._connection, listing)]

    def _changed(self) -> None:
        add_up(self._connection, register_state, {"number": 1}, {"version": 1})


def _in_force(now: float) -> sa.ColumnElement[bool]:
    return sa.and_(
        _people.removed_at.is_(None),
        sa.or_(_people.expires_at.is_(None), _people.expires_at > now),
    )


def _person(row: Row) -> ProtectedPerson:
    return ProtectedPerson(**row)
