"""The queue adapter: part of the caller's transaction, and nothing more."""

from __future__ import annotations

import time

import pytest

from personae.adapters.durable import names
from personae.adapters.durable.engines import durable_engine, migrate
from personae.app import hooks
from personae.domain.tasks import Priority, Task, TaskKind, TaskProgress
from personae.domain.tenants import Tenant
from service_lab import Lab


def _task(kind: TaskKind = "swap_image", priority: Priority = "normal") -> Task:
    return Task(
        *("task_1", "tenant_1", kind, "queued", {}, priority, 0, 0, TaskProgress(), None, None),
        *("native", None, None, None, None, 0, time.time()),
    )


def test_enqueueing_is_part_of_the_transaction(service: Lab) -> None:
    def breaks(tx):
        tx.queue.put_task(_task())
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        service.database.write(breaks)
    assert service.work.states(["task_1"]) == {}

    service.database.write(lambda tx: tx.queue.put_task(_task()))
    assert service.work.states(["task_1"]) == {"task_1": "waiting"}


def test_a_task_is_enqueued_once(service: Lab) -> None:
    for _ in range(3):
        service.database.write(lambda tx: tx.queue.put_task(_task()))
    assert service.work.states(["task_1", "task_2"]) == {"task_1": "waiting"}


def test_the_delay_of_a_delivery_lies_in_the_database(service: Lab) -> None:
    tenant = service.tenant()

    def put(tx):
        endpoint = _endpoint(tenant)
        tx.hooks.insert_endpoint(endpoint)
        delivery = hooks.send_test(tx, endpoint, time.time())
        tx.queue.put_delivery(delivery, 3600.0)
        return delivery

    delivery = service.database.write(put)
    assert service.work.states([names.delivery_id(delivery.id, 1)]) == {
        f"{delivery.id}-1": "waiting"
    }


def _endpoint(tenant_id: str):
    from personae.app.endpoints import new_secret
    from personae.domain.hooks import Endpoint

    return Endpoint("hook_1", tenant_id, "https://example.com/", new_secret(), (), True, 1.0)


@pytest.mark.parametrize(
    ("kind", "priority", "queue"),
    [
        ("swap_image", "normal", "images"),
        ("swap_image", "low", "images"),
        ("swap_image", "high", "express"),
        ("preview", "high", "express"),
        ("detect_image", "normal", "images"),
        ("detect_video", "high", "chunks"),
        ("swap_video", "high", "videos"),
    ],
)
def test_every_kind_has_its_queue(kind: TaskKind, priority: Priority, queue: str) -> None:
    assert names.place_of(_task(kind, priority))[0] == queue


def test_canceled_work_leaves_the_queue(service: Lab) -> None:
    service.database.write(lambda tx: tx.queue.put_task(_task()))
    service.work.cancel(["task_1"])
    assert service.work.states(["task_1"]) == {"task_1": "canceled"}
    assert service.work.ended(["task_1"]) == ["task_1"]


def test_old_history_is_forgotten(service: Lab) -> None:
    service.database.write(lambda tx: tx.queue.put_task(_task()))
    assert service.work.forget(time.time() + 60, 10) == 0  # It has not ended.
    service.work.cancel(["task_1"])
    assert service.work.forget(time.time() - 60, 10) == 0
    assert service.work.forget(time.time() + 60, 10) == 1
    assert service.work.states(["task_1"]) == {}


def test_the_tables_can_be_made_again_and_again(database_url: str) -> None:
    migrate(database_url)
    migrate(database_url)
    engine = durable_engine(database_url)
    engine.dispose()


def test_many_tenants_fit(service: Lab) -> None:
    # A name is a partition's key: any that the service makes must do.
    tenant = Tenant("tenant_" + "z" * 26, "long", 1.0)
    service.database.write(lambda tx: tx.tenants.insert(tenant))
    service.database.write(lambda tx: tx.queue.put_task(_task()))
