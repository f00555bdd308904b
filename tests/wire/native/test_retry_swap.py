"""POST /swaps/{id}/retry"""

from __future__ import annotations

from personae.domain.tasks import TaskError
from wire.checks import problem, strangers_stay_out, submitted
from wire.service import Service

WHY = TaskError("task_failed", "It broke.", retryable=True)


def test_strangers_stay_out(service: Service) -> None:
    strangers_stay_out(service, "POST", f"/swaps/{submitted(service)}/retry", "swaps:write")


def test_a_failed_one_is_asked_for_again(service: Service) -> None:
    first = submitted(service, label="Take 3", priority="low")
    service.fail(first, WHY)
    answer = service.call("POST", f"/swaps/{first}/retry")
    told = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"].endswith(told["id"])
    assert told["id"] != first
    assert (told["status"], told["label"], told["priority"]) == ("queued", "Take 3", "low")
    assert told["request"] == service.call("GET", f"/swaps/{first}").json()["request"]


def test_only_failed_or_canceled_ones_are(service: Service) -> None:
    waiting, done = submitted(service), submitted(service)
    service.succeed(done)
    for task_id in (waiting, done):
        told = problem(service.call("POST", f"/swaps/{task_id}/retry"), 409, "conflict")
        assert "only failed and canceled ones are retried" in told["detail"]


def test_a_repeated_key_retries_once(service: Service) -> None:
    first, key = submitted(service), {"Idempotency-Key": "again"}
    service.fail(first, WHY)
    answers = [service.call("POST", f"/swaps/{first}/retry", headers=key) for _ in range(2)]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert "idempotency-replayed" not in answers[0].headers
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert len(service.queued.tasks) == 2
    other = submitted(service)
    service.fail(other, WHY)
    problem(service.call("POST", f"/swaps/{other}/retry", headers=key), 409, "conflict")


def test_anothers_is_not_there(service: Service) -> None:
    theirs = submitted(service, "theirs")
    service.fail(theirs, WHY)
    problem(service.call("POST", f"/swaps/{theirs}/retry"), 404, "not_found")
