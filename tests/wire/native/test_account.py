"""GET /account, /account/ledger, /account/usage"""

from __future__ import annotations

import pytest

from wire.checks import problem, strangers_stay_out, submitted
from wire.service import Service


def test_strangers_stay_out(service: Service) -> None:
    for path in ("/account", "/account/ledger", "/account/usage"):
        strangers_stay_out(service, "GET", path, "account:read")


def test_the_balance_follows_the_tasks(service: Service) -> None:
    told = service.call("GET", "/account").json()
    assert told["name"] == "ours"
    assert told["balance"] == {"available": 100, "held": 0, "spent": 0, "granted": 100}
    task_id = submitted(service)
    assert service.call("GET", "/account").json()["balance"]["held"] == 1
    service.succeed(task_id)
    balance = service.call("GET", "/account").json()["balance"]
    assert balance == {"available": 99, "held": 0, "spent": 1, "granted": 100}


def test_the_books_have_both_sides_of_everything(service: Service) -> None:
    task_id = submitted(service)
    service.succeed(task_id)
    items, cursor = [], None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = service.call("GET", "/account/ledger", params=params).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(items) == 6
    assert sum(one["amount"] for one in items) == 0
    assert [one["kind"] for one in items] == ["settle"] * 2 + ["hold"] * 2 + ["grant"] * 2
    assert {one["task_id"] for one in items} == {task_id, None}


def test_other_accounts_do_not_show(service: Service) -> None:
    submitted(service, "theirs")
    kinds = [one["kind"] for one in service.call("GET", "/account/ledger").json()["items"]]
    assert kinds == ["grant", "grant"]


def test_usage_is_by_day_and_kind(service: Service) -> None:
    for _ in range(2):
        service.succeed(submitted(service))
    told = service.call("GET", "/account/usage").json()
    assert told["items"] == [{"day": "2027-01-15", "kind": "swap_image", "tasks": 2, "credits": 2}]
    before = {"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00+01:00"}
    told = service.call("GET", "/account/usage", params=before).json()
    assert told["items"] == []
    assert told["until"] == "2026-01-31T23:00:00.000Z"


@pytest.mark.parametrize(
    "params",
    [
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"since": "2020-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"since": "0001-01-01T00:00:00Z", "until": "0001-01-02T00:00:00Z"},
        {"until": "9999-12-31T23:59:59Z"},
    ],
)
def test_odd_times_are_refused(service: Service, params: dict[str, str]) -> None:
    problem(service.call("GET", "/account/usage", params=params), 422, "invalid_request")


def test_days_of_usage_begin_where_the_client_is(service: Service) -> None:
    service.succeed(submitted(service))  # At 8:00 in the morning, UTC.

    def day(minutes: int) -> str:
        told = service.call("GET", "/account/usage", params={"utc_offset_minutes": minutes}).json()
        assert told["utc_offset_minutes"] == minutes
        [row] = told["items"]
        return row["day"]

    assert [day(one) for one in (0, 840, -540)] == ["2027-01-15", "2027-01-15", "2027-01-14"]
    for wrong in (841, -841, "CET", 1.5):
        answer = service.call("GET", "/account/usage", params={"utc_offset_minutes": wrong})
        problem(answer, 422, "invalid_request")
