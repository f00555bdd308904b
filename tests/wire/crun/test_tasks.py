"""What is asked for in other words, what comes back of it, and files on their way in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from personae.adapters.media_host.fake import fake_media
from personae.app.links import Links
from personae.domain.tasks import TaskError
from personae.wire.crun.dialect import Crun
from personae.wire.crun.settings import CrunSettings
from personae.wire.crun.views import callback_body
from wire.crun.given import HOOK, call, created, row_of, swap_input, told
from wire.service import BASE, SECRET, Service

PNG = {"content_type": "image/png", "ext": ".png"}


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return opened((Crun(),))


@pytest.mark.parametrize(
    ("model", "media", "donor"),
    [
        ("image-face-swap", "image_url", "new_face"),
        ("image-face-swap", "media_url", "target"),
        ("video-face-swap", "video_url", "new_face"),
        ("video-face-swap", "image_url", "face_url"),
        ("video-face-swap", "media_url", "target"),
    ],
)
def test_names_that_clients_may_use(service: Service, model: str, media: str, donor: str) -> None:
    given = {media: "https://a.example.com/s", donor: "https://a.example.com/d"}
    body = {"model": model, "input": {**given, "disable_safety_checker": "true", "seed": 1}}
    name = told(service, "POST", "/job/CreateTask", {**body, "priority": 9})["task_id"]
    request = row_of(service, name).request
    assert request["scene"]["url"] == "https://a.example.com/s"
    assert request["mappings"][0]["donors"][0]["url"] == "https://a.example.com/d"
    assert request["mappings"][0]["scene_face"]["choice"] == "largest"
    shown = told(service, "GET", "/job/TaskInfo", params={"task_id": name})["param"]
    # Told by the vendor's names, and nothing that nobody asked about.
    scene = "video_url" if model.startswith("video") else "image_url"
    assert set(shown["input"]) == {scene, "new_face", "disable_safety_checker"}
    assert shown["callback_url"] is None


@pytest.mark.parametrize(
    ("given", "wanted"),
    [(True, True), ("1", True), (False, False), (None, False), ("false", False)],
)
def test_the_wish_to_do_without_the_content_gate_is_kept(
    service: Service, given: object, wanted: bool
) -> None:
    media = {"image_url": "https://a.example.com/s", "new_face": "https://a.example.com/d"}
    body = {"model": "image-face-swap", "input": {**media, "disable_safety_checker": given}}
    name = told(service, "POST", "/job/CreateTask", body)["task_id"]
    assert row_of(service, name).request.get("without_gate", False) is wanted


@pytest.mark.parametrize("callback", [None, "", "  "])
def test_nobody_is_called_back_without_an_address(service: Service, callback: str | None) -> None:
    name = created(service, callback)
    assert row_of(service, name).callback is None
    service.end(row_of(service, name).id, "succeeded")
    assert not service.queued.deliveries


def test_a_canceled_task_has_failed(service: Service) -> None:
    name = created(service, HOOK)
    assert service.call("POST", f"/swaps/{row_of(service, name).id}/cancel").status_code == 200
    info = told(service, "GET", "/job/TaskInfo", params={"task_id": name})
    assert (info["status"], info["result"]["code"], info["credits"]) == ("failed", 501, 0)
    assert told(service, "GET", "/account/balance") == {"balance": 100}
    assert len(service.queued.deliveries) == 1


def test_a_callback_can_come_in_the_envelope(service: Service) -> None:
    settings = CrunSettings(callback_body="envelope", provider="Us")
    body = callback_body(settings, Links(BASE, SECRET, service.clock))
    good, bad = created(service, HOOK), created(service, HOOK)
    service.end(row_of(service, good).id, "succeeded")
    service.end(row_of(service, bad).id, "failed")
    sent = body(row_of(service, good), {})
    assert (sent["code"], sent["message"]) == (200, "success")
    assert (sent["data"]["task_id"], sent["data"]["provider"]) == (good, "Us")
    sent = body(row_of(service, bad), {})
    assert (sent["code"], sent["message"]) == (501, "No face was found in the donor.")
    assert sent["data"]["result"]["code"] == 501


@pytest.mark.parametrize("code", ["insufficient_credits", "task_failed", "media_unreachable"])
def test_whatever_a_task_fails_of_it_says_501(service: Service, code: str) -> None:
    name = created(service)
    service.fail(row_of(service, name).id, TaskError(code, "It did not work.", False, "caller"))
    result = told(service, "GET", "/job/TaskInfo", params={"task_id": name})["result"]
    assert (result["code"], result["message"]) == (501, "It did not work.")
    assert result["media_urls"] == []


def test_an_output_that_is_gone_has_no_link(service: Service) -> None:
    name = created(service)
    row = row_of(service, name)
    output, now = service.succeed(row.id), service.clock()
    tenant_id = row.tenant_id
    service.database.write(lambda tx: tx.assets.remove(tenant_id, output.id, now))
    info = told(service, "GET", "/job/TaskInfo", params={"task_id": name})
    assert info["status"] == "success"
    assert (info["result"]["media_urls"], info["result"]["media_info"]) == ([], {})


def test_the_native_api_shows_the_task_without_the_vendors_words(service: Service) -> None:
    row = row_of(service, created(service))
    shown = service.call("GET", f"/swaps/{row.id}").json()
    assert "echo" not in shown["request"]


def uploaded(service: Service, **headers: str) -> tuple[str, Any]:
    """An address to use, and the answer to the PUT before."""
    urls = told(service, "GET", "/files/upload-url", params=PNG)
    put = service.client.request(
        "PUT",
        urls["presigned_url"].removeprefix(BASE),
        content=fake_media(width=640, height=480),
        headers={"Content-Type": "image/png", **headers},
    )
    return urls["file_url"], put


def test_an_upload_is_used_by_its_address(service: Service) -> None:
    (scene, one), (donor, two) = uploaded(service), uploaded(service)
    assert one.is_success
    assert two.is_success
    body = {"model": "image-face-swap", "input": {"image_url": scene, "new_face": donor}}
    name = told(service, "POST", "/job/CreateTask", body)["task_id"]
    request = row_of(service, name).request
    assert request["scene"]["url"] is None
    assert request["scene"]["asset_id"] in scene
    got = service.client.get(scene.removeprefix(BASE))
    assert (got.status_code, got.headers["content-type"]) == (200, "image/png")


def test_an_upload_is_of_the_type_that_was_told(service: Service) -> None:
    _, put = uploaded(service, **{"Content-Type": "video/mp4"})
    assert put.status_code in (400, 403, 415)


def test_an_upload_that_is_no_media_is_told_of_when_it_is_used(service: Service) -> None:
    urls = told(service, "GET", "/files/upload-url", params=PNG)
    url = urls["presigned_url"].removeprefix(BASE)
    service.client.request("PUT", url, content=b"no media", headers={"Content-Type": "image/png"})
    given = {**swap_input(service), "image_url": urls["file_url"]}
    answer = call(service, "POST", "/job/CreateTask", {"model": "image-face-swap", "input": given})
    assert answer.status_code == answer.json()["code"] == 422


@pytest.mark.parametrize("ext", ["", "png", ".PNG", " .png "])
def test_endings_may_be_written_in_any_way(service: Service, ext: str) -> None:
    urls = told(service, "GET", "/files/upload-url", params={**PNG, "ext": ext})
    name = urls["file_url"].split("?")[0].rsplit("/", 1)[1]
    assert name == ("upload.png" if ext else "upload")


def test_models_are_told_by_what_they_do(service: Service) -> None:
    every = told(service, "GET", "/job/Models")
    assert len(every) == 4
    videos = told(service, "GET", "/job/Models", params={"modality": "Video"})
    assert [one["model"] for one in videos] == ["video-face-swap", "video-face-swap-multi"]
    one = told(service, "GET", "/job/Models", params={"operation": "face-swap-multi"})
    assert len(one) == 2
    assert told(service, "GET", "/job/Models", params={"modality": "sound"}) == []
    for model in every:
        assert told(service, "GET", f"/job/Models/{model['model']}") == model
        assert "required" in model["input_schema"]


def test_a_host_of_its_own(opened: Callable[..., Service]) -> None:
    service = opened((Crun(),), hosts={"api.crun.example": "crun"})
    headers = {"x-api-key": service.key(), "Host": "api.crun.example"}
    answer = service.client.get("/api/v1/client/account/balance", headers=headers)
    assert answer.json()["data"] == {"balance": 100}
    missing = service.client.get("/nothing", headers=headers)
    assert missing.json() == {
        "code": 404,
        "message": "There is nothing at this address.",
        "data": None,
    }
