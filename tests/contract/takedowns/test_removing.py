"""The bytes of what was taken down, in each kind of storage, also while it is away."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from database_samples import NOW, add_tenant, asset, task
from personae.adapters.database import SqlDatabase
from personae.app import takedowns
from personae.app.ports import Blobs
from personae.app.removing import Remover
from personae.domain.media import Asset
from personae.domain.takedowns import Order, Takedown
from personae.errors import Unavailable


class Ailing:
    """A storage that refuses to delete for a while."""

    def __init__(self, blobs: Blobs, refusals: int) -> None:
        self._blobs = blobs
        self.refusals = refusals

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)

    def delete(self, keys: Any) -> None:
        if self.refusals > 0:
            self.refusals -= 1
            raise Unavailable
        self._blobs.delete(keys)


def stored(database: SqlDatabase, blobs: Blobs, owner: str, **changes: Any) -> Asset:
    made = asset(owner, **changes)
    data = (made.sha256 or "").encode()
    blobs.put_bytes(made.blob_key, data, made.content_type)
    database.write(lambda tx: tx.assets.insert(made))
    return made


def asked(database: SqlDatabase, subject: str, **more: Any) -> Takedown:
    order = Order(subject, "She asked.", "operator", **more)
    return database.write(lambda tx: takedowns.ask(tx, order, NOW)[0])


def keys(blobs: Blobs) -> list[str]:
    return blobs.list_keys("", time.time() + 3600)


def test_bytes_and_links_are_gone(database: SqlDatabase, blobs: Blobs) -> None:
    owner = add_tenant(database)
    done = task(owner, status="succeeded", finished_at=NOW)
    database.write(lambda tx: tx.tasks.insert(done))
    made = stored(database, blobs, owner, role="output", task_id=done.id)
    other = stored(database, blobs, owner, sha256="cd" * 32)
    blobs.put_bytes(f"work/{done.id}/a0.state", b"faces", "application/octet-stream")
    blobs.put_bytes(f"outputs/{owner}/{done.id}/stray.png", b"stray", "image/png")
    url = blobs.download_url(made.blob_key, filename="a", content_type="image/png", ttl_s=60)
    remote = not url.startswith(("http://127.0.0.1:9/", "http://127.0.0.1/", "http://testserver"))
    if remote and type(blobs).__name__ == "CloudBlobs":
        assert httpx.get(url).status_code == 200
    takedown = asked(database, made.id)
    remover = Remover(database, blobs, lambda: NOW + takedowns.SETTLE_S, lambda _: None)
    assert remover.remove(takedown).state == "done"
    assert keys(blobs) == [other.blob_key]
    assert blobs.size(made.blob_key) is None
    if remote and type(blobs).__name__ == "CloudBlobs":
        assert httpx.get(url).status_code in (403, 404)  # S3 says which to whom may list.


def test_a_storage_that_is_away_is_asked_again(database: SqlDatabase, blobs: Blobs) -> None:
    owner = add_tenant(database)
    made = stored(database, blobs, owner)
    takedown = asked(database, made.id)
    ailing: Any = Ailing(blobs, refusals=3)
    remover = Remover(database, ailing, lambda: NOW, lambda _: None)
    told = remover.remove(takedown)
    assert (told.state, told.detail.failures) == ("asked", 1)
    assert told.detail.last_failure
    assert remover.remove_all() == 0 or keys(blobs) == []
    ailing.refusals = 0
    remover.remove_all()
    assert keys(blobs) == []
    found = database.read(lambda tx: tx.takedowns.get(None, takedown.id))
    assert found is not None
    assert found.state == "done"
    assert remover.remove_all() == 0


def test_one_file_that_cannot_go_does_not_save_the_others(
    database: SqlDatabase, blobs: Blobs
) -> None:
    owner = add_tenant(database)
    photos = [stored(database, blobs, owner, sha256=f"{n:064x}") for n in range(3)]
    face = [one.id for one in photos]
    database.write(lambda tx: _save_face(tx, owner, face))
    takedown = asked(database, photos[0].id)
    ailing: Any = Ailing(blobs, refusals=2)  # All at once, and then the first.
    Remover(database, ailing, lambda: NOW, lambda _: None).remove(takedown)
    assert len(keys(blobs)) == 1


def _save_face(tx: Any, owner: str, photos: list[str]) -> None:
    from database_samples import face

    tx.faces.insert(face(owner, asset_ids=tuple(photos)))


def test_bytes_that_another_file_shares_stay(database: SqlDatabase, blobs: Blobs) -> None:
    """As a crop that is stored under the key of nothing that was taken down."""
    owner = add_tenant(database)
    first = stored(database, blobs, owner)
    takedown = asked(database, first.id)
    late = asset(owner, blob_key=first.blob_key, sha256=first.sha256)
    database.write(lambda tx: tx.assets.insert(late))
    Remover(database, blobs, lambda: NOW, lambda _: None).remove(takedown)
    assert keys(blobs) == [first.blob_key]


@pytest.mark.parametrize("times", [1, 2])
def test_the_queue_may_fail(database: SqlDatabase, times: int) -> None:
    from personae.adapters.blobs import MemoryBlobs

    owner = add_tenant(database, credits=5)
    running = task(owner, status="running", started_at=NOW)
    database.write(lambda tx: tx.tasks.insert(running))
    takedown = asked(database, running.id)
    assert takedown.detail.canceled == (running.id,)

    def cancel(_: Any) -> None:
        raise ConnectionError("the queue is down")

    remover = Remover(database, MemoryBlobs(), lambda: NOW + takedowns.SETTLE_S, cancel)
    for _ in range(times):
        takedown = remover.remove(takedown)
    assert takedown.state == "done"


def test_what_a_task_was_asked_is_forgotten(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    request = {"media": "image", "scene": {"asset_id": None, "url": "https://x.test/ann.jpg"}}
    done = task(owner, status="succeeded", request=request, label="Ann", finished_at=NOW)
    database.write(lambda tx: tx.tasks.insert(done))
    assert asked(database, done.id).detail.unstored == 1
    from personae.adapters.database.tables import tasks

    def row(tx: Any) -> Any:
        columns = tasks.c.request, tasks.c.label, tasks.c.result, tasks.c.callback
        return tx.connection.execute(tasks.select().with_only_columns(*columns)).one()

    assert tuple(database.read(row)) == ({}, None, None, None)
