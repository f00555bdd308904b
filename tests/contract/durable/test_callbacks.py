"""Telling a dialect's client of a task's end, in that dialect's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

import database_samples as samples
from personae.adapters.database import RecordingQueue, SqlDatabase
from personae.adapters.fetch.fake import FakeFetcher, FakePage
from personae.app import accounts, closing, hooks
from personae.app.deliver import Deliverer
from personae.domain.media import Asset
from personae.domain.tasks import Task, TaskError

URL = "https://client.example.com/done"
NOW = 1_700_000_000.0
WHY = TaskError("face_not_found", "No face was found in the donor.", False, "caller", "donor")


def body(task: Task, files: Mapping[str, Asset]) -> dict[str, Any]:
    assert task.error is not None
    return {"job": task.dialect_id, "state": task.status, "why": task.error.code, "n": len(files)}


def deliverer(database: SqlDatabase, network: FakeFetcher) -> Deliverer:
    return Deliverer(database, network, {}, lambda: NOW, bodies={"vendor": body})


def failed(database: SqlDatabase) -> Task:
    def work(tx: Any) -> Task:
        tenant = accounts.create_tenant(tx, "ours", NOW)
        callback = {"url": URL, "headers": {"X-Token": "clear"}}
        task = samples.task(tenant.id, dialect="vendor", dialect_id="job_1", callback=callback)
        tx.tasks.insert(task)
        closing.fail(tx, task.id, WHY, NOW)
        return task

    return database.write(work)


def test_a_callback_speaks_its_dialect(database: SqlDatabase, queued: RecordingQueue) -> None:
    failed(database)
    network = FakeFetcher({URL: FakePage()})
    [(delivery, _)] = queued.deliveries
    deliverer(database, network).deliver_once(delivery.id)
    [post] = network.posts
    expected = {"job": "job_1", "state": "failed", "why": "face_not_found", "n": 0}
    assert json.loads(post.body) == expected
    assert dict(post.headers)["X-Token"] == "clear"
    done = database.read(lambda tx: tx.hooks.delivery(None, delivery.id))
    assert done is not None
    assert done.status == "delivered"


def test_nobody_is_told_of_a_task_that_was_deleted(
    database: SqlDatabase, queued: RecordingQueue
) -> None:
    task = failed(database)
    network = FakeFetcher({URL: FakePage()})
    [(delivery, _)] = queued.deliveries
    database.write(lambda tx: tx.tasks.delete(task.tenant_id, task.id, NOW))
    deliverer(database, network).deliver_once(delivery.id)
    assert network.posts == []
    left = database.read(lambda tx: tx.hooks.delivery(None, delivery.id))
    assert left is not None
    assert left.status == "canceled"


@pytest.mark.parametrize("scheme", ["native", "standard"])
def test_other_schemes_send_the_event_itself(
    database: SqlDatabase, queued: RecordingQueue, scheme: str
) -> None:
    def work(tx: Any) -> None:
        tenant = accounts.create_tenant(tx, "ours", NOW)
        task = samples.task(tenant.id, callback={"url": URL, "scheme": scheme})
        tx.tasks.insert(task)
        hooks.announce(tx, task, NOW)

    database.write(work)
    network = FakeFetcher({URL: FakePage()})
    [(delivery, _)] = queued.deliveries
    deliverer(database, network).deliver_once(delivery.id)
    assert json.loads(network.posts[0].body)["type"] == "task.queued"
