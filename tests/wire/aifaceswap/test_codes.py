"""The table of codes is whole, and every code of it can be provoked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest

from personae.domain.tasks import TaskError, TaskStatus
from personae.wire.aifaceswap.codes import CODES, SUCCESS, code_of
from personae.wire.aifaceswap.dialect import Aifaceswap
from personae.wire.aifaceswap.settings import AifaceswapSettings
from personae.wire.problems import WIRE_CODES, classes
from wire.aifaceswap.given import (
    API,
    FACE,
    HOOK,
    PICTURE,
    VIDEO,
    at_work,
    balance,
    call,
    clip,
    link,
    refused,
    told,
)
from wire.service import Service

SWAP = {"source_image": PICTURE, "face_image": FACE, "webhook": HOOK}
CALLS: dict[str, dict[str, Any]] = {
    "/faceswap": SWAP,
    "/extract_face": {"img": PICTURE},
    "/multi_faceswap": {"source_image": PICTURE, "face_image": [FACE], "index": [0]},
    "/video_faceswap": {"source_video": VIDEO, "face_image": FACE, "duration": 5},
    "/extract_base64_face": {"base64_img": PICTURE},
    "/multi_video_faceswap": {
        "source_video": VIDEO,
        "ref_info": [{"face_ref": FACE, "face_url": FACE}],
    },
}


def with_settings(opened: Callable[..., Service], **settings: Any) -> Service:
    return opened((Aifaceswap(AifaceswapSettings()),), **settings)


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return with_settings(opened)


def untouched(service: Service) -> None:
    """Nothing was taken on, and nothing charged."""
    assert service.queued.tasks == []
    assert balance(service) == (100, 0)


def test_nothing_is_missing() -> None:
    assert set(CODES) == set(classes()) | set(WIRE_CODES)
    assert set(SUCCESS) == set(get_args(TaskStatus))
    for error, code in CODES.items():
        caller = WIRE_CODES[error][0] < 500 if error in WIRE_CODES else None
        if caller is None:
            caller = classes()[error].fault == "caller"
        assert caller == (400 <= code < 500), error
    assert code_of("from_the_future") == 500


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer pk_x"}],
)
def test_401(service: Service, path: str, headers: dict[str, str]) -> None:
    answer = service.client.request("POST", f"{API}{path}", json={"junk": 1}, headers=headers)
    refused(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", CALLS)
def test_402(opened: Callable[..., Service], path: str) -> None:
    service = with_settings(opened)
    service.tenant("poor", credits=1)
    answer = call(service, "POST", path, CALLS[path], as_="poor")
    assert "credits" in refused(answer, 402, "insufficient_credits")
    assert service.queued.tasks == []
    assert balance(service, "poor") == (1, 0)


def test_403(service: Service) -> None:
    key = {"Authorization": f"Bearer {service.key(scopes=('account:read',))}"}
    for path, body in CALLS.items():
        answer = service.client.request("POST", f"{API}{path}", json=body, headers=key)
        assert "swaps:write" in refused(answer, 403, "forbidden")
    assert service.client.get(f"{API}/points", headers=key).json()["code"] == 200
    untouched(service)


def test_403_of_what_is_switched_off(opened: Callable[..., Service]) -> None:
    everything = frozenset({"image_swap", "video_swap", "detection"})
    service = with_settings(opened, disabled=everything)
    for path, body in CALLS.items():
        refused(call(service, "POST", path, body), 403, "feature_disabled")
    untouched(service)


@pytest.mark.parametrize("path", ["", "/nothing", "/faceswap/", "/faceswap/more"])
def test_404(service: Service, path: str) -> None:
    refused(call(service, "POST", path, SWAP), 404, "not_found")
    refused(service.client.get("/aifaceswap/"), 404, "not_found")


@pytest.mark.parametrize("name", ["", "x", "0" * 32, "\x00" * 32, "é" * 32, "a" * 5000])
def test_404_of_tasks(service: Service, name: str) -> None:
    answer = call(service, "GET", "/task_status", params={"task_id": name})
    assert len(refused(answer, 404, "not_found")) < 200
    refused(call(service, "POST", "/task_status", {"task_id": name}), 404, "not_found")


def test_404_of_tasks_of_others(service: Service) -> None:
    task_id = told(service, "/faceswap", SWAP)["task_id"]
    answer = call(service, "GET", "/task_status", params={"task_id": task_id}, as_="theirs")
    refused(answer, 404, "not_found")


def test_405(service: Service) -> None:
    for path in CALLS:
        answer = call(service, "GET", path)
        refused(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "POST"


def test_409_of_an_upload_that_has_not_come(service: Service) -> None:
    reserved = {"content_type": "image/png", "size_bytes": 100, "filename": "face.png"}
    asset_id = service.call("POST", "/assets/uploads", reserved).json()["asset"]["id"]
    asset = service.database.read(lambda tx: tx.assets.get(None, asset_id))
    assert asset is not None
    body = {**SWAP, "face_image": link(service, asset)}
    assert "face_image" in refused(call(service, "POST", "/faceswap", body), 409, "conflict")
    untouched(service)


def test_410(service: Service) -> None:
    body = {**SWAP, "source_image": link(service, service.asset())}
    service.clock.advance(4000)
    assert "source_image" in refused(call(service, "POST", "/faceswap", body), 410, "expired")


def test_413(opened: Callable[..., Service]) -> None:
    service = with_settings(opened, json_limit_bytes=1000, inline_limit_bytes=5000)
    for path, body in CALLS.items():
        assert call(service, "POST", path, {**body, "more": "x" * 6000}).json()["code"] == 413
    answer = call(service, "POST", "/faceswap", {**SWAP, "more": "x" * 3000})
    assert answer.json()["code"] == 200


def test_415(service: Service) -> None:
    headers = {"Content-Type": "text/plain"}
    answer = call(service, "POST", "/faceswap", headers=headers, content=b"source_image: a")
    refused(answer, 415, "unsupported_body")


def test_422_of_addresses(service: Service) -> None:
    for field in SWAP:
        answer = call(service, "POST", "/faceswap", {**SWAP, field: "http://127.0.0.1/x.png"})
        assert refused(answer, 422, "address_refused").startswith(f"{field}: ")
    untouched(service)


def test_429(opened: Callable[..., Service]) -> None:
    service = with_settings(opened, rate_burst=1, rate_per_s=0.001)
    assert call(service, "GET", "/points").json()["code"] == 200
    answer = call(service, "GET", "/points")
    refused(answer, 429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 0


def test_500_tells_nothing(service: Service) -> None:
    class Broken:
        async def aread(self, work: Any) -> Any:
            raise KeyError("secret of the house")

        awrite = aread

    service.headers()
    assert call(service, "GET", "/points").json()["code"] == 200
    service.break_database(Broken())
    for path, body in CALLS.items():
        assert "secret" not in refused(call(service, "POST", path, body), 500, "internal_error")


def test_503(opened: Callable[..., Service]) -> None:
    service = with_settings(opened, maintenance=True)
    for path, body in CALLS.items():
        refused(call(service, "POST", path, body), 503, "maintenance")
    assert call(service, "GET", "/points").json()["code"] == 200


@pytest.mark.parametrize("error", [code for code in classes() if code != "canceled"])
def test_what_ends_a_search_is_told_with_its_code(service: Service, error: str) -> None:
    at_work(service, TaskError(error, "It was so.", False, "caller", "scene"))
    answer = call(service, "POST", "/extract_face", {"img": PICTURE})
    assert refused(answer, CODES[error], error) == "It was so."
    assert balance(service) == (100, 0)


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"x"', "{} {}", '{"a": 1,}', '{"pos": [[1, 2],],}', "[" * 100_000],
)
def test_400_of_what_is_no_request(service: Service, path: str, text: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = call(service, "POST", path, headers=headers, content=text.encode())
    refused(answer, 400)
    untouched(service)


@pytest.mark.parametrize("data", [b"\xff\xfe{", b'{"img": "\xff"}', b'{"img": "\\ud800"}', b"\x00"])
def test_400_of_bytes_that_are_no_text(service: Service, data: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = call(service, "POST", "/extract_face", headers=headers, content=data)
    refused(answer, 400)
    untouched(service)


@pytest.mark.parametrize(
    ("path", "change", "where"),
    [
        ("/faceswap", {"source_image": ""}, "/source_image"),
        ("/faceswap", {"source_image": 7}, "/source_image"),
        ("/faceswap", {"face_image": None}, "/face_image"),
        ("/faceswap", {"face_image": [FACE]}, "/face_image"),
        ("/faceswap", {"webhook": 7}, "/webhook"),
        ("/faceswap", {"face_image": "/static/face.webp"}, "face_image: "),
        ("/faceswap", {"face_image": "ftp://media.example.com/face.png"}, "face_image: "),
        ("/faceswap", {"face_image": "data:image/png;base64,"}, "face_image: "),
        ("/faceswap", {"webhook": "nowhere"}, "webhook: "),
        ("/multi_faceswap", {"index": []}, "/index"),
        ("/multi_faceswap", {"index": ["first"]}, "/index/0"),
        ("/multi_faceswap", {"index": [0.5]}, "/index/0"),
        ("/multi_faceswap", {"index": [-1]}, "numbered from 0"),
        ("/multi_faceswap", {"index": [0, 1]}, "one index for each"),
        ("/multi_faceswap", {"index": [1, 1], "face_image": [FACE, PICTURE]}, "twice"),
        ("/multi_faceswap", {"face_image": []}, "/face_image"),
        ("/multi_faceswap", {"face_image": [{}]}, "/face_image/0"),
        ("/multi_faceswap", {"face_image": "[" * 100_000}, "/face_image"),
        ("/video_faceswap", {"duration": -1}, "No video is -1 s long"),
        ("/video_faceswap", {"duration": "nan"}, "No video is nan s long"),
        ("/video_faceswap", {"duration": 1e300}, "s long"),
        ("/video_faceswap", {"duration": "long"}, "/duration"),
        ("/video_faceswap", {"enhance": 3}, "/enhance"),
        ("/video_faceswap", {"enhance": "much"}, "/enhance"),
        ("/multi_video_faceswap", {"ref_info": []}, "/ref_info"),
        ("/multi_video_faceswap", {"ref_info": [{"face_url": FACE}]}, "/ref_info/0/face_ref"),
        ("/multi_video_faceswap", {"ref_info": [{"face_ref": FACE}]}, "/ref_info/0/face_url"),
        ("/multi_video_faceswap", {"ref_info": "{"}, "/ref_info"),
        (
            "/multi_video_faceswap",
            {"ref_info": [{"face_ref": FACE, "face_url": FACE}] * 2},
            "same scene face",
        ),
    ],
)
def test_400_says_what_is_wrong(
    service: Service, path: str, change: dict[str, Any], where: str
) -> None:
    answer = call(service, "POST", path, {**CALLS[path], **change})
    assert where in refused(answer, 400, "invalid_request")
    untouched(service)


def test_400_of_media_of_another_kind(service: Service) -> None:
    video, picture = clip(service)["clip_url"], link(service, service.asset())
    for path, change in (
        ("/faceswap", {"source_image": video}),
        ("/faceswap", {"face_image": video}),
        ("/extract_face", {"img": video}),
        ("/video_faceswap", {"source_video": picture}),
    ):
        answer = call(service, "POST", path, {**CALLS[path], **change})
        refused(answer, 400, "invalid_request")
    untouched(service)


def test_errors_can_be_answered_with_200(opened: Callable[..., Service]) -> None:
    service = opened((Aifaceswap(AifaceswapSettings(http_status="ok")),))
    for answer, code in (
        (call(service, "POST", "/faceswap", {}), 400),
        (call(service, "POST", "/nothing"), 404),
        (service.client.get(f"{API}/points"), 401),
    ):
        assert (answer.status_code, answer.json()["code"]) == (200, code)
