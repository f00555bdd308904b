"""What dashboards and autoscalers see of the queues is what is in them."""

from __future__ import annotations

import sqlalchemy as sa

from personae.adapters.durable import names
from personae.adapters.durable.backlog import ALIVE_S, Backlog
from personae.adapters.durable.beats import Beats
from personae.adapters.durable.engines import durable_engine
from service_lab import Lab, worker_here


def test_queues_are_counted_by_state_and_workers_by_their_hearts(service: Lab) -> None:
    engine = durable_engine(service.url, pool_size=2)
    backlog = Backlog(engine)
    empty = backlog.look()
    assert set(empty.queues.values()) == {0}
    assert {queue for queue, _ in empty.queues} == set(names.QUEUES)
    assert empty.workers == 0
    tenant, other = service.tenant(), service.tenant("other")
    tasks = [
        service.submit(owner, "image", service.asset(owner), service.asset(owner))
        for owner in (tenant, tenant, other)
    ]
    clip = service.asset(tenant, "video/mp4", duration_s=2.0, frames=50)
    tasks.append(service.submit(tenant, "video", clip, service.asset(tenant)))
    seen = backlog.look().queues
    assert seen["images", "waiting"] == 3
    assert seen["videos", "waiting"] == 1
    assert sum(seen.values()) == 4
    Beats(engine, "worker_one").beat()
    Beats(engine, "worker_two").beat()
    assert backlog.look().workers == 2
    with engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE executors SET beat_at = beat_at - :s WHERE id = 'worker_two'"),
            {"s": ALIVE_S + 1},
        )
    assert backlog.look().workers == 1
    with worker_here(service):
        service.wait([one.id for one in tasks])
        service.wait_until(lambda: not any(backlog.look().queues.values()))
    engine.dispose()
