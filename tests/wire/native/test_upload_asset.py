"""POST /assets"""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest

from personae.adapters.media_host.fake import fake_media
from wire.checks import problem, strangers_stay_out
from wire.service import Service

PATH = "/native/v1/assets"


def post(service: Service, content: bytes, **more: Any) -> httpx.Response:
    headers = {**service.headers(), **more.pop("headers", {})}
    return service.client.request("POST", PATH, content=content, headers=headers, **more)


def form(service: Service, files: Any, **more: Any) -> httpx.Response:
    headers = {**service.headers(), **more.pop("headers", {})}
    return service.client.request("POST", PATH, files=files, headers=headers, **more)


def stored(service: Service) -> int:
    return len(service.call("GET", "/assets").json()["items"])


def test_strangers_stay_out(service: Service) -> None:
    strangers_stay_out(service, "POST", "/assets", "assets:write", {"junk": 1})


def test_a_raw_body_becomes_an_asset(service: Service) -> None:
    data = fake_media("image/jpeg", width=800, height=600)
    answer = post(
        service, data, params={"filename": "s\u00e9ance.jpg"}, headers={"Content-Type": "image/png"}
    )
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert answer.headers["location"].endswith(f"{PATH}/{told['id']}")
    assert (told["state"], told["role"]) == ("ready", "upload")
    assert told["content_type"] == "image/jpeg"  # What it is, not what it was said to be.
    assert (told["filename"], told["size_bytes"]) == ("s\u00e9ance.jpg", len(data))
    assert told["sha256"] == hashlib.sha256(data).hexdigest()
    assert (told["facts"]["kind"], told["facts"]["width"]) == ("picture", 800)
    assert told["expires_at"] is not None
    assert "blob_key" not in told


def test_a_form_becomes_an_asset(service: Service) -> None:
    data = fake_media("video/mp4", filler=b"\r\n--boundary\r\n" * 500, duration_s=3.5)
    answer = form(service, {"file": ("na\u00efve \u201cclip\u201d.mp4", data, "video/mp4")})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["sha256"] == hashlib.sha256(data).hexdigest()
    assert told["filename"] == "na\u00efve \u201cclip\u201d.mp4"
    assert told["facts"]["duration_s"] == 3.5


def test_the_same_bytes_are_the_same_asset(service: Service) -> None:
    data = fake_media()
    assert post(service, data).json()["id"] == post(service, data).json()["id"]
    assert stored(service) == 1


def test_a_repeated_key_answers_the_same(service: Service) -> None:
    data, key = fake_media(), {"Idempotency-Key": "k"}
    first = post(service, data, headers=key)
    again = post(service, data, headers=key)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = post(service, fake_media(filler=b"other"), headers=key)
    problem(other, 409, "conflict")
    assert stored(service) == 1


def test_a_deleted_upload_is_not_answered_again(service: Service) -> None:
    data, key = fake_media(), {"Idempotency-Key": "k"}
    asset_id = post(service, data, headers=key).json()["id"]
    service.call("DELETE", f"/assets/{asset_id}")
    problem(post(service, data, headers=key), 404, "not_found")


@pytest.mark.parametrize("data", [b"", b"neither picture nor video"])
def test_what_is_no_media_is_refused(service: Service, data: bytes) -> None:
    answer = post(service, data)
    assert answer.status_code in (415, 422)
    assert answer.json()["code"] in ("media_unreadable", "media_unsupported")


def test_too_much_is_refused_by_what_is_declared_and_by_what_comes(service: Service) -> None:
    data = fake_media(filler=b"x" * 100_000)
    problem(post(service, data), 413, "media_too_large")


def test_json_is_no_file(service: Service) -> None:
    answer = post(service, b"{}", headers={"Content-Type": "application/json"})
    problem(answer, 415, "unsupported_body")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=", b""),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"junk"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\n1",
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n1\r\n--x--\r\n',
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\ncut off',
        ),
        ("multipart/form-data; boundary=" + "y" * 300, b"--y\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nA: " + b"b" * 50_000),
    ],
)
def test_broken_forms_are_refused(service: Service, kind: str, body: bytes) -> None:
    problem(post(service, body, headers={"Content-Type": kind}), 400, "malformed_body")
    assert stored(service) == 0


@pytest.mark.parametrize("first", [True, False])
def test_another_field_is_refused_by_name(service: Service, first: bool) -> None:
    fields = [("note", (None, b"hello")), ("file", ("a.png", fake_media()))]
    told = problem(form(service, fields if first else fields[::-1]), 422, "invalid_request")
    assert [(one["in"], one["pointer"]) for one in told["errors"]] == [("body", "/note")]
    assert stored(service) == 0
    assert service.blobs.list_keys("", service.clock() + 1) == []


def test_one_file_at_a_time(service: Service) -> None:
    files = [("file", ("a.png", fake_media())), ("file", ("b.png", fake_media(filler=b"b")))]
    problem(form(service, files), 400, "malformed_body")
    assert stored(service) == 0


def test_file_names_are_only_names(service: Service) -> None:
    answer = form(service, {"file": ("../../etc/passwd", fake_media())})
    assert answer.json()["filename"] == "passwd"
    answer = post(service, fake_media(filler=b"2"), params={"filename": "a/b"})
    problem(answer, 422, "invalid_request")
