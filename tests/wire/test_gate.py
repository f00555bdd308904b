"""Keys, and how often they may be used."""

from __future__ import annotations

import re
from collections.abc import Callable

from personae.wire.guesses import Guesses
from wire.checks import problem
from wire.service import Service

Opener = Callable[..., Service]
PATH = "/native/v1/account"


def test_both_headers_take_a_key(service: Service) -> None:
    key = service.key()
    for headers in (
        {"Authorization": f"Bearer {key}"},
        {"authorization": f"bearer  {key} "},
        {"X-API-Key": key},
        {"X-API-Key": key, "Authorization": "Basic abc"},
    ):
        assert service.client.get(PATH, headers=headers).status_code == 200


def test_odd_credentials_are_refused(service: Service) -> None:
    for headers in (
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": service.key()},
        {"X-API-Key": ""},
        {"X-API-Key": "x" * 100_000},
        {"X-API-Key": b"\xff\xfe\x00"},
    ):
        problem(service.client.get(PATH, headers=headers), 401, "unauthorized")


def test_without_a_cache_every_key_is_looked_up(opened: Opener) -> None:
    service = opened(auth_cache_s=0.0)
    headers = service.headers()
    assert service.client.get(PATH, headers=headers).status_code == 200
    tenant_id, now = service.tenant(), service.clock()
    [key] = service.database.read(lambda tx: tx.tenants.keys(tenant_id))
    service.database.write(lambda tx: tx.tenants.revoke_key(tenant_id, key.id, now))
    problem(service.client.get(PATH, headers=headers), 401, "unauthorized")


def test_what_is_left_is_told(opened: Opener) -> None:
    service = opened(rate_per_s=2.0, rate_burst=10)
    headers = service.call("GET", "/account").headers
    assert headers["ratelimit-policy"] == '"key";q=10;w=5'
    assert re.fullmatch(r'"key";r=9;t=1', headers["ratelimit"])
    assert headers["x-ratelimit-limit"] == "10"
    assert headers["x-ratelimit-remaining"] == "9"
    assert abs(int(headers["x-ratelimit-reset"]) - service.clock.now_s) <= 2


def test_too_many_requests_have_to_wait(opened: Opener) -> None:
    service = opened(rate_per_s=0.5, rate_burst=3)
    statuses = [service.call("GET", "/account").status_code for _ in range(3)]
    assert statuses == [200] * 3
    answer = service.call("GET", "/account")
    problem(answer, 429, "rate_limited")
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert service.call("GET", "/account", as_="theirs").status_code == 200
    service.clock.advance(2.0)
    assert service.call("GET", "/account").status_code == 200
    problem(service.call("GET", "/account"), 429, "rate_limited")


def test_a_clock_set_back_takes_nothing_away(opened: Opener) -> None:
    service = opened(rate_per_s=1.0, rate_burst=5)
    service.call("GET", "/account")
    service.clock.advance(-1000)
    assert service.call("GET", "/account").status_code == 200


def test_forbidden_requests_count_too(opened: Opener) -> None:
    service = opened(rate_per_s=0.01, rate_burst=2)
    headers = {"X-API-Key": service.key(scopes=("faces:read",))}
    for _ in range(2):
        problem(service.client.get(PATH, headers=headers), 403, "forbidden")
    problem(service.client.get(PATH, headers=headers), 429, "rate_limited")


def guess(number: int) -> dict[str, str]:
    return {"X-API-Key": f"pk_guess_{number:040d}"}


def test_whoever_guesses_keys_is_soon_refused_unheard(opened: Opener) -> None:
    service = opened(wrong_keys_burst=5, wrong_keys_per_s=0.5)
    for number in range(5):
        problem(service.client.get(PATH, headers=guess(number)), 401, "unauthorized")
    answer = service.client.get(PATH, headers=guess(5))
    problem(answer, 429, "rate_limited")
    assert answer.headers["retry-after"] == "2"
    fresh = service.key("theirs")  # A right guess is no better than a wrong one now.
    problem(service.client.get(PATH, headers={"X-API-Key": fresh}), 429, "rate_limited")
    service.clock.advance(2.0)
    assert service.client.get(PATH, headers={"X-API-Key": fresh}).status_code == 200


def test_a_key_that_was_right_is_not_locked_out_by_guesses(opened: Opener) -> None:
    service = opened(wrong_keys_burst=3, wrong_keys_per_s=0.01, auth_cache_s=0.0)
    assert service.call("GET", "/account").status_code == 200
    for number in range(10):
        service.client.get(PATH, headers=guess(number))
    problem(service.client.get(PATH, headers=guess(0)), 429, "rate_limited")
    assert service.call("GET", "/account").status_code == 200


def test_a_request_without_a_key_is_no_guess(opened: Opener) -> None:
    service = opened(wrong_keys_burst=2, wrong_keys_per_s=0.01)
    for _ in range(5):
        problem(service.client.get(PATH), 401, "unauthorized")
    problem(service.client.get(PATH, headers=guess(0)), 401, "unauthorized")


def test_guesses_are_counted_by_network() -> None:
    guesses = Guesses(2, 1.0)
    for host in ("2001:db8::1", "2001:db8::ffff:2"):
        guesses.was_wrong(host, "x", 0.0)
    assert guesses.wait_s("2001:db8:0:0:9::", "x", 0.0) == 1.0
    assert guesses.wait_s("2001:db8:0:1::1", "x", 0.0) == 0.0
    guesses.was_wrong("192.0.2.1", "x", 0.0)
    guesses.was_wrong("::ffff:192.0.2.1", "x", 0.0)
    assert guesses.wait_s("192.0.2.1", "x", 0.5) == 0.5
    assert guesses.wait_s("192.0.2.2", "x", 0.0) == 0.0
    assert guesses.wait_s("192.0.2.1", "x", 1.0) == 0.0


def test_guesses_are_forgotten_rather_than_piled_up() -> None:
    guesses = Guesses(1, 1.0)
    for number in range(10_001):
        guesses.was_wrong(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "x", 0.0)
    assert guesses.wait_s("10.0.0.0", "x", 0.0) == 0.0
    assert guesses.wait_s("10.0.0.1", "x", 0.0) == 1.0
