"""POST /assets/uploads, PUT to the URL, POST /assets/{id}/complete"""

from __future__ import annotations

from typing import Any

import pytest

from personae.adapters.media_host.fake import fake_media
from wire.checks import UNKNOWN, problem, strangers_stay_out
from wire.service import Service

DATA = fake_media("image/png", width=300)


def reserved(service: Service, **change: Any) -> Any:
    body = {"content_type": "image/png", "size_bytes": len(DATA), **change}
    return service.call("POST", "/assets/uploads", body)


def test_strangers_stay_out(service: Service) -> None:
    body = {"content_type": "image/png", "size_bytes": 1}
    strangers_stay_out(service, "POST", "/assets/uploads", "assets:write", body)
    asset_id = reserved(service).json()["asset"]["id"]
    strangers_stay_out(service, "POST", f"/assets/{asset_id}/complete", "assets:write")


def test_a_file_goes_past_the_api(service: Service) -> None:
    told = reserved(service, filename="a.png").json()
    assert told["asset"]["state"] == "awaiting_upload"
    put = service.client.request(told["method"], told["url"], content=DATA, headers=told["headers"])
    assert put.status_code == 200, put.text
    path = f"/assets/{told['asset']['id']}/complete"
    done = service.call("POST", path)
    assert done.status_code == 200, done.text
    assert (done.json()["id"], done.json()["state"]) == (told["asset"]["id"], "ready")
    assert done.json()["facts"]["width"] == 300
    assert service.call("POST", path).json() == done.json()


def test_nothing_uploaded_is_a_conflict(service: Service) -> None:
    asset_id = reserved(service).json()["asset"]["id"]
    problem(service.call("POST", f"/assets/{asset_id}/complete"), 409, "conflict")


def test_a_refused_file_stays_refused(service: Service) -> None:
    told = reserved(service, size_bytes=4).json()
    service.client.request("PUT", told["url"], content=b"junk", headers=told["headers"])
    path = f"/assets/{told['asset']['id']}"
    for _ in range(2):
        problem(service.call("POST", f"{path}/complete"), 415, "media_unsupported")
    shown = service.call("GET", path).json()
    assert (shown["state"], shown["refusal"]["code"]) == ("refused", "media_unsupported")


def test_a_repeated_key_reserves_once(service: Service) -> None:
    key = {"Idempotency-Key": "k"}
    body = {"content_type": "image/png", "size_bytes": len(DATA)}
    first = service.call("POST", "/assets/uploads", body, headers=key)
    again = service.call("POST", "/assets/uploads", body, headers=key)
    assert first.json()["asset"] == again.json()["asset"]
    assert again.headers["idempotency-replayed"] == "true"
    told = again.json()
    put = service.client.request("PUT", told["url"], content=DATA, headers=told["headers"])
    assert put.status_code == 200
    other = {**body, "size_bytes": 7}
    problem(service.call("POST", "/assets/uploads", other, headers=key), 409, "conflict")
    service.call("POST", f"/assets/{told['asset']['id']}/complete")
    problem(service.call("POST", "/assets/uploads", body, headers=key), 409, "conflict")


def test_a_reservation_that_has_run_out_is_not_given_again(service: Service) -> None:
    key, body = {"Idempotency-Key": "k"}, {"content_type": "image/png", "size_bytes": 9}
    asset_id = service.call("POST", "/assets/uploads", body, headers=key).json()["asset"]["id"]
    service.clock.advance(3601)
    problem(service.call("POST", "/assets/uploads", body, headers=key), 410, "expired")
    problem(service.call("POST", f"/assets/{asset_id}/complete"), 410, "expired")


def test_what_is_not_ours_is_not_there(service: Service) -> None:
    body = {"content_type": "image/png", "size_bytes": 1}
    theirs = service.call("POST", "/assets/uploads", body, as_="theirs").json()["asset"]["id"]
    for name in (theirs, f"asset_{UNKNOWN}", "x"):
        problem(service.call("POST", f"/assets/{name}/complete"), 404, "not_found")


@pytest.mark.parametrize(
    "change",
    [
        {"content_type": "picture"},
        {"content_type": "image/png\r\nX: y"},
        {"size_bytes": 0},
        {"size_bytes": 1.5},
        {"size_bytes": "9"},
        {"filename": "a\u0000.png"},
        {"more": 1},
    ],
)
def test_what_breaks_the_schema_is_refused(service: Service, change: dict[str, Any]) -> None:
    assert problem(reserved(service, **change), 422, "invalid_request")["errors"]


def test_too_large_a_file_is_not_prepared_for(service: Service) -> None:
    problem(reserved(service, size_bytes=100_001), 413, "media_too_large")
