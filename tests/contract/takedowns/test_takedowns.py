"""What a takedown removes, on each database, with real queues and files in a folder."""

from __future__ import annotations

import time
from typing import Any

from personae.app import takedowns
from personae.app.removing import Remover
from personae.domain.takedowns import Order, Takedown
from personae.domain.tasks import Task
from service_lab import Lab, worker_here

LATER_S = 10_000.0


def order(subject: str, **more: Any) -> Order:
    return Order(subject, "It shows me.", "operator", **more)


def ask(service: Lab, subject: str, **more: Any) -> Takedown:
    wanted = order(subject, **more)
    return service.database.write(lambda tx: takedowns.ask(tx, wanted, time.time())[0])


def removed(service: Lab, takedown: Takedown) -> Takedown:
    """The takedown after one round over its bytes, when its workers have had their time."""

    def clock() -> float:
        return time.time() + takedowns.SETTLE_S

    return Remover(service.database, service.blobs, clock, service.work.cancel).remove(takedown)


def keys(service: Lab) -> list[str]:
    return service.blobs.list_keys("", time.time() + LATER_S)


def done_swap(service: Lab, tenant: str, scene: str, donor: str) -> Task:
    task = service.submit(tenant, "image", scene, donor)
    with worker_here(service):
        (done,) = service.wait([task.id])
    assert done.status == "succeeded"
    return done


def test_everything_of_a_finished_swap_goes(service: Lab) -> None:
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
    assert made.detail.left == ()
    assert made.detail.canceled == ()
    done = removed(service, made)
    assert done.state == "done"
    rest = [service.database.read(lambda tx: tx.assets.at_keys(keys(service)))]
    assert {one.task_id or one.id for one in rest[0]} == {bystander.id, other}
    assert service.audit() == []
