"""/healthz, /readyz, /metrics, /problems"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from personae.app.figures import WorkFigures
from personae.errors import Unavailable
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
    assert told['personae_queue_depth{kind="swap_video"}'] == 0
    assert told['personae_queue_oldest_seconds{kind="swap_image"}'] > 0
    assert told['personae_recently_ended_tasks{kind="swap_image",status="succeeded"}'] == 1
    assert told["personae_database_up"] == 1
    # No test's service has queues or workers of its own.
    assert "personae_workers" not in told


def test_queues_and_workers_are_told(opened: Callable[..., Service]) -> None:
    service = opened()
    gate = service.app.state.gate
    seen = WorkFigures({("chunks", "waiting"): 3, ("images", "running"): 1}, workers=2)
    gate.services = replace(gate.services, look_at_work=lambda: seen)
    told = samples(service.client.get("/metrics").text)
    assert told['personae_work{queue="chunks",state="waiting"}'] == 3
    assert told['personae_work{queue="images",state="running"}'] == 1
    assert told["personae_workers"] == 2


def test_many_scrapes_read_the_database_once(opened: Callable[..., Service]) -> None:
    for fresh_s, most in ((3600.0, 1), (0.0, 3)):
        service = opened(figures_s=fresh_s, totals_s=fresh_s)
        looks: list[None] = []

        def look(looks: list[None] = looks) -> WorkFigures:
            looks.append(None)
            return WorkFigures({}, workers=0)

        gate = service.app.state.gate
        gate.services = replace(gate.services, look_at_work=look)
        for _ in range(3):
            service.client.get("/metrics")
        assert len(looks) == most


def test_a_database_that_is_away_hides_no_number_of_the_process(service: Service) -> None:
    class Away:
        async def aread(self, work: object) -> object:
            raise Unavailable("The database does not answer.")

    service.client.get("/healthz")
    service.break_database(Away())
    answer = service.client.get("/metrics")
    assert answer.status_code == 200
    told = samples(answer.text)
    assert told["personae_database_up"] == 0
    assert not any(name.startswith("personae_queue") for name in told)
    assert told['personae_http_requests_total{method="GET",route="/healthz",status="200"}'] == 1


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
