"""What every request meets: names, headers, log lines, limits, and errors of any kind."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from personae.app.ports import Transaction
from wire.checks import problem, submitted, swap_body
from wire.service import Service

Opener = Callable[..., Service]


@pytest.fixture(autouse=True)
def open_loggers() -> None:
    """Let loggers be captured that another test's service, in this process, has fixed for good."""
    structlog.reset_defaults()
    for name, module in list(sys.modules.items()):
        log = getattr(module, "_log", None) if name.startswith("personae.") else None
        if log is not None:
            vars(log).pop("bind", None)


def test_a_sane_request_id_is_kept(service: Service) -> None:
    for given in ("abc-123_X.y", "7"):
        answer = service.client.get("/healthz", headers={"X-Request-Id": given})
        assert answer.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "with space", "semi;colon", "\u00e9" * 10])
def test_an_odd_request_id_is_replaced(service: Service, given: str) -> None:
    headers = {"X-Request-Id": given.encode()}
    answer = service.client.get("/healthz", headers=headers)
    assert answer.headers["x-request-id"].startswith("req_")


def test_everything_says_how_it_may_be_used(service: Service) -> None:
    for path in ("/healthz", "/native/v1/swaps", "/nothing"):
        headers = service.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"


def test_there_is_one_log_line_without_secrets(service: Service) -> None:
    key = service.key()
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        service.call("GET", "/account/usage?since=2027-01-01T00:00:00Z")
    [line] = [one for one in lines if one.get("action") == "http.request"]
    assert (line["method"], line["path"]) == ("GET", "/native/v1/account/usage")
    assert (line["route"], line["status"]) == ("/native/v1/account/usage", 200)
    assert line["tenant_id"] == service.tenant()
    assert line["request_id"].startswith("req_")
    assert line["took_ms"] >= 0
    assert key not in str(lines)
    assert "since" not in str(lines)


def test_signatures_are_not_logged(service: Service) -> None:
    asset = service.asset()
    url = service.call("GET", f"/assets/{asset.id}/url").json()["url"]
    with capture_logs() as lines:
        assert service.client.get(url).status_code == 200
    assert url.split("sig=")[1] not in str(lines)


def test_unknown_paths_and_methods_are_problems(service: Service) -> None:
    problem(service.client.get("/native/v1/nothing"), 404, "not_found")
    problem(service.client.get("/nothing"), 404, "not_found")
    problem(service.client.get("/native/v1/swaps/"), 404, "not_found")
    answer = service.client.request("PUT", "/native/v1/swaps")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"
    answer = service.client.request("POST", f"/native/v1/swaps/{submitted(service)}")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "DELETE, GET"


@pytest.mark.parametrize(
    "content",
    [b"{", b"", b"[1,", b"\xff\xfe", b'{"a": 1' + b"0" * 5000 + b"}", b"[" * 100_000, b"nul"],
)
def test_bodies_that_are_no_json_are_refused(service: Service, content: bytes) -> None:
    headers = service.headers(**{"Content-Type": "application/json"})
    answer = service.client.request("POST", "/native/v1/swaps", content=content, headers=headers)
    assert answer.status_code in (400, 422)
    problem(answer, answer.status_code, answer.json()["code"])
    assert answer.json()["code"] in ("malformed_body", "invalid_request")


@pytest.mark.parametrize("content", [b"null", b"[]", b"7", b'"x"', b'{"media": NaN}'])
def test_json_of_the_wrong_kind_is_refused(service: Service, content: bytes) -> None:
    headers = service.headers(**{"Content-Type": "application/json"})
    answer = service.client.request("POST", "/native/v1/swaps", content=content, headers=headers)
    problem(answer, 422, "invalid_request")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "json"])
def test_bodies_of_another_type_are_refused(service: Service, kind: str) -> None:
    headers = service.headers(**{"Content-Type": kind})
    answer = service.client.request("POST", "/native/v1/swaps", content=b"{}", headers=headers)
    problem(answer, 415, "unsupported_body")


