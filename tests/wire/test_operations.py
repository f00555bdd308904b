"""/healthz, /readyz, /metrics, /problems"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from personae.wire.problems import STATUS, WIRE_CODES
from wire.checks import problem, submitted
from wire.service import Service


def test_it_is_alive_without_a_database(service: Service) -> None:
    service.break_database(None)
    assert service.client.get("/healthz").json()["status"] == "alive"


def test_it_is_ready(service: Service) -> None:
    answer = service.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "database": True, "storage": True}


def test_balancers_may_ask_with_head(service: Service) -> None:
    for path in ("/healthz", "/readyz"):
        assert service.client.request("HEAD", path).status_code == 200


def test_it_is_not_ready_without_a_database(service: Service) -> None:
    class Down:
        async def ready(self) -> bool:
            return False

    class Broken:
        async def ready(self) -> bool:
            raise ConnectionError("no route to host")

    for database in (Down(), Broken()):
        service.break_database(database)
        answer = service.client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"status": "unready", "database": False, "storage": True}
        assert answer.headers["retry-after"] == "1"


def samples(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}


def test_numbers_are_told(service: Service) -> None:
    service.succeed(submitted(service))
    submitted(service)
    service.client.get("/no/such/path/1")
    service.client.get("/no/such/path/2")
    answer = service.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    told = samples(answer.text)
    route = 'method="POST",route="/native/v1/swaps"'
    assert told[f'personae_http_requests_total{{{route},status="202"}}'] == 2
    assert told[f"personae_http_request_seconds_count{{{route}}}"] == 2
    assert told['personae_http_requests_total{method="GET",route="unknown",status="404"}'] == 2
    assert told['personae_tasks{kind="swap_image",status="queued"}'] == 1
    assert told['personae_tasks{kind="swap_image",status="succeeded"}'] == 1
    assert told['personae_queue_depth{kind="swap_image"}'] == 1


def test_made_up_methods_make_no_new_numbers(service: Service) -> None:
    for number in range(3):
        service.client.request(f"VERB{number}", "/healthz")
    assert "VERB" not in service.client.get("/metrics").text


def test_numbers_can_need_a_token(opened: Callable[..., Service]) -> None:
    service = opened(metrics_token="t0ken")
    problem(service.client.get("/metrics"), 401, "unauthorized")
    wrong: dict[str, Any] = {"Authorization": b"Bearer t\xf6ken"}
    problem(service.client.get("/metrics", headers=wrong), 401, "unauthorized")
    good = service.client.get("/metrics", headers={"Authorization": "Bearer t0ken"})
    assert good.status_code == 200


def test_every_type_of_problem_leads_somewhere(service: Service) -> None:
    for code in (*STATUS, *WIRE_CODES):
        told = service.client.get(f"/problems/{code}").json()
        assert told["code"] == code
        assert told["title"]
    problem(service.client.get("/problems/none-such"), 404, "not_found")
