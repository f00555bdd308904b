"""GET /swaps/{id}/events"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from personae.app import tasks
from personae.app.ports import Transaction
from personae.domain.tasks import TaskProgress
from wire.checks import problem, strangers_stay_out, submitted
from wire.service import Service


def events_in(text: str) -> list[dict[str, Any]]:
    """What an EventSource would make of a stream."""
    found: list[dict[str, Any]] = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
        if fields:
            found.append({**fields, "data": json.loads(fields["data"])})
    return found


def test_strangers_stay_out(service: Service) -> None:
    strangers_stay_out(service, "GET", f"/swaps/{submitted(service)}/events", "swaps:read")


def test_anothers_is_not_there(service: Service) -> None:
    theirs = submitted(service, "theirs")
    problem(service.call("GET", f"/swaps/{theirs}/events"), 404, "not_found")


def test_a_swap_is_followed_to_its_end(service: Service) -> None:
    task_id = submitted(service)

    def work() -> None:
        now = service.clock()
        time.sleep(0.2)
        service.database.write(lambda tx: tx.tasks.start(task_id, now))
        for percent in (25.0, 50.0):
            time.sleep(0.7)
            progress = TaskProgress("swapping", percent)
            service.database.write(
                lambda tx, progress=progress: tx.tasks.set_progress(task_id, progress)
            )
        time.sleep(0.7)
        service.succeed(task_id)

    worker = threading.Thread(target=work)
    worker.start()
    answer = service.call("GET", f"/swaps/{task_id}/events", timeout=30)
    worker.join()
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_in(answer.text)
    kinds = [(one["event"], one["data"]["status"]) for one in events]
    assert kinds[0] == ("status", "queued")
    assert ("status", "running") in kinds
    assert kinds[-1] == ("status", "succeeded")
    percents = [one["data"]["progress"]["percent"] for one in events]
    assert percents == sorted(percents)
    assert {25.0, 50.0} <= set(percents)
    assert len({one["id"] for one in events}) == len(events)
    assert len(events[-1]["data"]["result"]["outputs"]) == 1


def test_a_client_that_has_seen_the_end_is_told_to_stop(service: Service) -> None:
    task_id = submitted(service)
    service.succeed(task_id)
    [event] = events_in(service.call("GET", f"/swaps/{task_id}/events").text)
    again = service.call("GET", f"/swaps/{task_id}/events", headers={"Last-Event-ID": event["id"]})
    assert (again.status_code, again.content) == (204, b"")


def test_silence_is_broken_and_streams_end(opened: Callable[..., Service]) -> None:
    service = opened(stream_s=1.5)
    answer = service.call("GET", f"/swaps/{submitted(service)}/events")
    assert len(events_in(answer.text)) == 1
    assert ": ping" in answer.text


def test_the_stream_of_a_deleted_swap_ends(service: Service) -> None:
    task_id, tenant_id = submitted(service), service.tenant()

    def work(tx: Transaction) -> None:
        # Only what is final can be deleted; at once, so that nobody sees it in between.
        tasks.cancel(tx, tenant_id, task_id, service.clock())
        tasks.delete(tx, tenant_id, task_id, service.clock())

    remove = threading.Timer(0.3, lambda: service.database.write(work))
    remove.start()
    answer = service.call("GET", f"/swaps/{task_id}/events")
    remove.join()
    assert [one["data"]["status"] for one in events_in(answer.text)] == ["queued"]
