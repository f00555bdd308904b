"""POST /assets/imports"""

from __future__ import annotations

import pytest

from personae.adapters.fetch.fake import FakePage
from personae.adapters.media_host.fake import fake_media
from wire.checks import problem, strangers_stay_out
from wire.service import Service

URL = "https://media.example.com/scenes/one.png"


def test_strangers_stay_out(service: Service) -> None:
    strangers_stay_out(service, "POST", "/assets/imports", "assets:write", {"url": URL})


def test_a_file_is_fetched(service: Service) -> None:
    service.fetcher.pages[URL] = FakePage(fake_media(width=640))
    answer = service.call("POST", "/assets/imports", {"url": URL})
    told = answer.json()
    assert answer.status_code == 201, answer.text
    assert (told["role"], told["filename"], told["facts"]["width"]) == ("import", "one.png", 640)
    assert answer.headers["location"].endswith(told["id"])


def test_a_repeated_key_fetches_once(service: Service) -> None:
    service.fetcher.pages[URL] = FakePage(fake_media())
    key = {"Idempotency-Key": "k"}
    first = service.call("POST", "/assets/imports", {"url": URL}, headers=key)
    del service.fetcher.pages[URL]
    again = service.call("POST", "/assets/imports", {"url": URL}, headers=key)
    assert first.json() == again.json()
    other = service.call("POST", "/assets/imports", {"url": f"{URL}2"}, headers=key)
    problem(other, 409, "conflict")


def test_a_failed_import_uses_up_no_key(service: Service) -> None:
    key = {"Idempotency-Key": "k"}
    answer = service.call("POST", "/assets/imports", {"url": URL}, headers=key)
    problem(answer, 422, "media_unreachable")
    service.fetcher.pages[URL] = FakePage(fake_media())
    assert service.call("POST", "/assets/imports", {"url": URL}, headers=key).status_code == 201


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("https://media.example.com/missing.png", 422, "media_unreachable"),
        ("http://127.0.0.1/x.png", 422, "address_refused"),
        ("http://[::ffff:10.0.0.1]/x.png", 422, "address_refused"),
        ("http://inside.example.com/x.png", 422, "address_refused"),
        ("https://media.example.com/moved.png", 422, "address_refused"),
        ("https://media.example.com/huge.png", 413, "media_too_large"),
        ("https://media.example.com/text.png", 415, "media_unsupported"),
        ("file:///etc/passwd", 422, "invalid_request"),
    ],
)
def test_what_cannot_be_had_is_told(service: Service, url: str, status: int, code: str) -> None:
    service.fetcher.hosts["inside.example.com"] = "10.1.2.3"
    service.fetcher.pages |= {
        "http://inside.example.com/x.png": FakePage(fake_media()),
        "https://media.example.com/moved.png": FakePage(
            status=302, location="https://inside.example.com/x.png"
        ),
        "https://media.example.com/huge.png": FakePage(fake_media(filler=b"x" * 100_000)),
        "https://media.example.com/text.png": FakePage(b"just text"),
    }
    problem(service.call("POST", "/assets/imports", {"url": url}), status, code)
