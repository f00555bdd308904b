"""Who is protected is told as it was written down, and forgotten when that ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from database_samples import NOW, add_tenant
from personae.adapters.database import SqlDatabase
from personae.app import register_entries
from personae.app.ports import Transaction
from personae.domain.ids import new_id
from personae.domain.register import EMBEDDING, ProtectedFace, ProtectedPerson


def vector(number: int) -> bytes:
    return EMBEDDING.pack(*(float(i == number) for i in range(128)))


def person(**changes: Any) -> ProtectedPerson:
    made = ProtectedPerson(
        new_id("person", NOW), None, "Grace", "either", "asked", "opt-out", "key_1", NOW
    )
    return replace(made, **changes)


def add(database: SqlDatabase, one: ProtectedPerson, *vectors: bytes) -> ProtectedPerson:
    database.write(lambda tx: tx.register.insert(one, vectors))
    return replace(one, faces=len(vectors))


def version(database: SqlDatabase) -> int:
    return database.read(lambda tx: tx.register.version())


def faces_of(database: SqlDatabase, now: float = NOW) -> list[tuple[str, bytes]]:
    found = database.read(lambda tx: tx.register.faces(now, after=0, limit=100))
    return [(one.person_id, bytes(one.embedding)) for one in found]


def test_an_entry_is_found_whole(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    one = add(database, person(tenant_id=owner, expires_at=NOW + 0.125), vector(1), vector(2))
    assert database.read(lambda tx: tx.register.get(one.id)) == one
    assert database.read(lambda tx: tx.register.embeddings(one.id)) == [vector(1), vector(2)]
    assert faces_of(database) == [(one.id, vector(1)), (one.id, vector(2))]
    assert database.read(lambda tx: tx.register.get("person_none")) is None


def test_every_change_is_counted(database: SqlDatabase) -> None:
    assert version(database) == 0
    one = add(database, person(), vector(1))
    assert version(database) == 1
    assert database.write(lambda tx: tx.register.remove(one.id, NOW))
    assert version(database) == 2
    assert not database.write(lambda tx: tx.register.remove(one.id, NOW))
    assert version(database) == 2


def test_what_is_undone_is_not_counted(database: SqlDatabase) -> None:
    def work(tx: Transaction) -> None:
        tx.register.insert(person(), [vector(1)])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.write(work)
    assert version(database) == 0
    assert faces_of(database) == []


def test_removing_forgets_face_and_name(database: SqlDatabase) -> None:
    one, other = add(database, person(), vector(1)), add(database, person(), vector(2))
    database.write(lambda tx: tx.register.remove(one.id, NOW + 1))
    left = database.read(lambda tx: tx.register.get(one.id))
    assert left is not None
    assert (left.name, left.faces, left.removed_at) == ("", 0, NOW + 1)
    assert database.read(lambda tx: tx.register.embeddings(one.id)) == []
    assert faces_of(database) == [(other.id, vector(2))]


def test_an_expired_entry_holds_no_longer_and_is_forgotten(database: SqlDatabase) -> None:
    short = add(database, person(expires_at=NOW + 10), vector(1))
    longer = add(database, person(expires_at=NOW + 20), vector(2))
    always = add(database, person(), vector(3))
    assert database.read(lambda tx: tx.register.next_expiry(NOW)) == NOW + 10
    assert [name for name, _ in faces_of(database, NOW + 10)] == [longer.id, always.id]
    assert database.read(lambda tx: tx.register.expired(NOW + 9, 100)) == []
    assert database.write(lambda tx: register_entries.expire(tx, NOW + 10, 100)) == 1
    assert database.write(lambda tx: register_entries.expire(tx, NOW + 10, 100)) == 0
    assert database.read(lambda tx: tx.register.embeddings(short.id)) == []
    assert database.read(lambda tx: tx.register.next_expiry(NOW + 10)) == NOW + 20


def test_removed_entries_are_purged_in_the_end(database: SqlDatabase) -> None:
    one, other = add(database, person(), vector(1)), add(database, person(), vector(2))
    database.write(lambda tx: tx.register.remove(one.id, NOW))
    assert database.write(lambda tx: tx.register.purge(NOW, 100)) == 0
    assert database.write(lambda tx: tx.register.purge(NOW + 1, 100)) == 1
    assert database.read(lambda tx: tx.register.get(one.id)) is None
    assert database.read(lambda tx: tx.register.get(other.id)) is not None


def test_entries_are_listed_by_owner(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    mine = add(database, person(tenant_id=owner), vector(1))
    theirs = add(database, person(tenant_id=stranger), vector(2))
    all_of_us = add(database, person(), vector(3))
    gone = add(database, person(tenant_id=owner), vector(4))
    database.write(lambda tx: tx.register.remove(gone.id, NOW))

    def listed(**which: Any) -> set[str]:
        page = database.read(lambda tx: tx.register.page(after=None, limit=10, **which))
        return {one.id for one in page.items}

    assert listed(tenant_id=owner) == {mine.id}
    assert listed(tenant_id=stranger) == {theirs.id}
    assert listed(tenant_id=None) == {all_of_us.id}
    assert listed(tenant_id=None, everybody=True) == {mine.id, theirs.id, all_of_us.id}


def test_words_are_looked_for_as_they_are(database: SqlDatabase) -> None:
    add(database, person(name="100% Ada_Lovelace", reason="court", origin="list"), vector(1))
    add(database, person(name="Grace", reason="asked", origin="Opt-Out"), vector(2))

    def found(words: str) -> list[str]:
        page = database.read(
            lambda tx: tx.register.page(tenant_id=None, words=words, after=None, limit=10)
        )
        return [one.name for one in page.items]

    assert found("0% ada_") == ["100% Ada_Lovelace"]
    assert found("opt-out") == ["Grace"]
    assert found("%") == ["100% Ada_Lovelace"]
    assert found("\\") == []
    assert len(found("")) == 2


def test_faces_come_in_pages(database: SqlDatabase) -> None:
    one = add(database, person(), *(vector(i) for i in range(7)))
    seen: list[bytes] = []

    def page_after(number: int) -> list[ProtectedFace]:
        return database.read(lambda tx: tx.register.faces(NOW, after=number, limit=3))

    page = page_after(0)
    while page:
        assert len(page) <= 3
        seen += [bytes(face.embedding) for face in page]
        page = page_after(page[-1].number)
    assert seen == [vector(i) for i in range(7)]
    assert one.faces == 7


def test_an_entry_without_a_face_protects_nobody(database: SqlDatabase) -> None:
    one = add(database, person())
    assert database.read(lambda tx: tx.register.get(one.id)) == one
    assert faces_of(database) == []
