"""Workers that die, sleep or leave: their work goes on elsewhere, once."""

from __future__ import annotations

import signal
import time

from personae.adapters.durable.beats import Beats
from personae.adapters.durable.engines import durable_engine
from service_lab import Lab, kill


def test_a_worker_lives_as_long_as_it_beats(service: Lab) -> None:
    engine = durable_engine(service.url)
    one, two = Beats(engine, "worker_1"), Beats(engine, "worker_2")
    one.beat()
    two.beat()
    assert one.alive(60) == ["worker_1", "worker_2"]
    assert one.silent(60) == []
    time.sleep(0.3)
    two.beat()
    assert one.silent(0.25) == ["worker_1"]
    assert two.alive(0.25) == ["worker_2"]

    two.bury("worker_1", 60)  # Not so dead.
    assert one.known() == {"worker_1", "worker_2"}
    two.bury("worker_1", 0.25)
    assert one.known() == {"worker_2"}
    one.beat()  # It was only asleep.
    two.leave()
    assert one.known() == {"worker_1"}
    engine.dispose()


def test_the_work_of_a_killed_worker_is_done_by_another(service: Lab) -> None:
    tenant = service.tenant()
    donor, scene = service.asset(tenant), service.asset(tenant, sleep_s=1.0)
    first = service.start_worker()
    task = service.submit(tenant, "image", scene, donor)
    service.wait_until(lambda: service.task(task.id).status == "running")
    kill(first)
    service.start_worker()
    (done,) = service.wait([task.id], 30)
    assert done.status == "succeeded"
    assert done.attempt == 2
    assert service.audit() == []


def test_a_worker_that_slept_changes_nothing_any_more(service: Lab) -> None:
    tenant = service.tenant()
    donor, scene = service.asset(tenant), service.asset(tenant, sleep_s=1.0)
    first = service.start_worker()
    task = service.submit(tenant, "image", scene, donor)
    service.wait_until(lambda: service.task(task.id).status == "running")
    first.send_signal(signal.SIGSTOP)
    service.start_worker()
    (done,) = service.wait([task.id], 30)
    assert done.status == "succeeded"
    first.send_signal(signal.SIGCONT)
    # It finishes its own run, finds the task final, and works on as before.
    again = service.submit(tenant, "image", scene, donor)
    service.wait([again.id], 30)
    time.sleep(1.5)
    assert service.task(task.id) == done
    outputs = service.database.read(lambda tx: tx.assets.of_task(task.id))
    assert len(outputs) == 1
    assert service.database.read(lambda tx: tx.credits.balance(tenant)).spent == 2


def test_a_worker_told_to_stop_finishes_what_it_has(service: Lab) -> None:
    tenant = service.tenant()
    donor, scene = service.asset(tenant), service.asset(tenant, sleep_s=0.8)
    worker = service.start_worker()
    task = service.submit(tenant, "image", scene, donor)
    service.wait_until(lambda: service.task(task.id).status == "running")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0, service.log_tail()
    assert service.task(task.id).status == "succeeded"


def test_a_worker_told_to_stop_hands_back_what_takes_too_long(service: Lab) -> None:
    service.options["grace_s"] = 0.3
    tenant = service.tenant()
    donor = service.asset(tenant)
    still = service.asset(tenant, sleep_s=4.0)
    clip = service.asset(tenant, "video/mp4", duration_s=4.0, sleep_s=2.0)
    service.options["slots"] = 2
    worker = service.start_worker()
    image = service.submit(tenant, "image", still, donor)
    video = service.submit(tenant, "video", clip, donor)
    service.wait_until(
        lambda: all(service.task(one.id).status == "running" for one in (image, video))
    )
    worker.send_signal(signal.SIGINT)
    assert worker.wait(15) == 0, service.log_tail()
    # At once in the queue again, long before anybody would take the worker for dead.
    assert service.work.states([image.id, video.id]) == {image.id: "waiting", video.id: "waiting"}
    assert {service.task(one.id).status for one in (image, video)} == {"running"}
    service.start_worker()
    for done in service.wait([image.id, video.id], 60):
        assert done.status == "succeeded"
    assert service.audit() == []
