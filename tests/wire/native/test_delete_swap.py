"""DELETE /swaps/{id}"""

from __future__ import annotations

from wire.checks import problem, strangers_stay_out, submitted
from wire.service import Service


def test_strangers_stay_out(service: Service) -> None:
    strangers_stay_out(service, "DELETE", f"/swaps/{submitted(service)}", "swaps:write")


def test_a_finished_one_is_gone(service: Service) -> None:
    task_id = submitted(service)
    service.succeed(task_id)
    answer = service.call("DELETE", f"/swaps/{task_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    problem(service.call("GET", f"/swaps/{task_id}"), 404, "not_found")
    problem(service.call("DELETE", f"/swaps/{task_id}"), 404, "not_found")


def test_one_under_way_has_to_be_canceled_first(service: Service) -> None:
    task_id = submitted(service)
    problem(service.call("DELETE", f"/swaps/{task_id}"), 409, "conflict")
    service.call("POST", f"/swaps/{task_id}/cancel")
    assert service.call("DELETE", f"/swaps/{task_id}").status_code == 204


def test_anothers_stays(service: Service) -> None:
    theirs = submitted(service, "theirs")
    service.succeed(theirs)
    problem(service.call("DELETE", f"/swaps/{theirs}"), 404, "not_found")
    assert service.call("GET", f"/swaps/{theirs}", as_="theirs").status_code == 200
