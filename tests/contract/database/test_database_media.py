"""Assets and saved faces are found as they were written, by their owner alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from database_samples import NOW, add_tenant, asset, face
from personae.adapters.database import SqlDatabase
from personae.app.ports import Transaction
from personae.domain.ids import new_id
from personae.domain.media import Asset, MediaFacts, SavedFace
from personae.errors import Conflict, NotFound


def put(database: SqlDatabase, *made: Asset) -> None:
    def work(tx: Transaction) -> None:
        for one in made:
            tx.assets.insert(one)

    database.write(work)


def test_an_asset_is_found_whole(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    facts = MediaFacts(
        "video", "video/mp4", 1280, 720, 5.5, 137, 24.9, "h264", 90, 2, ("aac", "opus")
    )
    whole = asset(owner, facts=facts, size_bytes=2**40, task_id="task_1", expires_at=NOW + 0.125)
    bare = asset(
        owner,
        state="awaiting_upload",
        filename=None,
        size_bytes=None,
        sha256=None,
        facts=None,
        refusal={"code": "media_unreadable", "message": "No."},
    )
    put(database, whole, bare)
    assert database.read(lambda tx: tx.assets.get(owner, whole.id)) == whole
    assert database.read(lambda tx: tx.assets.get(owner, bare.id)) == bare


def test_an_asset_is_its_owners(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    mine = asset(owner)
    put(database, mine)
    assert database.read(lambda tx: tx.assets.get(stranger, mine.id)) is None
    assert database.read(lambda tx: tx.assets.by_sha256(stranger, "ab" * 32)) is None
    page = database.read(lambda tx: tx.assets.page(stranger, role=None, after=None, limit=5))
    assert page.items == ()
    with pytest.raises(NotFound):
        database.write(lambda tx: tx.assets.update(replace(mine, tenant_id=stranger)))
    assert database.read(lambda tx: tx.assets.get(owner, mine.id)) == mine


def test_only_a_ready_asset_is_found_by_its_bytes(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    put(database, asset(owner, state="refused"), asset(owner, state="deleted", deleted_at=NOW))
    assert database.read(lambda tx: tx.assets.by_sha256(owner, "ab" * 32)) is None
    older, newer = asset(owner, id="asset_a"), asset(owner, id="asset_b")
    put(database, older, newer)
    assert database.read(lambda tx: tx.assets.by_sha256(owner, "ab" * 32)) == newer


def test_an_asset_changes_all_but_its_name_and_owner(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    mine, other = asset(owner, facts=None), asset(owner)
    put(database, mine, other)
    changed = replace(
        mine,
        role="output",
        state="deleted",
        blob_key="k",
        content_type="video/mp4",
        filename="n",
        size_bytes=1,
        sha256="cd" * 32,
        facts=MediaFacts("sound", "audio/aac"),
        refusal={"code": "x"},
        task_id="t",
        created_at=1.0,
        expires_at=2.0,
        deleted_at=3.0,
    )
    database.write(lambda tx: tx.assets.update(changed))
    assert database.read(lambda tx: tx.assets.get(owner, mine.id)) == changed
    assert database.read(lambda tx: tx.assets.get(owner, other.id)) == other
    with pytest.raises(NotFound):
        database.write(lambda tx: tx.assets.update(asset(owner)))


def test_a_ready_asset_is_kept_for_longer_never_shorter(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    mine, for_ever = asset(owner, expires_at=NOW), asset(owner)
    gone = asset(owner, state="deleted", deleted_at=NOW)
    put(database, mine, for_ever, gone)

    def kept(who: str, which: Asset, until: float) -> bool:
        return database.write(lambda tx: tx.assets.keep(who, which.id, until))

    def expiry(which: Asset) -> float | None:
        found = database.read(lambda tx: tx.assets.get(owner, which.id))
        assert found is not None
        return found.expires_at

    assert kept(owner, mine, NOW + 5)
    assert expiry(mine) == NOW + 5
    assert kept(owner, mine, NOW + 1)
    assert expiry(mine) == NOW + 5
    assert kept(owner, for_ever, NOW + 1)
    assert expiry(for_ever) is None
    assert not kept(stranger, mine, NOW + 9)
    assert not kept(owner, gone, NOW + 9)
    assert (expiry(mine), expiry(gone)) == (NOW + 5, None)


def test_an_asset_is_removed_once_and_when_it_is_due(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    mine, for_ever = asset(owner, expires_at=NOW), asset(owner)
    put(database, mine, for_ever)

    def removed(who: str, which: Asset, expired_by: float | None = None) -> bool:
        return database.write(
            lambda tx: tx.assets.remove(who, which.id, NOW + 7, expired_by=expired_by)
        )

    assert not removed(stranger, mine)
    assert not removed(owner, mine, NOW - 1)
    assert not removed(owner, for_ever, NOW + 9)
    assert removed(owner, mine, NOW)
    assert not removed(owner, mine)
    assert removed(owner, for_ever)
    found = database.read(lambda tx: tx.assets.get(owner, mine.id))
    assert found == replace(mine, state="deleted", deleted_at=NOW + 7)


def test_a_listing_has_one_role_or_all_but_nothing_deleted(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    upload, output = asset(owner, id="asset_1"), asset(owner, id="asset_2", role="output")
    put(database, upload, output, asset(owner, state="deleted", deleted_at=NOW))
    listed = database.read(lambda tx: tx.assets.page(owner, role=None, after=None, limit=5))
    assert listed.items == (output, upload)
    listed = database.read(lambda tx: tx.assets.page(owner, role="upload", after=None, limit=5))
    assert listed.items == (upload,)


def test_the_sweep_finds_what_is_overdue(database: SqlDatabase) -> None:
    one, other = add_tenant(database), add_tenant(database)
    first = asset(one, expires_at=NOW - 5, state="awaiting_upload")
    second = asset(other, expires_at=NOW)
    put(
        database,
        second,
        first,
        asset(one, expires_at=NOW + 1),
        asset(one),
        asset(one, expires_at=NOW - 9, state="deleted", deleted_at=NOW - 8),
    )
    assert database.read(lambda tx: tx.assets.expired(NOW, 9)) == [first, second]
    assert database.read(lambda tx: tx.assets.expired(NOW, 1)) == [first]


def test_a_task_and_a_blob_know_their_assets(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    mine = asset(owner, task_id="task_1", blob_key="shared")
    gone = asset(owner, task_id="task_1", blob_key="alone", state="deleted", deleted_at=NOW)
    put(database, mine, gone, asset(owner, task_id="task_2", blob_key="shared", state="deleted"))
    assert database.read(lambda tx: tx.assets.of_task("task_1")) == [mine]
    assert database.read(lambda tx: tx.assets.blob_in_use("shared"))
    assert not database.read(lambda tx: tx.assets.blob_in_use("alone"))
    assert not database.read(lambda tx: tx.assets.blob_in_use("none"))


def test_a_saved_face_is_its_owners_until_it_is_deleted(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    mine = face(owner)
    database.write(lambda tx: tx.faces.insert(mine))
    assert database.read(lambda tx: tx.faces.get(owner, mine.id)) == mine
    assert database.read(lambda tx: tx.faces.get(stranger, mine.id)) is None
    assert database.read(lambda tx: tx.faces.page(owner, after=None, limit=9)).items == (mine,)
    assert database.read(lambda tx: tx.faces.page(stranger, after=None, limit=9)).items == ()
    assert not database.write(lambda tx: tx.faces.delete(stranger, mine.id, NOW))
    assert database.write(lambda tx: tx.faces.delete(owner, mine.id, NOW))
    assert not database.write(lambda tx: tx.faces.delete(owner, mine.id, NOW))
    assert database.read(lambda tx: tx.faces.get(owner, mine.id)) is None
    assert database.read(lambda tx: tx.faces.page(owner, after=None, limit=9)).items == ()


def test_a_saved_face_has_a_name_in_its_dialect(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    url = "https://x.test/a.jpg?é"

    def made(n: int, **changes: Any) -> SavedFace:
        values = {"dialect": "a2e", "dialect_id": f"{n:024x}", "source_url": url, **changes}
        return face(owner, id=new_id("face", NOW + n), **values)

    first, second = made(1), made(2)
    native = made(3, dialect=None, dialect_id=None, source_url=None)
    other = made(4, dialect="crun", dialect_id="4")
    for one in (first, second, native, other):
        database.write(lambda tx, one=one: tx.faces.insert(one))

    def called(who: str, dialect: str, name: str | None) -> SavedFace | None:
        return database.read(lambda tx: tx.faces.by_dialect_id(who, dialect, name or ""))

    assert called(owner, "a2e", first.dialect_id) == first
    assert called(owner, "crun", first.dialect_id) is None
    assert called(stranger, "a2e", first.dialect_id) is None
    assert database.read(lambda tx: tx.faces.by_source_url(owner, "a2e", url)) == second
    assert database.read(lambda tx: tx.faces.by_source_url(owner, "a2e", "https://y.test")) is None
    assert database.read(lambda tx: tx.faces.by_source_url(stranger, "a2e", url)) is None
    listed = database.read(lambda tx: tx.faces.page(owner, dialect="a2e", after=None, limit=9))
    assert listed.items == (second, first)
    listed = database.read(lambda tx: tx.faces.page(owner, after=None, limit=9))
    assert listed.items == (other, native, second, first)
    with pytest.raises(Conflict):
        database.write(lambda tx: tx.faces.insert(made(5, dialect_id=first.dialect_id)))
    assert database.write(lambda tx: tx.faces.delete(owner, second.id, NOW))
    assert called(owner, "a2e", second.dialect_id) is None
    assert database.read(lambda tx: tx.faces.by_source_url(owner, "a2e", url)) == first
