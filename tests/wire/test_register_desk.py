"""The operators' page of the register: who gets in, and what its forms do."""

from __future__ import annotations

import base64
from html import escape
from typing import Any

import httpx
import pytest

from personae.adapters.media_host.fake import fake_media
from wire.checks import UNKNOWN
from wire.service import BASE, Service

PATH = "/admin/register"
ADA = fake_media("image/jpeg", person="ada")
FROM_HERE = {"Origin": BASE}


def basic(key: str) -> dict[str, str]:
    pair = base64.b64encode(f"anybody:{key}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def operate(service: Service, method: str, path: str = PATH, **more: Any) -> httpx.Response:
    headers = {**basic(service.operator_key()), **more.pop("headers", FROM_HERE)}
    return service.client.request(method, path, headers=headers, **more)


def add(service: Service, photo: bytes = ADA, **fields: str) -> httpx.Response:
    files = [("photo", ("ada.jpg", photo, "image/jpeg"))]
    return operate(service, "POST", files=files, data=fields)


def entries(service: Service) -> list[dict[str, Any]]:
    return service.operate("GET", "/admin/register/people").json()["items"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", [PATH, f"{PATH}/look-up", f"{PATH}/person_{UNKNOWN}/remove"])
def test_strangers_stay_out(service: Service, method: str, path: str) -> None:
    if method == "GET" and path != PATH:
        return
    keys: tuple[dict[str, str], ...] = (
        {},
        basic("pk_wrong"),
        {"Authorization": "Basic nonsense"},
        {"Authorization": f"Bearer {service.operator_key()}"},
    )
    for headers in keys:
        answer = service.client.request(method, path, headers={**headers, **FROM_HERE})
        assert answer.status_code == 401, answer.text
        assert answer.headers["www-authenticate"].startswith("Basic realm=")
        assert "<form" not in answer.text
    mine = {**basic(service.key()), **FROM_HERE}
    assert service.client.request(method, path, headers=mine).status_code == 403


def test_the_page_needs_nothing_from_elsewhere_and_no_script(service: Service) -> None:
    answer = operate(service, "GET")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"):
        assert rule in policy
    assert answer.headers["referrer-policy"] == "same-origin"
    for never in ("<script", "http://", "https://", "src="):
        assert never not in answer.text
    assert "Nobody is protected" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": BASE, "Sec-Fetch-Site": "cross-site"},
        {"Origin": BASE, "Sec-Fetch-Site": "same-site"},
    ],
)
def test_forms_of_other_pages_do_nothing(service: Service, headers: dict[str, str]) -> None:
    add(service)
    [person] = entries(service)
    for path in (PATH, f"{PATH}/{person['id']}/remove"):
        answer = operate(service, "POST", path, files={"photo": ("a.jpg", ADA)}, headers=headers)
        assert answer.status_code == 403
    assert [one["id"] for one in entries(service)] == [person["id"]]


def test_somebody_is_added_found_and_removed(service: Service) -> None:
    name = '<b>Ada</b> "L"'
    answer = add(service, name=name, applies_to="donor", reason="Asked.", expires_at="2090-01-31")
    assert answer.status_code == 200, answer.text
    assert escape(name) in answer.text
    assert "<b>Ada" not in answer.text
    [person] = entries(service)
    assert (person["name"], person["applies_to"]) == (name, "donor")
    assert person["id"] in operate(service, "GET", f"{PATH}?q=asked").text
    assert person["id"] not in operate(service, "GET", f"{PATH}?q=nobody").text
    found = operate(service, "POST", f"{PATH}/look-up", files={"photo": ("a.jpg", ADA)})
    assert "refused" in found.text
    gone = operate(service, "POST", f"{PATH}/{person['id']}/remove")
    assert gone.status_code == 200
    assert entries(service) == []
    again = operate(service, "POST", f"{PATH}/{person['id']}/remove")
    assert again.status_code == 404


def test_what_is_wrong_is_said_on_the_page(service: Service) -> None:
    answer = add(service, fake_media(faces=0))
    assert answer.status_code == 422
    assert "No face was found" in answer.text
    assert "Add somebody" in answer.text
    assert add(service, expires_at="soon").status_code == 422
    assert entries(service) == []


def test_a_browser_may_send_what_it_knows_of_the_origin(service: Service) -> None:
    files = {"photo": ("a.jpg", ADA)}
    answer = operate(service, "POST", files=files, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200


def test_entries_come_in_pages(service: Service) -> None:
    for number in range(51):
        service.database.write(lambda tx, number=number: insert(tx, number))
    first = operate(service, "GET").text
    assert "Older entries" in first
    link = first.split("rel=next href=", 1)[1].split('"')[1].replace("&amp;", "&")
    second = operate(service, "GET", link).text
    assert "Older entries" not in second
    assert second.count("<tr>") == 2


def insert(tx: Any, number: int) -> None:
    from database_samples import NOW
    from personae.domain.ids import new_id
    from personae.domain.register import ProtectedPerson

    person = ProtectedPerson(
        new_id("person", NOW + number), None, f"P{number}", "either", "", "", "x", NOW
    )
    tx.register.insert(person, [])


def test_a_closed_service_takes_no_forms(opened: Any) -> None:
    service = opened(maintenance=True)
    assert add(service).status_code == 503
    assert operate(service, "GET").status_code == 200
