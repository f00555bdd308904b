"""Whatever goes wrong is answered in A2E's envelope, and nothing is charged for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from personae.adapters.fetch.fake import FakePage
from personae.adapters.media_host.fake import fake_media
from personae.app.submit import FEATURES
from personae.domain.tasks import TaskError
from personae.domain.tenants import SCOPES
from personae.errors import Unavailable
from personae.wire.a2e.codes import ERRORS
from personae.wire.a2e.dialect import A2e
from wire.a2e.given import BODY, FACE_URL, api, data, link, queued_task
from wire.service import CLIP, Service

NOBODYS = "0123456789abcdef01234567"
TASKS, PREVIEWS, FACES = "userFaceSwapTask", "userFaceSwapPreview", "userFaceSwapImage"
PAGES_OWN = (
    '{"name":"xxxx", "face_url":"https://a.example/f.jpg", "video_url":"https://a.example/v.mp4",}'
)


def refused(answer: httpx.Response, code: str) -> dict[str, Any]:
    """The envelope of an error, checked."""
    status, number = ERRORS[code]
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert sorted(told) == ["code", "data", "error", "message", "request_id"]
    assert (told["code"], told["error"], told["data"]) == (number, code, None)
    assert told["message"]
    assert told["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    return told


def unharmed(service: Service, tasks: int = 0, coins: int = 100) -> None:
    """Nothing was queued and nothing was charged."""
    assert len(service.queued.tasks) == tasks
    assert data(api(service, "GET", "user/remainingCoins"))["coins"] == coins


CALLS = [
    ("POST", f"{TASKS}/add", "swaps:write", BODY),
    ("GET", f"{TASKS}/status", "swaps:read", None),
    ("GET", f"{TASKS}/records", "swaps:read", None),
    ("GET", f"{TASKS}/detail?_id={NOBODYS}", "swaps:read", None),
    ("GET", f"{TASKS}/{NOBODYS}", "swaps:read", None),
    ("POST", f"{TASKS}/batchDetail", "swaps:read", {"ids": []}),
    ("DELETE", f"{TASKS}/{NOBODYS}", "swaps:write", None),
    ("POST", f"{PREVIEWS}/add", "swaps:write", BODY),
    ("GET", f"{PREVIEWS}/status?_id={NOBODYS}", "swaps:read", None),
    ("POST", f"{FACES}/add", "faces:write", {"face_url": FACE_URL}),
    ("GET", f"{FACES}/records", "faces:read", None),
    ("DELETE", f"{FACES}/{NOBODYS}", "faces:write", None),
    ("GET", "user/remainingCoins", "account:read", None),
    ("POST", "user/remainingCoins", "account:read", None),
    ("POST", "token/generate", "keys:write", {"alias": "x"}),
    ("POST", "r2/upload-presigned-url", "assets:write", {"key": "a.png"}),
    ("POST", "r2/get_upload_presigned_url", "assets:write", {"key": "a.png"}),
    ("POST", "tos/transferToStorage", "assets:write", {"url": FACE_URL}),
    ("POST", "generation/quote", "swaps:read", {"endpoint": "x", "requestBody": BODY}),
]


@pytest.mark.parametrize(("method", "path", "scope", "body"), CALLS)
def test_strangers_stay_out(
    service: Service, method: str, path: str, scope: str, body: Any
) -> None:
    url = f"/a2e/api/v1/{path}"
    bare = service.client.request(method, url, json=body)
    assert "API key" in refused(bare, "unauthorized")["message"]
    for headers in (
        {"Authorization": "Bearer sk_wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {service.key()}"},
        {"X-API-Key": service.key()},
    ):
        answer = service.client.request(method, url, json=body, headers=headers)
        refused(answer, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    others = tuple(one for one in SCOPES if one != scope)
    lacking = {"Authorization": f"Bearer {service.key(scopes=others)}"}
    answer = service.client.request(method, url, json=body, headers=lacking)
    assert scope in refused(answer, "forbidden")["message"]
    unharmed(service)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "userFaceSwapTasks", "not_found"),
        ("GET", f"{TASKS}", "not_found"),
        ("POST", f"{TASKS}/add/", "not_found"),
        ("POST", "user/exchangeDiamonds", "not_found"),
        ("GET", "transactionRecord/creditsHistory", "not_found"),
        ("GET", "../../nothing", "not_found"),
        ("PUT", f"{TASKS}/add", "method_not_allowed"),
        ("POST", f"{TASKS}/{NOBODYS}", "method_not_allowed"),
        ("DELETE", "user/remainingCoins", "method_not_allowed"),
    ],
)
def test_what_is_not_there(service: Service, method: str, path: str, code: str) -> None:
    answer = service.client.request(method, f"/a2e/api/v1/{path}", headers=service.headers())
    refused(answer, code)
    if code == "method_not_allowed":
        assert answer.headers["allow"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (PAGES_OWN, "malformed_body"),
        ("{", "malformed_body"),
        ("", "invalid_request"),
        ("null", "invalid_request"),
        ("[]", "invalid_request"),
        ('"x"', "invalid_request"),
        ("[" * 50_000, "malformed_body"),
        ('{"name": "\\ud800", "face_url": "x", "video_url": "x"}', "invalid_request"),
    ],
)
def test_bodies_that_nobody_can_read(service: Service, text: str, code: str) -> None:
    headers = service.headers(**{"Content-Type": "application/json"})
    url = f"/a2e/api/v1/{TASKS}/add"
    refused(service.client.request("POST", url, content=text.encode(), headers=headers), code)
    unharmed(service)


def test_bodies_of_another_kind_or_length(service: Service) -> None:
    url = f"/a2e/api/v1/{TASKS}/add"
    form = service.client.request("POST", url, data={"name": "x"}, headers=service.headers())
    refused(form, "unsupported_body")
    large = {**BODY, "more": "x" * (1 << 20)}
    refused(api(service, "POST", f"{TASKS}/add", large), "body_too_large")
    headers = service.headers(**{"Content-Length": "many", "Content-Type": "application/json"})
    odd = service.client.request("POST", url, content=b"{}", headers=headers)
    refused(odd, "bad_request")
    unharmed(service)


@pytest.mark.parametrize("missing", ["name", "face_url", "video_url"])
def test_what_the_page_requires_is_required(service: Service, missing: str) -> None:
    body = {name: value for name, value in BODY.items() if name != missing}
    told = refused(api(service, "POST", f"{TASKS}/add", body), "invalid_request")
    assert missing in told["message"]
    refused(api(service, "POST", f"{TASKS}/add", {**BODY, missing: None}), "invalid_request")
    unharmed(service)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "x" * 501}, "invalid_request"),
        ({"name": {}}, "invalid_request"),
        ({"face_url": ""}, "invalid_request"),
        ({"face_url": "face.jpg"}, "invalid_request"),
        ({"face_url": "ftp://media.example.com/a.jpg"}, "invalid_request"),
        ({"video_url": "data:image/png;base64,AAAA"}, "invalid_request"),
        ({"video_url": "https://a.example/" + "x" * 9000}, "invalid_request"),
        ({"video_url": "https://a.example/\x00"}, "invalid_request"),
        ({"model_version": "v3"}, "invalid_request"),
        ({"webhook_url": "hooks"}, "invalid_request"),
        ({"webhook_url": "https://a.example/" + "x" * 2048}, "invalid_request"),
        ({"webhook_token": "x" * 257}, "invalid_request"),
        ({"webhook_token": "a\r\nX-Admin: 1"}, "invalid_request"),
        ({"face_url": "http://127.0.0.1/a.jpg"}, "address_refused"),
        ({"video_url": "http://169.254.169.254/latest/meta-data"}, "address_refused"),
        ({"webhook_url": "http://10.0.0.1/hook"}, "address_refused"),
    ],
)
def test_what_makes_no_sense_is_refused(
    service: Service, change: dict[str, Any], code: str
) -> None:
    refused(api(service, "POST", f"{TASKS}/add", {**BODY, **change}), code)
    unharmed(service)


@pytest.mark.parametrize("bad", ["x", "0123", "g" * 24, "0" * 25, "%00" * 24, "é" * 24])
def test_ids_that_are_none(service: Service, bad: str) -> None:
    for method, path in (
        ("GET", f"{TASKS}/{bad}"),
        ("DELETE", f"{TASKS}/{bad}"),
        ("GET", f"{TASKS}/detail?_id={bad}"),
        ("GET", f"{TASKS}/status?_id={bad}"),
        ("GET", f"{PREVIEWS}/status?_id={bad}"),
        ("DELETE", f"{FACES}/{bad}"),
    ):
        refused(api(service, method, path), "invalid_request")
    refused(api(service, "POST", f"{TASKS}/batchDetail", {"ids": [bad]}), "invalid_request")


@pytest.mark.parametrize(
    "query",
    [
        {"pageNum": "0"},
        {"pageNum": "-1"},
        {"pageNum": "x"},
        {"pageNum": ""},
        {"pageNum": "1.5"},
        {"pageNum": str(10**30)},
        {"pageSize": "0"},
        {"pageSize": "101"},
        {"pageSize": "ten"},
    ],
)
def test_pages_that_are_none(service: Service, query: dict[str, str]) -> None:
    refused(api(service, "GET", f"{TASKS}/records", params=query), "invalid_request")


def test_what_is_not_ours_is_not_there(service: Service) -> None:
    queued_task(service)
    theirs = data(api(service, "POST", f"{TASKS}/add", BODY, as_="theirs"))["_id"]
    url = link(service, "theirs.png", name="theirs")
    kept = data(api(service, "POST", f"{FACES}/add", {"face_url": url}, as_="theirs"))[0]["_id"]
    preview = data(api(service, "POST", f"{PREVIEWS}/add", BODY, as_="theirs"))["_id"]
    for name in (theirs, preview, kept, NOBODYS):
        for method, path in (
            ("GET", f"{TASKS}/{name}"),
            ("DELETE", f"{TASKS}/{name}"),
            ("GET", f"{TASKS}/detail?_id={name}"),
            ("GET", f"{TASKS}/status?_id={name}"),
            ("GET", f"{PREVIEWS}/status?_id={name}"),
            ("DELETE", f"{FACES}/{name}"),
        ):
            refused(api(service, method, path), "not_found")
        body = {"ids": [name]}
        assert data(api(service, "POST", f"{TASKS}/batchDetail", body)) == []
    for stolen in ({"face_url": url}, {"video_url": url}):
        refused(api(service, "POST", f"{TASKS}/add", {**BODY, **stolen}), "not_found")
    refused(api(service, "POST", f"{FACES}/add", {"face_url": url}), "not_found")
    refused(api(service, "POST", "tos/transferToStorage", {"url": url}), "not_found")
    assert data(api(service, "GET", f"{TASKS}/records"))["count"] == 1
    assert data(api(service, "GET", f"{FACES}/records")) == []


def test_a_task_of_one_kind_is_none_of_another(service: Service) -> None:
    name = queued_task(service)["id"]
    preview = data(api(service, "POST", f"{PREVIEWS}/add", BODY))["_id"]
    refused(api(service, "GET", f"{PREVIEWS}/status?_id={name}"), "not_found")
    refused(api(service, "GET", f"{TASKS}/{preview}"), "not_found")
    refused(api(service, "DELETE", f"{TASKS}/{preview}"), "not_found")


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (None, "media_unreachable"),
        (FakePage(status=404), "media_unreachable"),
        (FakePage(b"some text"), "media_unsupported"),
        (FakePage(fake_media(crash=True)), "media_unreadable"),
        (FakePage(fake_media() + b"x" * 100_001), "media_too_large"),
        (FakePage(location="http://127.0.0.1/"), "address_refused"),
    ],
)
def test_files_that_cannot_be_taken(service: Service, page: FakePage | None, code: str) -> None:
    if page is not None:
        if page.location:
            page = replace(page, status=302)
        service.fetcher.pages[FACE_URL] = page
    refused(api(service, "POST", "tos/transferToStorage", {"url": FACE_URL}), code)
    refused(api(service, "POST", f"{FACES}/add", {"face_url": FACE_URL}), code)
    assert data(api(service, "GET", f"{FACES}/records")) == []


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ({"faces": 0}, "face_not_found"),
        ({"faces": 3}, "several_faces"),
        ({"poor": True}, "donor_unusable"),
    ],
)
def test_photos_that_no_swap_could_use_are_not_kept(
    service: Service, script: dict[str, Any], code: str
) -> None:
    service.fetcher.pages[FACE_URL] = FakePage(fake_media(**script))
    refused(api(service, "POST", f"{FACES}/add", {"face_url": FACE_URL}), code)
    assert data(api(service, "GET", f"{FACES}/records")) == []


def test_only_pictures_are_faces(service: Service) -> None:
    url = link(service, "clip.mp4", facts=CLIP)
    refused(api(service, "POST", f"{FACES}/add", {"face_url": url}), "invalid_request")
    refused(api(service, "POST", f"{TASKS}/add", {**BODY, "face_url": url}), "invalid_request")
    body = {**BODY, "video_url": url, "model_version": "v2"}
    told = refused(api(service, "POST", f"{TASKS}/add", body), "invalid_request")
    assert "video" in told["message"]
    unharmed(service)


def test_uploads_that_are_not_there(service: Service) -> None:
    told = data(api(service, "POST", "r2/upload-presigned-url", {"key": "a.png"}))
    body = {**BODY, "video_url": told["cdnUrl"]}
    refused(api(service, "POST", f"{TASKS}/add", body), "conflict")
    service.clock.advance(30 * 86400)
    refused(api(service, "POST", f"{TASKS}/add", body), "expired")
    unharmed(service)


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("r2/upload-presigned-url", {"key": ""}),
        ("r2/upload-presigned-url", {"contentType": "a video"}),
        ("r2/upload-presigned-url", {"expiresIn": 59}),
        ("r2/upload-presigned-url", {"contentLength": 0}),
        ("r2/get_upload_presigned_url", {"fileSize": "big"}),
        ("token/generate", {"alias": ""}),
        ("token/generate", {"alias": "x" * 101}),
        ("generation/quote", {"endpoint": "/api/v1/video/generate"}),
        ("generation/quote", {"requestBody": {"face_url": FACE_URL}}),
        ("generation/quote", {"requestBody": None}),
        (f"{TASKS}/batchDetail", {"ids": [NOBODYS] * 101}),
        (f"{TASKS}/batchDetail", {"ids": NOBODYS}),
        (f"{TASKS}/batchDetail", {"ids": [None]}),
    ],
)
def test_what_else_breaks_the_schema(service: Service, path: str, change: dict[str, Any]) -> None:
    body = {
        "key": "a.png",
        "alias": "x",
        "endpoint": f"/api/v1/{TASKS}/add",
        "requestBody": BODY,
        **change,
    }
    refused(api(service, "POST", path, body), "invalid_request")


def test_an_empty_account_is_told(service: Service) -> None:
    service.tenant("poor", credits=0)
    refused(api(service, "POST", f"{TASKS}/add", BODY, as_="poor"), "insufficient_credits")
    assert service.queued.tasks == []


def test_an_operator_can_close(opened: Callable[..., Service]) -> None:
    service = opened((A2e(),), maintenance=True)
    answer = api(service, "POST", f"{TASKS}/add", BODY)
    refused(answer, "maintenance")
    assert answer.headers["retry-after"]
    assert data(api(service, "GET", f"{TASKS}/records"))["count"] == 0


def test_an_operator_can_switch_features_off(opened: Callable[..., Service]) -> None:
    service = opened((A2e(),), disabled=frozenset(FEATURES))
    refused(api(service, "POST", f"{TASKS}/add", BODY), "feature_disabled")
    refused(api(service, "POST", f"{PREVIEWS}/add", BODY), "feature_disabled")
    unharmed(service)


def test_a_body_that_stops_is_told(opened: Callable[..., Service]) -> None:
    service = opened((A2e(),), body_idle_s=0.05)

    async def stalling() -> AsyncIterator[bytes]:
        yield b'{"name": '
        await asyncio.sleep(5)

    headers = service.headers(**{"Content-Type": "application/json"})
    url = f"/a2e/api/v1/{TASKS}/add"
    refused(
        service.client.request("POST", url, content=stalling(), headers=headers), "body_stalled"
    )
    unharmed(service)


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_why_a_task_failed_is_told(service: Service, code: str) -> None:
    names = queued_task(service)
    service.fail(names["task"], TaskError(code, "Why."))
    number = ERRORS[code][1]
    row = data(api(service, "GET", f"{TASKS}/{names['id']}"))
    assert (row["current_status"], row["error_code"]) == ("failed", str(number))
    assert (row["faild_message"], row["failed_code"]) == ("Why.", code)
    [told] = data(api(service, "GET", f"{TASKS}/status?_id={names['id']}"))
    assert (told["error_code"], told["faild_message"]) == (number, "Why.")


def test_too_many_requests_are_told(opened: Callable[..., Service]) -> None:
    service = opened((A2e(),), rate_burst=1, rate_per_s=0.001)
    data(api(service, "GET", f"{TASKS}/records"))
    answer = api(service, "GET", f"{TASKS}/records")
    refused(answer, "rate_limited")
    assert int(answer.headers["retry-after"]) > 0


def test_our_own_failures_are_told(service: Service) -> None:
    service.key()

    class Broken:
        def __init__(self, error: Exception) -> None:
            self.error = error

        async def aread(self, work: Any) -> Any:
            raise self.error

        awrite = aread

    data(api(service, "GET", f"{TASKS}/records"))  # So that the key is known.
    for error, code in ((KeyError("secret"), "internal_error"), (Unavailable(), "unavailable")):
        service.break_database(Broken(error))
        answer = api(service, "POST", f"{TASKS}/add", BODY)
        refused(answer, code)
        assert "secret" not in answer.text
