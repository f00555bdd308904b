"""/webhooks/endpoints and /webhooks/deliveries"""

from __future__ import annotations

from typing import Any

import pytest

from wire.checks import UNKNOWN, problem, strangers_stay_out
from wire.native.given import GIVEN
from wire.service import Service

URL = "https://hooks.example.com/personae"


def made(service: Service, name: str = "ours", **body: Any) -> dict[str, Any]:
    answer = service.call("POST", "/webhooks/endpoints", {"url": URL, **body}, as_=name)
    assert answer.status_code == 201, answer.text
    return answer.json()


def tried(service: Service, name: str = "ours") -> str:
    """The id of a test delivery."""
    endpoint_id = made(service, name)["id"]
    answer = service.call("POST", f"/webhooks/endpoints/{endpoint_id}/test", as_=name)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def test_strangers_stay_out(service: Service) -> None:
    endpoint = f"/webhooks/endpoints/{made(service)['id']}"
    delivery = f"/webhooks/deliveries/{tried(service)}"
    for method, path, body in (
        ("POST", "/webhooks/endpoints", {"url": URL}),
        ("GET", "/webhooks/endpoints", None),
        ("GET", endpoint, None),
        ("PATCH", endpoint, {"enabled": False}),
        ("DELETE", endpoint, None),
        ("POST", f"{endpoint}/secret", None),
        ("POST", f"{endpoint}/test", None),
        ("GET", "/webhooks/deliveries", None),
        ("GET", delivery, None),
        ("POST", f"{delivery}/redeliver", None),
    ):
        strangers_stay_out(service, method, path, "webhooks:write", body)


def test_the_secret_is_shown_once(service: Service) -> None:
    told = made(service, events=["task.succeeded"])
    assert told["secret"].startswith("whsec_")
    assert (told["url"], told["events"], told["enabled"]) == (URL, ["task.succeeded"], True)
    shown = service.call("GET", f"/webhooks/endpoints/{told['id']}")
    assert told["secret"] not in shown.text
    assert told["secret"] not in service.call("GET", "/webhooks/endpoints").text


def test_a_repeated_key_registers_once(service: Service) -> None:
    body, key = {"url": URL}, {"Idempotency-Key": "k"}
    first = service.call("POST", "/webhooks/endpoints", body, headers=key).json()
    again = service.call("POST", "/webhooks/endpoints", body, headers=key)
    assert f"{first['id']}/secret" in problem(again, 409, "conflict")["detail"]
    assert len(service.call("GET", "/webhooks/endpoints").json()["items"]) == 1
    other = {"url": URL, "events": ["task.failed"]}
    problem(service.call("POST", "/webhooks/endpoints", other, headers=key), 409, "conflict")


def test_an_endpoint_can_be_changed(service: Service) -> None:
    path = f"/webhooks/endpoints/{made(service)['id']}"
    told = service.call("PATCH", path, {"enabled": False, "events": ["task.failed"]}).json()
    assert (told["enabled"], told["events"], told["url"]) == (False, ["task.failed"], URL)
    told = service.call("PATCH", path, {"url": f"{URL}/new"}).json()
    assert (told["enabled"], told["url"]) == (False, f"{URL}/new")
    assert service.call("PATCH", path, {"events": []}).json()["events"] == []


def test_a_secret_can_be_changed(service: Service) -> None:
    told = made(service)
    fresh = service.call("POST", f"/webhooks/endpoints/{told['id']}/secret").json()
    assert fresh["secret"].startswith("whsec_")
    assert fresh["secret"] != told["secret"]


def test_a_removed_endpoint_is_gone(service: Service) -> None:
    path = f"/webhooks/endpoints/{made(service)['id']}"
    assert service.call("DELETE", path).status_code == 204
    problem(service.call("GET", path), 404, "not_found")
    problem(service.call("DELETE", path), 404, "not_found")


def test_a_test_event_is_queued_and_logged(service: Service) -> None:
    endpoint = made(service)
    answer = service.call("POST", f"/webhooks/endpoints/{endpoint['id']}/test")
    told = answer.json()
    assert answer.status_code == 202
    assert (told["event_type"], told["status"]) == ("webhook.test", "pending")
    [(delivery, delay_s)] = service.queued.deliveries
    assert (delivery.id, delay_s) == (told["id"], 0.0)
    page = service.call("GET", "/webhooks/deliveries").json()
    assert [one["id"] for one in page["items"]] == [told["id"]]
    full = service.call("GET", f"/webhooks/deliveries/{told['id']}")
    assert full.json()["body"]["type"] == "webhook.test"
    assert full.json()["tries"] == []
    assert endpoint["secret"] not in full.text


