"""How long things are kept: what is new, what is there when it is shortened, and faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from database_samples import NOW, add_tenant, asset, face, task
from personae.adapters.blobs import MemoryBlobs
from personae.adapters.database import SqlDatabase
from personae.app import retention
from personae.app.reconcile import Reconciler
from personae.domain.media import Asset
from personae.domain.retention import DAY_S, Retention
from personae.errors import InvalidRequest, NotFound

USUAL = Retention()


class NoWork:
    """No workflow is anywhere."""

    def states(self, ids: Sequence[str]) -> Mapping[str, str]:
        return dict.fromkeys(ids, "running")

    def forget(self, before: float, limit: int) -> int:
        return 0


class Sweeper:
    """A reconciler whose clock tests move."""

    def __init__(self, database: SqlDatabase, times: Retention = USUAL) -> None:
        self.now_s = NOW
        self.blobs = MemoryBlobs()
        self.reconciler = Reconciler(
            database, self.blobs, NoWork(), lambda: self.now_s, retention=times
        )

    def sweep(self) -> None:
        self.reconciler.apply_retention()
        self.reconciler.expire_assets()
        self.reconciler.expire_tasks()


@pytest.fixture
def owner(database: SqlDatabase) -> str:
    return add_tenant(database)


def stored(database: SqlDatabase, owner: str, **changes: Any) -> Asset:
    made = asset(owner, **{"expires_at": NOW + 7 * DAY_S, **changes})
    database.write(lambda tx: tx.assets.insert(made))
    return made


def end_of(database: SqlDatabase, one: Asset) -> float | None:
    found = database.read(lambda tx: tx.assets.get(one.tenant_id, one.id))
    assert found is not None
    return found.expires_at


def ruled(database: SqlDatabase, owner: str, **times: float | None) -> None:
    database.write(lambda tx: retention.rule(tx, owner, times, NOW))


def test_a_tenant_has_its_own_and_may_wish_for_less(database: SqlDatabase, owner: str) -> None:
    def kept() -> Retention:
        return database.read(lambda tx: retention.kept(tx, owner, USUAL))

    def wish(**times: float | None) -> None:
        database.write(lambda tx: retention.wish(tx, owner, times, USUAL, NOW))

    assert kept() == USUAL
    ruled(database, owner, uploads=30 * DAY_S, faces=60 * DAY_S)
    assert kept() == replace(USUAL, uploads=30 * DAY_S, faces=60 * DAY_S)
    wish(uploads=DAY_S, outputs=DAY_S)
    assert kept() == replace(USUAL, uploads=DAY_S, outputs=DAY_S, faces=60 * DAY_S)
    with pytest.raises(InvalidRequest, match="outputs"):
        wish(outputs=8 * DAY_S)
    with pytest.raises(InvalidRequest, match="faces"):
        wish(faces=61 * DAY_S)
    with pytest.raises(InvalidRequest, match="colours"):
        wish(colours=60.0)
    wish(uploads=None)
    ruled(database, owner, outputs=3600.0)
    assert kept().uploads == 30 * DAY_S
    assert kept().outputs == 3600.0
    database.write(lambda tx: retention.forget_rule(tx, owner, NOW))
    assert kept() == replace(USUAL, outputs=DAY_S)
    with pytest.raises(NotFound):
        ruled(database, "tenant_x", uploads=60.0)
    written = database.read(lambda tx: tx.audit.page(owner, after=None, limit=50)).items
    assert "tenant.settings" in {one["action"] for one in written}


def test_what_is_there_ends_sooner_counted_from_when_it_came(
    database: SqlDatabase, owner: str
) -> None:
    other = add_tenant(database)
    old = stored(database, owner, created_at=NOW - 2 * DAY_S)
    fresh = stored(database, owner)
    again = stored(database, owner, created_at=NOW - 2 * DAY_S, renewed_at=NOW)
    imported = stored(database, owner, role="import")
    theirs = stored(database, other)
    kept = stored(database, owner, expires_at=None)  # A photo of a saved face.
    sweeper = Sweeper(database)
    sweeper.sweep()
    assert end_of(database, fresh) == fresh.expires_at
    ruled(database, owner, uploads=DAY_S)
    sweeper.sweep()
    found = database.read(lambda tx: tx.assets.get(owner, old.id))
    assert found is not None
    assert found.state == "deleted"
    assert end_of(database, fresh) == end_of(database, again) == NOW + DAY_S
    assert end_of(database, imported) == imported.expires_at
    assert end_of(database, theirs) == theirs.expires_at
    assert end_of(database, kept) is None
    ruled(database, owner, uploads=30 * DAY_S)
    sweeper.sweep()
    assert end_of(database, fresh) == NOW + DAY_S  # It never comes back to life.


def test_every_kind_has_its_own_time(database: SqlDatabase, owner: str) -> None:
    ended: Any = {"status": "succeeded", "finished_at": NOW, "expires_at": NOW + 7 * DAY_S}
    swap, shot = task(owner, **ended), task(owner, kind="preview", **ended)
    for one in (swap, shot):
        database.write(lambda tx, one=one: tx.tasks.insert(one))
    output = stored(database, owner, role="output", task_id=swap.id)
    preview = stored(database, owner, role="output", task_id=shot.id)
    crop, cover = (stored(database, owner, role=role) for role in ("crop", "cover"))
    times = Retention(outputs=4 * DAY_S, previews=600.0, crops=900.0, stills=5 * DAY_S)
    Sweeper(database, times).sweep()
    ends = [end_of(database, one) for one in (output, preview, crop, cover)]
    assert ends == [NOW + 4 * DAY_S, NOW + 600, NOW + 900, NOW + 4 * DAY_S]
    found = database.read(lambda tx: [tx.tasks.get(owner, one.id) for one in (swap, shot)])
    assert [one and one.expires_at for one in found] == [NOW + 4 * DAY_S, NOW + 600]


def test_tenants_with_times_of_their_own_are_not_shortened_by_everybodys(
    database: SqlDatabase, owner: str
) -> None:
    mine = stored(database, owner, expires_at=NOW + 30 * DAY_S)
    theirs = stored(database, add_tenant(database), expires_at=NOW + 30 * DAY_S)
    ruled(database, owner, uploads=30 * DAY_S)
    Sweeper(database).sweep()
    assert end_of(database, mine) == NOW + 30 * DAY_S
    assert end_of(database, theirs) == NOW + 7 * DAY_S


def test_saved_faces_end_with_their_photos_where_it_is_said(
    database: SqlDatabase, owner: str
) -> None:
    photos = [stored(database, owner, expires_at=None) for _ in range(2)]
    ids = [one.id for one in photos]
    old = face(owner, asset_ids=tuple(ids), created_at=NOW - 40 * DAY_S)
    young = face(owner, asset_ids=(ids[1],))
    for one in (old, young):
        database.write(lambda tx, one=one: tx.faces.insert(one))
    sweeper = Sweeper(database)
    sweeper.sweep()
    assert database.read(lambda tx: tx.faces.get(owner, old.id)) == old
    ruled(database, owner, faces=30 * DAY_S)
    sweeper.sweep()
    assert database.read(lambda tx: tx.faces.get(owner, old.id)) is None
    assert database.read(lambda tx: tx.faces.get(owner, young.id)) == young
    sweeper.now_s += 1
    sweeper.sweep()
    states = [database.read(lambda tx, one=one: tx.assets.get(owner, one)) for one in ids]
    assert [one and one.state for one in states] == ["deleted", "ready"]


def test_what_was_found_of_people_goes_with_the_scene(database: SqlDatabase, owner: str) -> None:
    scene = stored(database, owner, expires_at=NOW + 60)
    request = {"media": "image", "scene": {"asset_id": scene.id, "url": None}}
    found = task(
        owner,
        kind="detect_image",
        status="succeeded",
        request=request,
        result={"faces": [{"embedding": [0.5] * 128}]},
        finished_at=NOW,
        expires_at=NOW + DAY_S,
    )
    database.write(lambda tx: tx.tasks.insert(found))
    crop = stored(database, owner, role="crop", task_id=found.id, blob_key="crops/one")
    sweeper = Sweeper(database)
    sweeper.blobs.put_bytes("crops/one", b"a face", "image/jpeg")
    sweeper.now_s += 61
    sweeper.sweep()
    assert database.read(lambda tx: tx.tasks.get(owner, found.id)) is None
    assert database.read(lambda tx: tx.tasks.get(None, found.id)) is None
    left = database.read(lambda tx: tx.assets.get(owner, crop.id))
    assert left is not None
    assert left.state == "deleted"
    assert sweeper.blobs.size("crops/one") is None
    assert "0.5" not in str(database.read(_rows))


def _rows(tx: Any) -> Any:
    from personae.adapters.database.tables import tasks

    return tx.connection.execute(tasks.select()).all()
