"""What case files of the Vidnoz dialect do not show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from menus import MENU
from personae.adapters.media_host.fake import fake_media
from personae.app.accounts import authenticate
from personae.app.submit import Context
from personae.domain.engine_menu import EngineMenu
from personae.domain.media import MediaFacts
from personae.domain.swap import SwapRequest
from personae.wire import vendor
from personae.wire.dialects import Call
from personae.wire.vidnoz.keys import asset_of
from wire.service import CLIP, Service
from wire.vidnoz.given import (
    BASE,
    ask,
    data,
    detected,
    dialect,
    done_picture,
    key,
    submitted,
    swapped,
    task_of,
    uploaded,
)


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return opened(dialect())


def put(service: Service, url: str, **headers: str) -> Any:
    path, content = url.removeprefix(BASE), fake_media(width=64, height=48)
    return service.client.request("PUT", path, content=content, headers=headers)


@pytest.mark.parametrize(
    "headers", [{}, {"Content-Type": "image/jpeg"}, {"Content-Type": "text/plain; charset=x"}]
)
def test_uploads_may_call_themselves_anything(service: Service, headers: dict[str, str]) -> None:
    made = data(service, "POST", "source/upload-url", {"file_name": "../odd näme.JPG"})
    assert made["key"].endswith(".jpg")
    assert put(service, made["upload_url"], **headers).status_code == 200
    url = data(service, "POST", "source/access-url", {"key": made["key"]})["url"]
    answer = service.client.get(url.removeprefix(BASE))
    assert answer.content == fake_media(width=64, height=48)
    assert answer.headers["content-type"] == "image/png"  # What it is, not what it is called.


def test_an_upload_address_is_good_for_half_an_hour(service: Service) -> None:
    first = data(service, "POST", "source/upload-url", {"file_name": "demo.jpg"})
    late = data(service, "POST", "source/upload-url", {"file_name": "demo.jpg"})
    service.clock.advance(1790)
    assert put(service, first["upload_url"]).status_code == 200
    service.clock.advance(20)
    assert put(service, late["upload_url"]).status_code in (403, 410)
    # What was uploaded in time can be used for the first time much later.
    service.clock.advance(80_000)
    assert data(service, "POST", "source/access-url", {"key": first["key"]})["url"]


def test_links_are_good_for_three_days(opened: Callable[..., Service]) -> None:
    service = opened(dialect())
    made = key(service, expires_at=service.clock() + 10 * 86400)
    url = data(service, "POST", "source/access-url", {"key": made})["url"].removeprefix(BASE)
    service.clock.advance(3 * 86400 - 60)
    assert service.client.get(url).status_code == 200
    service.clock.advance(120)
    assert service.client.get(url).status_code == 410


def test_links_are_called_as_the_keys_are(service: Service) -> None:
    made = uploaded(service)
    url = data(service, "POST", "source/access-url", {"key": made})["url"]
    stem = made.rpartition("/")[2].rpartition(".")[0]
    assert f"/{stem}.png?exp=" in url


def test_what_came_out_can_go_in_again(service: Service) -> None:
    names = done_picture(service)
    for one in ("output_key", "thumbnail_key"):
        assert data(service, "POST", "source/access-url", {"key": names[one]})["url"]
    again = {"main_key": names["output_key"], "target_key": names["thumbnail_key"]}
    data(service, "POST", "task/face-swap", again)
    assert service.queued.tasks[-1].request["scene"]["asset_id"] == names["output"]


def test_main_key_wins_over_key(service: Service) -> None:
    first, second = key(service), key(service, data=b"bytes of another")
    body = {"key": second, "main_key": first, "target_key": second}
    data(service, "POST", "task/face-swap", body)
    assert service.queued.tasks[-1].request["scene"]["asset_id"] == asset_of(first)
    data(service, "POST", "task/get-face", {"key": second})
    assert service.queued.tasks[-1].request["scene"]["asset_id"] == asset_of(second)


@pytest.mark.parametrize(
    ("given", "restore"),
    [({}, 0.0), ({"is_hd": None}, 0.0), ({"is_hd": "2"}, 0.0), ({"is_hd": 1}, 0.5)],
)
def test_high_quality_restores(
    opened: Callable[..., Service], given: dict[str, Any], restore: float
) -> None:
    service = opened(dialect(restore=0.5))
    submitted(service, "face-swap", key(service), **given)
    asked = service.queued.tasks[-1].request
    assert asked["restore"] == restore
    assert asked["output"]["max_long_px"] is None


@pytest.mark.parametrize(("restorer", "said"), [("classical", True), ("fixer", False)])
def test_high_quality_is_done_by_what_the_operator_offers(
    opened: Callable[..., Service], restorer: str, said: bool
) -> None:
    service = opened(dialect(), engines=EngineMenu() if said else MENU)
    number = submitted(service, "face-swap", key(service), is_hd=1)
    task = service.queued.tasks[-1]
    assert SwapRequest.from_json(task.request).choice.restorer == restorer
    service.succeed(task.id, {"restorer": restorer})
    told = ask(service, "GET", "task/detail", params={"id": number}).json()
    assert ("classical" in str(told)) == said


def test_numbers_of_tasks_fit_31_bits_and_are_drawn_until_they_are_fresh(
    service: Service,
) -> None:
    taken = submitted(service, "face-swap", key(service))
    assert 0 < taken < 1 << 31
    drawn = iter([taken, taken, 7])
    [speaks], secret, now = dialect(), service.key(), service.clock()
    call = Call(service.app.state.gate, speaks, "req_x")
    call.principal = service.database.read(lambda tx: authenticate(tx, secret, now))
    who = Context(tenant_id=call.tenant_id, now=now)
    fresh = service.database.read(lambda tx: vendor.numbered(tx, call, who, lambda: next(drawn)))
    assert fresh.dialect_id == "7"


def test_a_moving_picture_may_be_asked_for_as_a_picture_or_a_video(service: Service) -> None:
    gif = MediaFacts("animation", "image/gif", 64, 48, duration_s=1.5, frames=15, fps=10.0)
    made = key(service, gif, data=b"bytes of a gif")
    as_picture = submitted(service, "face-swap", made)
    as_video = submitted(service, "video-face-swap", made)
    for number, named in ((as_picture, "width"), (as_video, "duration")):
        swapped(service, gif, number)
        shown = data(service, "GET", "task/detail", params={"id": number})
        assert named in shown["additional_data"]
        assert shown["additional_data"]["merge_key"].endswith(".gif")


def test_a_task_moves_on(service: Service) -> None:
    number, now = submitted(service, "face-swap", key(service)), service.clock()
    task_id = task_of(service, number)
    service.database.write(lambda tx: tx.tasks.start(task_id, now))
    assert data(service, "GET", "task/detail", params={"id": number})["status"] == 2


def test_states_are_as_the_operator_says(opened: Callable[..., Service]) -> None:
    service = opened(dialect(waiting=-1, processing=-2, done=0))
    number = submitted(service, "face-swap", key(service))
    assert data(service, "GET", "task/detail", params={"id": number})["status"] == -1


def test_the_query_wins_over_the_body(service: Service) -> None:
    number = submitted(service, "face-swap", key(service))
    other = submitted(service, "face-swap", key(service))
    shown = ask(service, "POST", "task/detail", {"id": other}, params={"id": number}).json()
    assert shown["data"]["id"] == number
    form = service.client.request(
        "POST", "/vidnoz/v1/task/detail", data={"id": str(other)}, headers=service.headers()
    )
    assert form.json()["data"]["id"] == other


def test_both_people_of_a_clip_get_somebody_else(service: Service) -> None:
    found, new = detected(service, CLIP), key(service, data=b"bytes of a donor")
    pairs = [
        {"target_part_key": crop, "avatar_part_key": donor}
        for crop, donor in zip(found["keys"], (new, found["keys"][0]), strict=True)
    ]
    body = {"avatar_key": pairs, "get_face_id": found["number"], "is_hd": 1}
    data(service, "POST", "task/multiple-video-face-swap", body)
    task = service.queued.tasks[-1]
    assert task.request["scene"]["asset_id"] == found["scene"]
    faces = [one["scene_face"] for one in task.request["mappings"]]
    assert [(one["detection_id"], one["face_id"]) for one in faces] == [
        (found["detection"], 0),
        (found["detection"], 1),
    ]
    donors = [one["donors"][0]["asset_id"] for one in task.request["mappings"]]
    assert donors == [asset_of(new), found["crops"][0]]


def test_points_lie_inside_the_crop(service: Service) -> None:
    found = detected(service)
    shown = data(service, "GET", "task/detail", params={"id": found["number"]})
    for face in shown["additional_data"]:
        assert list(face["kps"]) == ["1", "2", "3", "4", "5"]
        for point in face["kps"].values():
            assert 0 <= point["x"] < face["width"]
            assert 0 <= point["y"] < face["height"]


def test_it_may_stand_at_the_root_of_a_host(opened: Callable[..., Service]) -> None:
    service = opened(dialect(), hosts={"devapi.vidnoz.com": "vidnoz"})
    answer = service.client.request(
        "POST",
        "/v1/source/upload-url",
        json={"file_name": "demo.jpg"},
        headers=service.headers(Host="devapi.vidnoz.com"),
    )
    assert answer.json()["code"] == 200


def test_nothing_is_charged_for_looking_for_faces(service: Service) -> None:
    detected(service)
    tenant_id = service.tenant()
    balance = service.database.read(lambda tx: tx.credits.balance(tenant_id))
    assert (balance.available, balance.held, balance.spent) == (100, 0, 0)
