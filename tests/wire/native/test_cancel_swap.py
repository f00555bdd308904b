"""POST /swaps/{id}/cancel"""

from __future__ import annotations

from wire.checks import problem, strangers_stay_out, submitted
from wire.service import Service


def test_strangers_stay_out(service: Service) -> None:
    task_id = submitted(service)
    strangers_stay_out(service, "POST", f"/swaps/{task_id}/cancel", "swaps:write")
    assert service.task(task_id).status == "queued"


def test_credits_come_back_and_the_queue_is_told(service: Service) -> None:
    task_id = submitted(service)
    told = service.call("POST", f"/swaps/{task_id}/cancel").json()
    assert (told["status"], told["error"]["code"]) == ("canceled", "canceled")
    assert told["credits"] == {"held": 0, "charged": 0}
    assert service.canceled == [task_id]
    balance = service.call("GET", "/account").json()["balance"]
    assert (balance["available"], balance["held"]) == (100, 0)


def test_a_queue_that_fails_does_not_undo_the_cancel(service: Service) -> None:
    task_id = submitted(service)
    service.queue_is_down = True
    answer = service.call("POST", f"/swaps/{task_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")


def test_a_finished_one_stays_finished(service: Service) -> None:
    task_id = submitted(service)
    service.succeed(task_id)
    problem(service.call("POST", f"/swaps/{task_id}/cancel"), 409, "conflict")
    assert service.canceled == []
    assert service.task(task_id).status == "succeeded"


def test_anothers_cannot_be_canceled(service: Service) -> None:
    theirs = submitted(service, "theirs")
    problem(service.call("POST", f"/swaps/{theirs}/cancel"), 404, "not_found")
    assert service.task(theirs).status == "queued"
