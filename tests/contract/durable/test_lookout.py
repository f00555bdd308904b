"""Queues that are empty cost next to nothing, and what comes into them is seen at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from personae.adapters.durable import names
from service_lab import Lab, worker_here


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every SQL statement of this process, while the block runs."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)


def looks(seen: list[str]) -> int:
    """How often DBOS asked which tenants wait in a queue."""
    return sum("partitions" in one and "queue_partition_key" in one for one in seen)


def test_an_idle_worker_asks_little_and_begins_at_once(service: Lab) -> None:
    tenant = service.tenant()
    donor, scene = service.asset(tenant), service.asset(tenant)
    with worker_here(service, beat_s=30.0, dead_after_s=60.0, sweep_s=60.0):
        service.wait([service.submit(tenant, "image", scene, donor).id])
        time.sleep(0.5)
        with statements() as seen:
            time.sleep(1.5)
        # Without a lookout there are 40 looks a second at pictures alone.
        assert looks(seen) <= 3 * len(names.QUEUES)
        for priority in ("normal", "high") * 3:
            task = service.submit(tenant, "image", scene, donor, priority=priority)
            (done,) = service.wait([task.id])
            assert done.status == "succeeded", done.error


@pytest.mark.parametrize("slots", [1, 2])
def test_what_waits_behind_a_full_worker_is_not_forgotten(service: Lab, slots: int) -> None:
    """The place becomes free without anybody writing anything."""
    tenants = [service.tenant(name) for name in ("one", "two", "three")]
    ids: list[str] = []
    with worker_here(service, slots=slots, beat_s=30.0, dead_after_s=60.0, sweep_s=60.0):
        for tenant in tenants:
            donor, scene = service.asset(tenant), service.asset(tenant, sleep_s=0.05)
            ids += [service.submit(tenant, "image", scene, donor).id for _ in range(5)]
        done = service.wait(ids, 30)
    assert {one.status for one in done} == {"succeeded"}


def test_a_full_worker_does_not_ask_who_waits(service: Lab) -> None:
    """The answer takes the longer the more tenants wait, and it could take none of their work."""
    tenants = [service.tenant(name) for name in ("one", "two", "three")]
    ids: list[str] = []
    with worker_here(service, slots=1, beat_s=30.0, dead_after_s=60.0, sweep_s=60.0):
        for tenant in tenants:
            donor, scene = service.asset(tenant), service.asset(tenant, sleep_s=1.5)
            ids.append(service.submit(tenant, "image", scene, donor).id)
        service.wait_until(lambda: any(service.task(one).status == "running" for one in ids))
        with statements() as seen:
            time.sleep(1.0)
        # The other queues are empty and are looked at once a second each; this one 50 times.
        assert looks(seen) <= 3 * len(names.QUEUES)
        done = service.wait(ids, 30)
    assert {one.status for one in done} == {"succeeded"}
