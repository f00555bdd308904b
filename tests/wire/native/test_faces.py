"""POST /faces, GET /faces, GET /faces/{id}, DELETE /faces/{id}"""

from __future__ import annotations

from typing import Any

import pytest

from personae.adapters.media_host.fake import fake_media
from wire.checks import UNKNOWN, problem, strangers_stay_out
from wire.service import CLIP, Service


def saved(service: Service, name: str = "Ada", tenant: str = "ours") -> str:
    body = {"name": name, "asset_ids": [service.asset(name=tenant).id]}
    answer = service.call("POST", "/faces", body, as_=tenant)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def test_strangers_stay_out(service: Service) -> None:
    strangers_stay_out(service, "POST", "/faces", "faces:write", {"name": "Ada", "asset_ids": []})
    strangers_stay_out(service, "GET", "/faces", "faces:read")
    face_id = saved(service)
    strangers_stay_out(service, "GET", f"/faces/{face_id}", "faces:read")
    strangers_stay_out(service, "DELETE", f"/faces/{face_id}", "faces:write")


def test_a_face_is_saved_and_told(service: Service) -> None:
    photos = [service.asset().id, service.asset().id]
    answer = service.call("POST", "/faces", {"name": "Ada L.", "asset_ids": photos})
    told = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"].endswith(f"/faces/{told['id']}")
    assert (told["name"], told["asset_ids"]) == ("Ada L.", photos)
    assert service.call("GET", f"/faces/{told['id']}").json() == told


def test_a_repeated_key_saves_once(service: Service) -> None:
    body, key = {"name": "Ada", "asset_ids": [service.asset().id]}, {"Idempotency-Key": "k"}
    first = service.call("POST", "/faces", body, headers=key)
    again = service.call("POST", "/faces", body, headers=key)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(service.call("GET", "/faces").json()["items"]) == 1
    other = service.call("POST", "/faces", {**body, "name": "Eve"}, headers=key)
    problem(other, 409, "conflict")
    service.call("DELETE", f"/faces/{first.json()['id']}")
    problem(service.call("POST", "/faces", body, headers=key), 404, "not_found")


def test_they_are_listed_newest_first(service: Service) -> None:
    made = [saved(service, f"Person {number}") for number in range(3)]
    saved(service, "Theirs", "theirs")
    page = service.call("GET", "/faces", params={"limit": 2}).json()
    assert [one["id"] for one in page["items"]] == [made[2], made[1]]
    rest = service.call("GET", "/faces", params={"cursor": page["next_cursor"]}).json()
    assert [one["id"] for one in rest["items"]] == [made[0]]
    assert rest["next_cursor"] is None


def test_a_forgotten_one_is_gone(service: Service) -> None:
    face_id = saved(service)
    assert service.call("DELETE", f"/faces/{face_id}").status_code == 204
    problem(service.call("GET", f"/faces/{face_id}"), 404, "not_found")
    problem(service.call("DELETE", f"/faces/{face_id}"), 404, "not_found")


def test_what_is_not_ours_is_not_there(service: Service) -> None:
    theirs = saved(service, tenant="theirs")
    for name in (theirs, f"face_{UNKNOWN}", "x"):
        problem(service.call("GET", f"/faces/{name}"), 404, "not_found")
        problem(service.call("DELETE", f"/faces/{name}"), 404, "not_found")
    stolen = {"name": "Eve", "asset_ids": [service.asset(name="theirs").id]}
    problem(service.call("POST", "/faces", stolen), 404, "not_found")


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 101},
        {"name": "a\nb"},
        {"name": 7},
        {"asset_ids": []},
        {"asset_ids": ["asset_x"]},
        {"asset_ids": [f"asset_{UNKNOWN}"] * 11},
        {"likes": "tea"},
    ],
)
def test_what_breaks_the_schema_is_refused(service: Service, change: dict[str, Any]) -> None:
    body = {"name": "Ada", "asset_ids": [service.asset().id], **change}
    assert problem(service.call("POST", "/faces", body), 422, "invalid_request")["errors"]


def photo(service: Service, **script: Any) -> str:
    """A photo of which a media host that plays finds what the script says."""
    return service.asset(data=fake_media(**script)).id


@pytest.mark.parametrize(
    ("scripts", "code"),
    [
        ([{"faces": 0}], "face_not_found"),
        ([{}, {"faces": 0}], "face_not_found"),
        ([{"faces": 3}], "several_faces"),
        ([{"poor": True}], "donor_unusable"),
        ([{"person": "Ada"}, {"person": "Eve"}], "donor_unusable"),
        ([{"crash": True}], "media_unreadable"),
    ],
)
def test_photos_that_no_swap_could_use_are_not_kept(
    service: Service, scripts: list[dict[str, Any]], code: str
) -> None:
    photos = [photo(service, filler=b"%d" % i, **one) for i, one in enumerate(scripts)]
    answer = service.call("POST", "/faces", {"name": "Ada", "asset_ids": photos})
    told = problem(answer, 422, code)
    assert told.get("role") == ("donor" if code == "face_not_found" else None)
    assert service.call("GET", "/faces").json()["items"] == []
    kept = service.call("GET", f"/assets/{photos[0]}").json()
    assert kept["expires_at"] is not None


def test_photos_too_poor_beside_others_are_not_counted(service: Service) -> None:
    photos = [photo(service), photo(service, poor=True)]
    told = service.call("POST", "/faces", {"name": "Ada", "asset_ids": photos}).json()
    assert told["photos_used"] == 1
    assert service.call("GET", f"/faces/{told['id']}").json() == told


def test_a_repeated_key_looks_once(service: Service) -> None:
    body, key = {"name": "Ada", "asset_ids": [service.asset().id]}, {"Idempotency-Key": "k"}
    for _ in range(3):
        service.call("POST", "/faces", body, headers=key)
    looks = [job for job in service.media.jobs if job["op"] == "check_donor"]
    assert [len(job["donors"]) for job in looks] == [1]


def test_only_pictures_are_faces(service: Service) -> None:
    body = {"name": "Ada", "asset_ids": [service.asset(CLIP).id]}
    problem(service.call("POST", "/faces", body), 422, "invalid_request")
