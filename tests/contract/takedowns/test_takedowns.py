"""What a takedown removes, on each database, with real queues and workers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from personae.app import takedowns
from personae.app.removing import Remover
from personae.domain.media import MediaFacts
from personae.domain.takedowns import Order, Takedown
from personae.errors import NotFound, PolicyRefused
from service_lab import Lab, kill, worker_here

LATER_S = 10_000.0


def ask(service: Lab, subject: str, **more: Any) -> Takedown:
    wanted = Order(subject, "It shows me.", "operator", **more)
    return service.database.write(lambda tx: takedowns.ask(tx, wanted, time.time())[0])


def remover(service: Lab, ahead_s: float = 0.0) -> Remover:
    def clock() -> float:
        return time.time() + ahead_s

    return Remover(service.database, service.blobs, clock, service.work.cancel)


def now(service: Lab, takedown: Takedown) -> Takedown:
    found = service.database.read(lambda tx: tx.takedowns.get(None, takedown.id))
    assert found is not None
    return found


def keys(service: Lab) -> list[str]:
    return service.blobs.list_keys("", time.time() + LATER_S)


def copies(service: Lab) -> list[Path]:
    return [one for one in service.folder.glob("work/**/*") if one.is_file()]


def test_everything_of_a_finished_swap_goes_and_nothing_else(service: Lab) -> None:
    tenant = service.tenant()
    scene, donor, other = (service.asset(tenant) for _ in range(3))
    bystander = service.submit(tenant, "image", other, other)
    search = service.detect(tenant, "image", scene)
    task = service.submit(tenant, "image", scene, donor)
    with worker_here(service):
        service.wait([search.id, task.id, bystander.id])
    made = ask(service, task.id)
    assert set(made.detail.tasks) == {task.id, search.id}
    assert {scene, donor} <= set(made.detail.assets)
    assert (made.detail.left, made.detail.canceled) == ((), ())
    assert remover(service).remove(made).state == "asked"  # A worker may still be writing.
    assert remover(service, takedowns.SETTLE_S).remove(made).state == "done"
    left = service.database.read(lambda tx: tx.assets.at_keys(keys(service)))
    assert {one.task_id or one.id for one in left} == {bystander.id, other}
    row = service.database.read(lambda tx: tx.takedowns.naming(None, [scene]))
    assert row is not None
    assert row.id == made.id
    assert service.audit() == []


def test_workers_carry_it_out_by_themselves(service: Lab) -> None:
    tenant = service.tenant()
    photo = service.asset(tenant)
    made = ask(service, photo)
    assert keys(service)
    with worker_here(service):
        service.wait_until(lambda: now(service, made).state == "done")
    assert keys(service) == []


def test_a_video_under_way_stops_on_every_worker(service: Lab) -> None:
    tenant = service.tenant()
    donor = service.asset(tenant)
    clip = service.asset(tenant, "video/mp4", duration_s=8.0, sleep_s=1.5)
    balance = service.database.read(lambda tx: tx.credits.balance(tenant))
    task = service.submit(tenant, "video", clip, donor)
    with worker_here(service, slots=1), worker_here_too(service):
        folder = f"work/*/copies/{task.id}"
        service.wait_until(lambda: len(list(service.folder.glob(folder))) == 2)
        service.wait_until(lambda: any(one.startswith("work/") for one in keys(service)))
        made = ask(service, task.id)
        assert made.detail.canceled == (task.id,)
        service.wait_until(lambda: keys(service) == [])
        service.wait_until(lambda: copies(service) == [])
        assert remover(service, takedowns.SETTLE_S).remove(now(service, made)).state == "done"
    assert service.database.read(lambda tx: tx.tasks.get(None, task.id)) is None
    assert service.database.read(lambda tx: tx.credits.balance(tenant)) == balance
    assert service.audit() == []


def worker_here_too(service: Lab) -> Any:
    """A worker in a process of its own; one process holds one DBOS."""

    class Other:
        def __enter__(self) -> None:
            self.worker = service.start_worker()
            service.wait_until(lambda: len(service.ready_workers()) == 1)

        def __exit__(self, *_: object) -> None:
            self.worker.terminate()
            self.worker.wait(30)

    return Other()


def test_a_killed_worker_leaves_nothing_that_the_next_does_not_remove(service: Lab) -> None:
    tenant = service.tenant()
    donor = service.asset(tenant)
    clip = service.asset(tenant, "video/mp4", duration_s=6.0, sleep_s=1.0)
    task = service.submit(tenant, "video", clip, donor)
    worker = service.start_worker()
    service.wait_until(lambda: any(one.startswith("work/") for one in keys(service)))
    made = ask(service, task.id)
    kill(worker)
    # What it was about to store: nobody ever wrote a row for it.
    service.blobs.put_bytes(f"outputs/{tenant}/{task.id}/asset_x.mp4", b"x", "video/mp4")
    with worker_here(service):
        service.wait_until(lambda: now(service, made).state == "done")
    assert keys(service) == []


def test_copies_of_tasks_that_are_over_do_not_stay(service: Lab) -> None:
    tenant = service.tenant()
    donor = service.asset(tenant)
    clip = service.asset(tenant, "video/mp4", duration_s=4.0, sleep_s=0.4)
    with worker_here(service, slots=1), worker_here_too(service):
        task = service.submit(tenant, "video", clip, donor)
        service.wait([task.id])
        service.wait_until(lambda: copies(service) == [])


def test_a_worker_refuses_what_has_been_blocked_since(service: Lab) -> None:
    tenant, other = service.tenant(), service.tenant("other")
    donor = service.asset(tenant)
    asset = service.database.read(lambda tx: tx.assets.get(tenant, donor))
    assert asset is not None
    made = ask(service, donor, block=True)
    assert made.detail.blocked == (asset.sha256,)
    photo = service.folder / "again.png"
    photo.write_bytes(service.blobs.get_bytes(asset.blob_key))
    again = service.store(other, photo, asset.facts or MediaFacts("picture", "image/png"))
    with pytest.raises(PolicyRefused):
        service.submit(other, "image", again, again)
    assert service.database.write(lambda tx: tx.takedowns.unblock(str(asset.sha256)))
    task = service.submit(other, "image", again, again)
    service.database.write(lambda tx: tx.takedowns.block(str(asset.sha256), "x", None, time.time()))
    with worker_here(service):
        (done,) = service.wait([task.id])
    assert done.error is not None
    assert (done.error.code, done.error.role) == ("policy_refused", "scene")


def test_a_task_by_its_name_in_a_dialect(service: Lab) -> None:
    tenant, stranger = service.tenant(), service.tenant("stranger")
    photo = service.asset(tenant)
    task = service.submit(tenant, "image", photo, photo)
    service.database.write(lambda tx: _call(tx, task.id, "a2e", "abc"))
    with pytest.raises(NotFound):
        ask(service, "abc", tenant_id=stranger, dialect="a2e")
    made = ask(service, "abc", owner=tenant, dialect="a2e")
    assert made.detail.tasks == (task.id,)


def _call(tx: Any, task_id: str, dialect: str, name: str) -> None:
    from personae.adapters.database.tables import tasks

    change = tasks.update().where(tasks.c.id == task_id).values(dialect=dialect, dialect_id=name)
    tx.connection.execute(change)
