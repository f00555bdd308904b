"""GET /assets, GET /assets/{id}, /url, /content, DELETE /assets/{id}"""

from __future__ import annotations

import pytest

from wire.checks import UNKNOWN, problem, strangers_stay_out
from wire.service import Service


def test_strangers_stay_out(service: Service) -> None:
    path = f"/assets/{service.asset().id}"
    strangers_stay_out(service, "GET", "/assets", "assets:read")
    strangers_stay_out(service, "GET", path, "assets:read")
    strangers_stay_out(service, "GET", f"{path}/url", "assets:read")
    strangers_stay_out(service, "GET", f"{path}/content", "assets:read")
    strangers_stay_out(service, "DELETE", path, "assets:write")


def test_an_asset_is_described(service: Service) -> None:
    asset = service.asset()
    told = service.call("GET", f"/assets/{asset.id}").json()
    assert (told["id"], told["sha256"]) == (asset.id, asset.sha256)
    assert told["facts"]["width"] == 640
    assert asset.blob_key not in str(told)


def test_they_are_listed_by_role(service: Service) -> None:
    uploads = [service.asset().id for _ in range(3)]
    output = service.asset(role="output").id
    service.asset(name="theirs")
    page = service.call("GET", "/assets", params={"role": "upload", "limit": 2}).json()
    assert [one["id"] for one in page["items"]] == [uploads[2], uploads[1]]
    rest = service.call(
        "GET", "/assets", params={"role": "upload", "cursor": page["next_cursor"]}
    ).json()
    assert [one["id"] for one in rest["items"]] == [uploads[0]]
    assert service.call("GET", "/assets").json()["items"][0]["id"] == output
    problem(service.call("GET", "/assets", params={"role": "x"}), 422, "invalid_request")


def test_a_signed_url_needs_no_key_and_expires(service: Service) -> None:
    asset = service.asset(data=b"0123456789")
    told = service.call("GET", f"/assets/{asset.id}/url", params={"ttl_s": 60}).json()
    answer = service.client.get(told["url"])
    assert answer.content == b"0123456789"
    assert answer.headers["content-disposition"] == 'attachment; filename="photo.png"'
    service.clock.advance(61)
    problem(service.client.get(told["url"]), 410, "expired")


def test_a_signed_url_ends_with_its_asset(service: Service) -> None:
    asset = service.asset()
    told = service.call("GET", f"/assets/{asset.id}/url", params={"ttl_s": 604_800}).json()
    assert told["expires_at"] <= service.call("GET", f"/assets/{asset.id}").json()["expires_at"]
    for ttl_s in (9, 604_801, "long"):
        answer = service.call("GET", f"/assets/{asset.id}/url", params={"ttl_s": ttl_s})
        problem(answer, 422, "invalid_request")


def test_its_bytes_come_through_the_api(service: Service) -> None:
    asset = service.asset(data=b"0123456789")
    answer = service.call("GET", f"/assets/{asset.id}/content")
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["etag"] == f'"{asset.sha256}"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    part = service.call("GET", f"/assets/{asset.id}/content", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["content-range"] == "bytes 2-4/10"


def test_a_deleted_one_is_gone_with_its_bytes(service: Service) -> None:
    asset = service.asset()
    assert service.call("DELETE", f"/assets/{asset.id}").status_code == 204
    for path in ("", "/url", "/content"):
        problem(service.call("GET", f"/assets/{asset.id}{path}"), 404, "not_found")
    problem(service.call("DELETE", f"/assets/{asset.id}"), 404, "not_found")
    assert service.blobs.size(asset.blob_key) is None


def test_an_expired_one_says_so(service: Service) -> None:
    asset = service.asset()
    service.clock.advance(3601)
    for path in ("", "/url", "/content"):
        problem(service.call("GET", f"/assets/{asset.id}{path}"), 410, "expired")


def test_one_that_is_not_ready_cannot_be_fetched(service: Service) -> None:
    waiting = service.asset(state="awaiting_upload").id
    refused = service.asset(
        state="refused", refusal={"code": "media_unreadable", "message": "It does not decode."}
    ).id
    for path in ("url", "content"):
        problem(service.call("GET", f"/assets/{waiting}/{path}"), 409, "conflict")
        told = problem(service.call("GET", f"/assets/{refused}/{path}"), 422, "media_unreadable")
        assert told["detail"] == "It does not decode."


@pytest.mark.parametrize("path", ["", "/url", "/content"])
def test_what_is_not_ours_is_not_there(service: Service, path: str) -> None:
    theirs = service.asset(name="theirs").id
    for name in (theirs, f"asset_{UNKNOWN}", "x"):
        problem(service.call("GET", f"/assets/{name}{path}"), 404, "not_found")
        problem(service.call("DELETE", f"/assets/{name}"), 404, "not_found")
    assert service.call("GET", f"/assets/{theirs}", as_="theirs").status_code == 200