def test_an_event_can_be_sent_again(service: Service) -> None:
    first = tried(service)
    answer = service.call("POST", f"/webhooks/deliveries/{first}/redeliver")
    told = answer.json()
    assert answer.status_code == 202
    assert told["id"] != first
    was = service.call("GET", f"/webhooks/deliveries/{first}").json()
    assert told["event_id"] == was["event_id"]
    assert len(service.queued.deliveries) == 2


def test_nothing_is_sent_again_to_an_endpoint_that_is_gone_or_off(service: Service) -> None:
    off, gone = made(service)["id"], made(service)["id"]
    sent = [
        service.call("POST", f"/webhooks/endpoints/{one}/test").json()["id"] for one in (off, gone)
    ]
    service.call("PATCH", f"/webhooks/endpoints/{off}", {"enabled": False})
    service.call("DELETE", f"/webhooks/endpoints/{gone}")
    queued = len(service.queued.deliveries)
    for delivery, word in zip(sent, ("switched off", "deleted"), strict=True):
        answer = service.call("POST", f"/webhooks/deliveries/{delivery}/redeliver")
        assert word in problem(answer, 409, "conflict")["detail"]
    answer = service.call("POST", f"/webhooks/endpoints/{off}/test")
    assert "switched off" in problem(answer, 409, "conflict")["detail"]
    problem(service.call("POST", f"/webhooks/endpoints/{gone}/test"), 404, "not_found")
    assert len(service.queued.deliveries) == queued


def test_the_log_can_be_of_one_endpoint(service: Service) -> None:
    tried(service)
    other = made(service)["id"]
    wanted = service.call("POST", f"/webhooks/endpoints/{other}/test").json()["id"]
    page = service.call("GET", "/webhooks/deliveries", params={"endpoint_id": other}).json()
    assert [one["id"] for one in page["items"]] == [wanted]
    unknown = {"endpoint_id": f"hook_{UNKNOWN}"}
    problem(service.call("GET", "/webhooks/deliveries", params=unknown), 404, "not_found")
    for name in ("x", "\0"):
        answer = service.call("GET", "/webhooks/deliveries", params={"endpoint_id": name})
        problem(answer, 422, "invalid_request")


def test_what_is_not_ours_is_not_there(service: Service) -> None:
    endpoint, delivery = made(service, "theirs")["id"], tried(service, "theirs")
    for name in (endpoint, f"hook_{UNKNOWN}", "x"):
        path = f"/webhooks/endpoints/{name}"
        for method, rest, body in (
            ("GET", "", None),
            ("PATCH", "", {"enabled": False}),
            ("DELETE", "", None),
            ("POST", "/secret", None),
            ("POST", "/test", None),
        ):
            problem(service.call(method, f"{path}{rest}", body), 404, "not_found")
    for name in (delivery, f"dlv_{UNKNOWN}", "x"):
        path = f"/webhooks/deliveries/{name}"
        problem(service.call("GET", path), 404, "not_found")
        problem(service.call("POST", f"{path}/redeliver"), 404, "not_found")
    assert service.call("GET", "/webhooks/deliveries").json()["items"] == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:9/x", "address_refused"),
        ("http://[fe80::1]/x", "address_refused"),
        ("http://169.254.169.254/", "address_refused"),
        ("gopher://hooks.example.com/", "invalid_request"),
        ("https://user:pass@hooks.example.com/", "invalid_request"),
        ("https://", "invalid_request"),
    ],
)
def test_forbidden_addresses_are_refused(service: Service, url: str, code: str) -> None:
    answer = service.call("POST", "/webhooks/endpoints", {"url": url})
    problem(answer, 422, code)
    path = f"/webhooks/endpoints/{made(service)['id']}"
    problem(service.call("PATCH", path, {"url": url}), 422, code)


@pytest.mark.parametrize(
    "change",
    [
        {"events": ["task.lost"]},
        {"events": ["task.failed", "task.failed"]},
        {"events": "task.failed"},
        {"enabled": False},
        {"url": None},
    ],
)
def test_odd_endpoints_are_refused(service: Service, change: dict[str, Any]) -> None:
    answer = service.call("POST", "/webhooks/endpoints", {"url": URL, **change})
    problem(answer, 422, "invalid_request")


def test_deliveries_are_filtered_by_their_status(service: Service) -> None:
    names = GIVEN["delivery"](service)

    def listed(**query: object) -> list[str]:
        answer = service.call("GET", "/webhooks/deliveries", params=query)
        return [one["id"] for one in answer.json()["items"]]

    assert listed(status="pending") == [names["delivery"]]
    assert listed(status=["pending", "failed"], endpoint_id=names["endpoint"]) == listed()
    assert listed(status="delivered") == []
    odd = service.call("GET", "/webhooks/deliveries", params={"status": "odd"})
    problem(odd, 422, "invalid_request")
