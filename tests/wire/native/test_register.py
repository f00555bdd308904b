"""The register over HTTP: a tenant's own entries, and everybody's for operators."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from personae.adapters.media_host.fake import fake_media
from personae.domain.register import MAX_PHOTOS
from wire.checks import UNKNOWN, problem, strangers_stay_out
from wire.service import Service

OWN, ALL = "/register/people", "/admin/register/people"
ADA = fake_media("image/jpeg", person="ada", filler=b"one")
ADA_AGAIN = fake_media("image/png", person="ada", filler=b"other")
BEN = fake_media("image/png", person="ben")


def own(service: Service, tenant: str = "ours", **body: Any) -> str:
    photo = service.asset(data=body.pop("photo", ADA), name=tenant)
    body = {"name": "Ada", "asset_ids": [photo.id], **body}
    answer = service.call("POST", OWN, body, as_=tenant)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def send(service: Service, path: str, photos: list[bytes], **fields: str) -> httpx.Response:
    files = [("photo", (f"photo{i}.png", data, "image/png")) for i, data in enumerate(photos)]
    headers = {"Authorization": f"Bearer {service.operator_key()}"}
    return service.client.request(
        "POST", f"/native/v1{path}", files=files, data=fields, headers=headers
    )


def everywhere(service: Service, photo: bytes = ADA, **fields: str) -> str:
    answer = send(service, ALL, [photo], **fields)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def save_face(service: Service, photo: bytes, tenant: str = "ours") -> httpx.Response:
    body = {"name": "Face", "asset_ids": [service.asset(data=photo, name=tenant).id]}
    return service.call("POST", "/faces", body, as_=tenant)


def test_strangers_stay_out(service: Service) -> None:
    person = own(service)
    body = {"asset_ids": [f"asset_{UNKNOWN}"]}
    strangers_stay_out(service, "POST", OWN, "register:write", body)
    strangers_stay_out(service, "GET", OWN, "register:read")
    strangers_stay_out(service, "GET", f"{OWN}/{person}", "register:read")
    strangers_stay_out(service, "DELETE", f"{OWN}/{person}", "register:write")
    strangers_stay_out(service, "POST", ALL, "admin")
    strangers_stay_out(service, "GET", ALL, "admin")
    strangers_stay_out(service, "GET", f"{ALL}/{person}", "admin")
    strangers_stay_out(service, "DELETE", f"{ALL}/{person}", "admin")
    strangers_stay_out(service, "POST", "/admin/register/look-ups", "admin")


def test_a_tenants_entry_is_told_and_holds_for_it_alone(service: Service) -> None:
    photo = service.asset(data=ADA)
    body = {
        "name": "Ada L.",
        "applies_to": "donor",
        "reason": "Asked.",
        "origin": "opt-out",
        "expires_at": "2090-01-01T00:00:00Z",
        "asset_ids": [photo.id],
    }
    answer = service.call("POST", OWN, body)
    told = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"].endswith(f"{OWN}/{told['id']}")
    assert told.pop("warnings") == []
    assert {k: told[k] for k in body if k not in ("asset_ids", "expires_at")} == {
        k: v for k, v in body.items() if k not in ("asset_ids", "expires_at")
    }
    assert told["expires_at"] == "2090-01-01T00:00:00.000Z"
    assert told["faces"] == 1
    assert not {"tenant_id", "added_by", "embedding"} & set(told)
    assert service.call("GET", f"{OWN}/{told['id']}").json() == told
    assert service.call("GET", OWN).json()["items"] == [told]
    refused = problem(save_face(service, ADA_AGAIN), 403, "policy_refused")
    assert refused["role"] == "donor"
    assert told["id"] not in str(refused)
    assert save_face(service, ADA_AGAIN, "theirs").status_code == 201
    assert save_face(service, BEN).status_code == 201


def test_a_tenant_sees_and_removes_only_its_own(service: Service) -> None:
    mine, theirs, all_of_us = own(service), own(service, "theirs"), everywhere(service)
    for other in (theirs, all_of_us, f"person_{UNKNOWN}", "person_x"):
        problem(service.call("GET", f"{OWN}/{other}"), 404, "not_found")
        problem(service.call("DELETE", f"{OWN}/{other}"), 404, "not_found")
    listed = service.call("GET", OWN).json()["items"]
    assert [one["id"] for one in listed] == [mine]
    assert service.call("DELETE", f"{OWN}/{mine}").status_code == 204
    problem(service.call("DELETE", f"{OWN}/{mine}"), 404, "not_found")
    assert service.call("GET", OWN).json()["items"] == []
    assert service.operate("GET", f"{ALL}/{all_of_us}").status_code == 200


def test_the_photos_of_others_protect_nobody(service: Service) -> None:
    body = {"asset_ids": [service.asset(name="theirs").id]}
    problem(service.call("POST", OWN, body), 404, "not_found")
    assert service.call("GET", OWN).json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"applies_to": "target"}, 422, "invalid_request"),
        ({"asset_ids": []}, 422, "invalid_request"),
        ({"name": "A\nB"}, 422, "invalid_request"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, 422, "invalid_request"),
        ({"embedding": [0.0]}, 422, "invalid_request"),
    ],
)
def test_entries_that_make_no_sense_are_refused(
    service: Service, changes: dict[str, Any], status: int, code: str
) -> None:
    body = {"asset_ids": [service.asset(data=ADA).id], **changes}
    problem(service.call("POST", OWN, body), status, code)
    assert service.call("GET", OWN).json()["items"] == []


def test_photos_show_one_face(service: Service) -> None:
    nobody, two = fake_media(faces=0), fake_media(faces=2)
    problem(send(service, ALL, [nobody]), 422, "face_not_found")
    problem(send(service, ALL, [ADA, two]), 422, "several_faces")
    assert service.operate("GET", ALL).json()["items"] == []


def test_an_operators_entry_holds_for_everybody_until_it_is_removed(service: Service) -> None:
    answer = send(
        service, ALL, [ADA], name="Ada", applies_to="donor", origin="list", expires_at="2090-01-31"
    )
    told = answer.json()
    assert answer.status_code == 201, answer.text
    assert (told["name"], told["tenant_id"], told["origin"]) == ("Ada", None, "list")
    assert told["added_by"].startswith("key_")
    assert told["expires_at"] == "2090-01-31T23:59:59.000Z"
    for tenant in ("ours", "theirs"):
        problem(save_face(service, ADA_AGAIN, tenant), 403, "policy_refused")
    assert service.operate("DELETE", f"{ALL}/{told['id']}").status_code == 204
    assert save_face(service, ADA_AGAIN).status_code == 201


def test_operators_see_and_search_all_entries(service: Service) -> None:
    first = own(service, name="Grace", origin="opt-out")
    second = everywhere(service, name="Ada_1", reason="50% off")
    items = service.operate("GET", ALL).json()["items"]
    assert [one["id"] for one in items] == [second, first]
    assert [one["tenant_id"] for one in items] == [None, service.tenant()]
    found = service.operate("GET", f"{ALL}?q=OPT").json()["items"]
    assert [one["id"] for one in found] == [first]
    page = service.operate("GET", f"{ALL}?limit=1&q=a")
    following = service.operate("GET", f"{ALL}?limit=1&q=a&cursor={page.json()['next_cursor']}")
    assert [one["id"] for one in following.json()["items"]] == [first]
    assert "q=a" in page.headers["link"]
    assert service.operate("GET", f"{ALL}/{first}").json()["name"] == "Grace"
    assert service.operate("DELETE", f"{ALL}/{first}").status_code == 204


def test_a_photo_is_looked_up(service: Service) -> None:
    ada, ben = everywhere(service, ADA), everywhere(service, BEN)
    answer = send(service, "/admin/register/look-ups", [ADA_AGAIN])
    assert answer.status_code == 200, answer.text
    found = answer.json()["found"]
    assert [one["person"]["id"] for one in found] == [ada, ben]
    assert [one["refused"] for one in found] == [True, False]
    problem(send(service, "/admin/register/look-ups", [ADA, BEN]), 422, "invalid_request")
    problem(send(service, "/admin/register/look-ups", [ADA], name="x"), 422, "invalid_request")


def test_forms_that_make_no_sense_are_refused(service: Service) -> None:
    headers = {"Authorization": f"Bearer {service.operator_key()}"}

    def post(**more: Any) -> httpx.Response:
        return service.client.request("POST", f"/native/v1{ALL}", headers=headers, **more)

    problem(post(json={"name": "x"}), 415, "unsupported_body")
    problem(post(files={"file": ("a.png", ADA)}), 422, "invalid_request")
    problem(send(service, ALL, [ADA], embedding="1"), 422, "invalid_request")
    problem(send(service, ALL, [ADA], applies_to="target"), 422, "invalid_request")
    problem(send(service, ALL, [ADA], expires_at="tomorrow"), 422, "invalid_request")
    problem(send(service, ALL, [ADA], name="x" * 5000), 422, "invalid_request")
    problem(send(service, ALL, [ADA], name="a\r\nb"), 422, "invalid_request")
    problem(send(service, ALL, [ADA] * (MAX_PHOTOS + 1)), 422, "invalid_request")
    problem(send(service, ALL, [b"no picture"]), 415, "media_unsupported")
    assert service.operate("GET", ALL).json()["items"] == []


def test_a_refusal_says_nothing_of_who_it_was(service: Service) -> None:
    person = everywhere(service, name="Ada Secret", reason="secret reason")
    answer = save_face(service, ADA_AGAIN)
    for secret in (person, "Ada Secret", "secret reason", "distance"):
        assert secret not in answer.text
    lines = service.database.read(lambda tx: tx.audit.page(None, after=None, limit=10)).items
    [line] = [one for one in lines if one["action"] == "policy.refuse"]
    assert line["detail"]["facts"]["person"] == person
    assert "Ada" not in str(line)
