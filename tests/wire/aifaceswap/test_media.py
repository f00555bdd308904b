"""Whatever a client sends its media as, a task gets the same."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from personae.adapters.media_host.fake import fake_media
from personae.domain.media import Asset, MediaFacts
from personae.domain.swap import SwapRequest
from personae.domain.tasks import TaskError
from personae.wire.aifaceswap.dialect import Aifaceswap
from personae.wire.aifaceswap.settings import AifaceswapSettings
from wire.aifaceswap.given import (
    FACE,
    HOOK,
    PICTURE,
    VIDEO,
    base64_picture,
    call,
    clip,
    link,
    refused,
    row_of,
    told,
)
from wire.service import Service

SCENE = fake_media(width=640, height=480, filler=b"scene")
DONOR = fake_media(width=320, height=240, filler=b"donor")
OTHER = fake_media(width=320, height=240, filler=b"other")


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return opened((Aifaceswap(AifaceswapSettings()),))


def asked(service: Service, path: str, body: Any = None, **more: Any) -> SwapRequest:
    """What became of a request."""
    task_id = told(service, path, body, **more)["task_id"]
    assert len(task_id) == 32
    assert set(task_id) <= set("0123456789abcdef")
    return SwapRequest.from_json(row_of(service, task_id).request)


def stored(service: Service, asset_id: str | None) -> bytes:
    """The bytes of one of our assets."""
    assert asset_id is not None
    tenant_id = service.tenant()
    asset = service.database.read(lambda tx: tx.assets.get(tenant_id, asset_id))
    assert isinstance(asset, Asset)
    return service.blobs.get_bytes(asset.blob_key)


def pair(service: Service, request: SwapRequest) -> tuple[bytes, bytes]:
    """Scene and donor of a task, both stored."""
    donor = request.mappings[0].donors[0]
    return stored(service, request.scene.asset_id), stored(service, donor.asset_id)


def test_urls_are_left_to_the_worker(service: Service) -> None:
    request = asked(service, "/faceswap", {"source_image": f" {PICTURE}\n", "face_image": FACE})
    assert (request.scene.url, request.mappings[0].donors[0].url) == (PICTURE, FACE)
    assert service.queued.tasks[0].callback is None


def test_text_may_be_base64_or_a_data_url(service: Service) -> None:
    scene = base64.encodebytes(SCENE).decode()
    donor = f"data:image/png;base64,{base64.urlsafe_b64encode(DONOR).decode().rstrip('=')}"
    body = {"source_image": scene, "face_image": donor}
    assert pair(service, asked(service, "/faceswap", body)) == (SCENE, DONOR)


def test_files_come_in_a_form(service: Service) -> None:
    files = {"source_image": ("a.png", SCENE), "face_image": ("b.png", DONOR)}
    request = asked(service, "/faceswap", files=files, data={"webhook": HOOK, "token": "x"})
    assert pair(service, request) == (SCENE, DONOR)
    assert service.queued.tasks[0].callback == {"url": HOOK, "headers": {}}


def test_a_form_may_mix_files_urls_and_base64(service: Service) -> None:
    files = [("source_image", ("a.png", SCENE)), ("junk", ("j.bin", b"x" * 9))]
    request = asked(service, "/faceswap", files=files, data={"face_image": FACE})
    assert stored(service, request.scene.asset_id) == SCENE
    assert request.mappings[0].donors[0].url == FACE
    files = {"face_image": ("b.png", DONOR)}
    data = {"source_image": base64.b64encode(SCENE).decode()}
    assert pair(service, asked(service, "/faceswap", files=files, data=data)) == (SCENE, DONOR)


def test_a_form_without_files_will_do(service: Service) -> None:
    data = {"source_image": PICTURE, "face_image": FACE, "webhook": ""}
    request = asked(service, "/faceswap", data=data)
    assert (request.scene.url, request.mappings[0].donors[0].url) == (PICTURE, FACE)
    assert service.queued.tasks[0].callback is None


@pytest.mark.parametrize("index", [["0", "2"], "0,2", "[0, 2]"])
@pytest.mark.parametrize("name", ["face_image", "face_image[]"])
def test_lists_of_a_form(service: Service, index: Any, name: str) -> None:
    files = [(name, ("b.png", DONOR)), (name, ("c.png", OTHER))]
    key = "index[]" if isinstance(index, list) else "index"
    data = {"source_image": PICTURE, key: index}
    request = asked(service, "/multi_faceswap", files=files, data=data)
    assert [one.scene_face.index for one in request.mappings] == [0, 2]
    donors = [stored(service, one.donors[0].asset_id) for one in request.mappings]
    assert donors == [DONOR, OTHER]


def test_one_new_face_needs_no_list(service: Service) -> None:
    for body in (
        {"source_image": PICTURE, "face_image": FACE, "index": "1"},
        {"source_image": PICTURE, "face_image": [FACE], "index": [1.0]},
    ):
        request = asked(service, "/multi_faceswap", body)
        assert [one.scene_face.index for one in request.mappings] == [1]


def test_people_of_a_video_in_a_form(service: Service) -> None:
    people = [{"face_ref": base64.b64encode(DONOR).decode(), "face_url": FACE}]
    data = {"source_video": VIDEO, "ref_info": json.dumps(people), "duration": "2", "enhance": "1"}
    request = asked(service, "/multi_video_faceswap", data=data)
    reference = request.mappings[0].scene_face.reference
    assert reference is not None
    assert stored(service, reference.asset_id) == DONOR
    assert (request.declared_s, request.restore) == (2.0, 0.8)
    assert (request.output.max_long_px, request.output.max_short_px) == (1920, 1080)


def test_what_was_left_out_is_assumed(service: Service) -> None:
    data = {"source_video": VIDEO, "face_image": FACE, "duration": "", "enhance": ""}
    task_id = told(service, "/video_faceswap", data=data)["task_id"]
    row = row_of(service, task_id)
    assert (row.request["declared_s"], row.request["tariff"]) == (None, "video_faceswap_0")
    assert row.credits_held == 20  # Ten seconds, until somebody has measured it.
    measured = {"source_video": clip(service)["clip_url"], "face_image": FACE}
    assert told(service, "/video_faceswap", measured)["points"] == 10


def test_our_own_links_are_known_with_and_without_the_host(service: Service) -> None:
    asset = service.asset()
    url = link(service, asset)
    parts = urlsplit(url)
    relative = f"{parts.path}?{parts.query}"
    for text in (url, relative, relative[1:]):
        request = asked(service, "/faceswap", {"source_image": text, "face_image": FACE})
        assert request.scene.asset_id == asset.id


def test_links_of_others_lead_nowhere(service: Service) -> None:
    url = urlsplit(link(service, service.asset(name="theirs")))
    relative = f"{url.path}?{url.query}"
    answer = call(service, "POST", "/faceswap", {"source_image": relative, "face_image": FACE})
    refused(answer, 404, "not_found")
    forged = relative.replace("sig=", "sig=A")
    answer = call(service, "POST", "/faceswap", {"source_image": forged, "face_image": FACE})
    assert refused(answer, 400, "invalid_request").startswith("source_image: ")


def test_what_is_no_media_is_refused_by_its_field(service: Service) -> None:
    text = base64.b64encode(b"notes").decode()
    answer = call(service, "POST", "/faceswap", {"source_image": PICTURE, "face_image": text})
    assert refused(answer, 415, "media_unsupported").startswith("face_image: ")
    files = {"source_image": ("a.txt", b"notes")}
    answer = call(service, "POST", "/faceswap", files=files, data={"face_image": FACE})
    refused(answer, 415, "media_unsupported")
    files = {"source_image": ("", b"")}
    answer = call(service, "POST", "/faceswap", files=files, data={"face_image": FACE})
    assert "/source_image" in refused(answer, 400, "invalid_request")
    assert service.queued.tasks == []


def test_text_of_a_form_has_its_limit(opened: Callable[..., Service]) -> None:
    dialect = Aifaceswap(AifaceswapSettings())
    service = opened((dialect,), json_limit_bytes=1000, inline_limit_bytes=2000)
    files = {"face_image": ("b.png", DONOR + b"x" * 50_000)}
    answer = call(service, "POST", "/faceswap", files=files, data={"source_image": "x" * 3000})
    refused(answer, 413, "body_too_large")
    assert asked(service, "/faceswap", files=files, data={"source_image": PICTURE})


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_json_is_known_without_its_header(service: Service, kind: str) -> None:
    content = json.dumps({"source_image": PICTURE, "face_image": FACE}).encode()
    headers = {"Content-Type": kind}
    answer = call(service, "POST", "/faceswap", headers=headers, content=content)
    assert answer.json()["code"] == 200


def test_a_host_of_its_own(opened: Callable[..., Service]) -> None:
    dialect = Aifaceswap(AifaceswapSettings())
    service = opened((dialect,), hosts={"faces.example": "aifaceswap"})
    headers = {**service.headers(), "Host": "faces.example"}
    body = {"source_image": PICTURE, "face_image": FACE}
    answer = service.client.request(
        "POST", "/api/aifaceswap/v1/faceswap", json=body, headers=headers
    )
    assert answer.json()["message"] == "OK"
    refused(service.client.request("POST", "/api/nothing", headers=headers), 404, "not_found")


def test_the_calls_for_one_person_can_change_everybody(opened: Callable[..., Service]) -> None:
    service = opened((Aifaceswap(AifaceswapSettings(scene_faces="all", restore=0.5)),))
    request = asked(service, "/faceswap", {"source_image": PICTURE, "face_image": FACE})
    assert request.mappings[0].scene_face.choice == "all"
    body = {"source_video": VIDEO, "face_image": FACE, "duration": 5, "enhance": 1}
    request = asked(service, "/video_faceswap", body)
    assert (request.mappings[0].scene_face.choice, request.restore) == ("all", 0.5)


def test_a_webhook_in_the_operators_words(opened: Callable[..., Service]) -> None:
    settings = AifaceswapSettings(video_type=7, multi_video_type=8, video_key="video_url")
    service = opened((Aifaceswap(settings),))
    body = {"source_video": VIDEO, "face_image": FACE}
    task_id = told(service, "/video_faceswap", body)["task_id"]
    shown = told(service, "/task_status", {"task_id": task_id})
    assert (shown["type"], shown["video_url"]) == (7, "")
    people = [{"face_ref": base64_picture(), "face_url": FACE}]
    body = {"source_video": VIDEO, "ref_info": people}
    task_id = told(service, "/multi_video_faceswap", body)["task_id"]
    assert told(service, "/task_status", {"task_id": task_id})["type"] == 8


def test_a_result_that_is_gone_is_an_empty_address(service: Service) -> None:
    task_id = told(service, "/faceswap", {"source_image": PICTURE, "face_image": FACE})["task_id"]
    asset = service.succeed(row_of(service, task_id).id)
    assert told(service, "/task_status", {"task_id": task_id})["result_image"]
    now = service.clock()
    service.database.write(lambda tx: tx.assets.remove(asset.tenant_id, asset.id, now))
    shown = told(service, "/task_status", {"task_id": task_id})
    assert (shown["success"], shown["result_image"]) == (1, "")


def test_an_animation_is_a_picture_that_moves(service: Service) -> None:
    gif = MediaFacts("animation", "image/gif", 320, 240, duration_s=4.0, frames=40, fps=10.0)
    url = link(service, service.asset(gif, b"bytes of an animation"))
    made = told(service, "/faceswap", {"source_image": url, "face_image": FACE})
    assert (made["points"], row_of(service, made["task_id"]).kind) == (2, "swap_video")
    service.succeed(row_of(service, made["task_id"]).id)
    shown = told(service, "/task_status", {"task_id": made["task_id"]})
    assert shown["type"] == 1
    assert "result_video" not in shown


def test_what_was_canceled_has_failed(service: Service) -> None:
    task_id = told(service, "/faceswap", {"source_image": PICTURE, "face_image": FACE})["task_id"]
    service.call("POST", f"/swaps/{row_of(service, task_id).id}/cancel")
    shown = told(service, "/task_status", {"task_id": task_id})
    assert (shown["status"], shown["success"], shown["points"]) == ("canceled", 0, 0)
    assert shown["error"] == "canceled"


def test_too_few_points_for_the_measured_length_fail_the_task(service: Service) -> None:
    body = {"source_video": VIDEO, "face_image": FACE, "duration": 5, "webhook": HOOK}
    task_id = told(service, "/video_faceswap", body)["task_id"]
    why = TaskError("insufficient_credits", "The account has not enough credits.", False, "caller")
    service.fail(row_of(service, task_id).id, why)
    shown = told(service, "/task_status", {"task_id": task_id})
    assert (shown["success"], shown["error"]) == (0, "insufficient_credits")
