"""What operators see of queues and workers, read from real tables."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from personae.adapters.database.tables import executors
from personae.adapters.durable import names
from personae.adapters.durable.beats import Beats
from personae.adapters.durable.engines import durable_engine
from personae.adapters.durable.workload import WorkloadReader
from personae.domain.tasks import Task, TaskProgress
from personae.domain.workload import QueueLoad, Share
from service_lab import Lab

TASK = Task(
    *("task_1", "tenant_1", "swap_image", "queued", {}, "normal", 0, 0, TaskProgress(), None, None),
    *("native", None, None, None, None, 0, 1.0),
)


@contextmanager
def reading(service: Lab) -> Iterator[tuple[sa.Engine, WorkloadReader]]:
    engine = durable_engine(service.url, pool_size=1)
    try:
        yield engine, WorkloadReader(engine, 15.0)
    finally:
        engine.dispose()


def put(service: Lab, **changes: Any) -> None:
    service.database.write(lambda tx: tx.queue.put_task(replace(TASK, **changes)))


def change(engine: sa.Engine, ids: list[str], **values: Any) -> None:
    """Write what a worker would write into DBOS' table."""
    schema = None if engine.dialect.name == "sqlite" else "dbos"
    columns = [sa.column("workflow_uuid"), *(sa.column(name) for name in values)]
    table = sa.table("workflow_status", *columns, schema=schema)
    with engine.begin() as connection:
        connection.execute(sa.update(table).where(table.c.workflow_uuid.in_(ids)).values(**values))


def loads(reader: WorkloadReader) -> dict[str, QueueLoad]:
    return {one.name: one for one in reader.queues().queues}


def test_empty_queues_are_there(service: Lab) -> None:
    with reading(service) as (_, reader):
        told = reader.queues()
        assert [one.name for one in told.queues] == list(names.QUEUES)
        assert {(one.waiting, one.running, one.done, one.oldest_s) for one in told.queues} == {
            (0, 0, 0, None)
        }
        assert reader.workers() == []


def test_what_waits_runs_and_ended_is_counted_by_queue_and_tenant(service: Lab) -> None:
    for n in range(5):
        put(service, id=f"task_{n}", tenant_id="tenant_2" if n > 2 else "tenant_1")
    put(service, id="task_v", kind="swap_video")
    put(service, id="task_x", priority="high")
    now_ms = int(time.time() * 1000)
    with reading(service) as (engine, reader):
        change(engine, ["task_0"], created_at=now_ms - 60_000)
        change(engine, ["task_3"], status="PENDING", executor_id="worker_1")
        change(engine, ["task_4"], status="SUCCESS", completed_at=now_ms)
        change(engine, ["task_x"], status="ERROR", completed_at=now_ms)
        change(engine, ["task_v"], status="CANCELLED", completed_at=now_ms)
        told = loads(reader)
        images = told["images"]
        assert (images.waiting, images.running, images.done, images.failed) == (3, 1, 1, 0)
        assert images.tenants == (Share("tenant_1", 3, 0), Share("tenant_2", 0, 1))
        assert images.oldest_s is not None
        assert 60 <= images.oldest_s < 600
        assert (told["express"].failed, told["videos"].waiting) == (1, 0)
        assert (told["videos"].done, told["videos"].failed) == (0, 0)
        change(engine, ["task_4"], completed_at=now_ms - 3_600_000)
        assert loads(reader)["images"].done == 0


def test_only_the_busiest_tenants_are_named(service: Lab) -> None:
    for n in range(7):
        for copy in range(1 if n != 6 else 3):
            put(service, id=f"task_{n}_{copy}", tenant_id=f"tenant_{n}")
    with reading(service) as (_, reader):
        images = loads(reader)["images"]
    assert images.waiting == 9
    assert [one.tenant_id for one in images.tenants] == [
        "tenant_6",
        "tenant_0",
        "tenant_1",
        "tenant_2",
        "tenant_3",
    ]


def test_a_delivery_waits_from_when_it_is_due(service: Lab) -> None:
    now_ms = int(time.time() * 1000)
    put(service, id="later")
    put(service, id="due")
    with reading(service) as (engine, reader):
        change(engine, ["later", "due"], queue_name="webhooks", created_at=now_ms - 7_200_000)
        change(engine, ["later"], status="DELAYED", delay_until_epoch_ms=now_ms + 3_600_000)
        change(engine, ["due"], delay_until_epoch_ms=now_ms - 5000)
        hooks = loads(reader)["webhooks"]
    assert (hooks.waiting, hooks.delayed) == (1, 1)
    assert hooks.oldest_s is not None
    assert hooks.oldest_s < 3600


def test_workers_tell_what_they_have_in_hand(service: Lab) -> None:
    now = time.time()
    for n in range(22):
        put(service, id=f"task_{n}")
    put(service, id="task_lost")
    with reading(service) as (engine, reader):
        Beats(engine, "worker_1", {"version": "1", "slots": 2}).beat()
        Beats(engine, "worker_2").beat()
        with engine.begin() as connection:
            old = sa.update(executors).where(executors.c.id == "worker_2")
            connection.execute(old.values(beat_at=executors.c.beat_at - 60))
        mine = [f"task_{n}" for n in range(22)]
        started_ms = int(now * 1000)
        change(
            engine, mine, status="PENDING", executor_id="worker_1", started_at_epoch_ms=started_ms
        )
        change(engine, ["task_lost"], status="PENDING", executor_id="worker_0")
        alive, silent, lost = reader.workers()
        assert (alive.id, alive.state, alive.facts) == (
            "worker_1",
            "alive",
            {"version": "1", "slots": 2},
        )
        assert (len(alive.jobs), alive.jobs_total) == (20, 22)
        assert alive.jobs[0].queue == "images"
        assert alive.jobs[0].tenant_id == "tenant_1"
        assert alive.jobs[0].since == started_ms / 1000
        assert alive.host
        assert (silent.id, silent.state, silent.jobs_total) == ("worker_2", "silent", 0)
        assert silent.facts == {}
        assert (lost.id, lost.state, lost.host) == ("worker_0", "silent", None)
        assert [job.id for job in lost.jobs] == ["task_lost"]