def test_what_was_sent_is_not_repeated(service: Service) -> None:
    answer = service.call("POST", "/swaps", {**swap_body(service), "password": "hunter2"})
    assert "hunter2" not in problem(answer, 422, "invalid_request").__repr__()


def test_a_long_body_is_refused_by_its_declared_length(opened: Opener) -> None:
    service = opened(json_limit_bytes=1000)
    answer = service.call("POST", "/swaps", {"label": "x" * 1000})
    problem(answer, 413, "body_too_large")


def test_a_long_body_is_refused_as_it_comes(opened: Opener) -> None:
    service = opened(json_limit_bytes=1000)

    async def endless() -> Any:
        for _ in range(50):
            yield b" " * 100

    headers = service.headers(**{"Content-Type": "application/json"})
    answer = service.client.request("POST", "/native/v1/swaps", content=endless(), headers=headers)
    problem(answer, 413, "body_too_large")


def test_a_stranger_sends_no_long_body(opened: Opener) -> None:
    service = opened(json_limit_bytes=1000)
    answer = service.client.request("POST", "/native/v1/swaps", json={"label": "x" * 5000})
    problem(answer, 401, "unauthorized")


def test_a_body_that_stops_coming_is_given_up(opened: Opener) -> None:
    import anyio

    service = opened(body_idle_s=0.2)

    async def stalling() -> Any:
        yield b"{"
        await anyio.sleep(30)
        yield b"}"

    headers = service.headers(**{"Content-Type": "application/json"})
    answer = service.client.request("POST", "/native/v1/swaps", content=stalling(), headers=headers)
    problem(answer, 408, "body_stalled")


def test_a_body_that_comes_byte_by_byte_is_given_up(opened: Opener) -> None:
    import anyio

    service, sent = opened(body_idle_s=0.3), 0

    async def dripping() -> Any:
        nonlocal sent
        for _ in range(1000):
            yield b" "
            sent += 1
            await anyio.sleep(0.02)

    headers = service.headers(**{"Content-Type": "application/json"})
    answer = service.client.request("POST", "/native/v1/swaps", content=dripping(), headers=headers)
    problem(answer, 408, "body_stalled")
    assert sent < 100


def test_a_bug_is_a_problem_without_details(service: Service) -> None:
    class Broken:
        """A database of which nobody has heard."""

        async def aread(self, work: Callable[[Transaction], Any]) -> Any:
            raise KeyError("secret of the house")

    service.key()
    service.break_database(Broken())
    with capture_logs() as lines:
        answer = service.call("GET", "/account/ledger")
    told = problem(answer, 500, "internal_error")
    assert "secret" not in str(told)
    [line] = [one for one in lines if one.get("action") == "http.error"]
    assert line["exc_info"]
    assert [one["status"] for one in lines if one.get("action") == "http.request"] == [500]


def test_browsers_of_other_origins_are_let_in_by_name_only(opened: Opener) -> None:
    service = opened(cors_origins=("https://studio.example.com",))
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
    path = "/native/v1/swaps"
    good = service.client.request(
        "OPTIONS", path, headers={"Origin": "https://studio.example.com", **ask}
    )
    assert good.status_code == 200
    assert good.headers["access-control-allow-origin"] == "https://studio.example.com"
    bad = service.client.request("OPTIONS", path, headers={"Origin": "https://evil.com", **ask})
    assert "access-control-allow-origin" not in bad.headers
    answer = service.client.get(path, headers={"Origin": "https://studio.example.com"})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "https://studio.example.com"
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]


def test_nothing_is_logged_as_an_error_for_callers_faults(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), capture_logs() as lines:
        service.client.get("/native/v1/swaps")
        service.call("POST", "/swaps", {})
    assert not [one for one in lines if one["log_level"] == "error"]
    assert not caplog.records
