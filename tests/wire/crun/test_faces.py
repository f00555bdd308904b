"""Several faces: a detection, its two names, and what swaps may do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from personae.app.detections import LIFETIME_S
from personae.wire.crun.dialect import Crun
from personae.wire.crun.ids import (
    detect_id_of,
    detect_task_id_of,
    new_detect_task_id,
    new_task_id,
)
from personae.wire.crun.settings import CrunSettings
from wire.crun.given import call, detection, find, fresh_detection, link, refused, row_of, told
from wire.service import Service

SCENE = "https://media.example.com/two.png"
DONOR = "https://media.example.com/donor.png"


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return opened((Crun(),))


def found(service: Service, url: str = SCENE) -> dict[str, Any]:
    """The result of a search that found two people."""
    name = told(service, "POST", "/job/detect-face-image", {"image_url": url})["detect_task_id"]
    find(service, name)
    query = {"detect_task_id": name}
    return told(service, "GET", "/job/detect-face-result", params=query)["result"]


def swap(service: Service, detect_id: str, faces: Any, url: str = SCENE, **more: Any) -> Any:
    given = {"detect_id": detect_id, "image_url": url, "faces": faces}
    body = {"model": "image-face-swap-multi", "input": given}
    return call(service, "POST", "/job/CreateTask", body, **more)


def mapped(service: Service, answer: Any) -> list[tuple[int, str | None]]:
    """Which faces a task puts donors on, and their addresses."""
    assert answer.status_code == 200, answer.text
    request = row_of(service, answer.json()["data"]["task_id"]).request
    return [(one["scene_face"]["face_id"], one["donors"][0]["url"]) for one in request["mappings"]]


def test_a_search_has_two_names_of_one_number() -> None:
    for _ in range(200):
        name = new_detect_task_id()
        used = detect_id_of(name)
        assert (len(name), len(used)) == (18, 11)
        assert name.isascii()
        assert name == name.lower()
        assert name.isalnum()
        assert used.isalnum()
        assert detect_task_id_of(used) == detect_task_id_of(name) == name
    assert len({new_detect_task_id() for _ in range(1000)}) == 1000
    assert len({new_task_id() for _ in range(1000)}) == 1000


@pytest.mark.parametrize("name", ["", "zzzzzzzzzzz", "m1oZzqYp9d", "m1oZzqYp9d-", "é" * 11])
def test_what_is_no_name_stays_as_it_is(name: str) -> None:
    assert detect_task_id_of(name) == name
    with pytest.raises(ValueError, match="detect_task_id"):
        detect_id_of(name)


@pytest.mark.parametrize("name", ["dit60" + "z" * 13, "dit61" + "0" * 13, "dit60" + "A" * 13])
def test_names_beyond_64_bits_or_of_others_are_none(name: str) -> None:
    with pytest.raises(ValueError, match="detect_task_id"):
        detect_id_of(name)


def test_either_name_leads_to_a_search(service: Service) -> None:
    result = found(service)
    query = {"detect_task_id": result["id"]}
    again = told(service, "GET", "/job/detect-face-result", params=query)
    assert again["result"]["id"] == result["id"]
    assert detect_id_of(again["detect_task_id"]) == result["id"]
    assert mapped(service, swap(service, result["id"], [{"face_id": 1, "target": DONOR}])) == [
        (1, DONOR)
    ]
    name = again["detect_task_id"]
    assert mapped(service, swap(service, name, [{"face_id": 1, "target": DONOR}]))


def test_faces_that_are_kept_or_left_out_stay(service: Service) -> None:
    result = found(service)
    kept = [
        {"face_id": 0, "target": result["faces"][0]["link"]},
        {"face_id": 1, "target": DONOR},
    ]
    assert mapped(service, swap(service, result["id"], kept)) == [(1, DONOR)]
    only = [{"face_id": 0, "target": DONOR}]
    assert mapped(service, swap(service, result["id"], only)) == [(0, DONOR)]
    both = [{"face_id": 1, "target": DONOR}, {"face_id": 0, "target": f"{DONOR}?2"}]
    assert mapped(service, swap(service, result["id"], both)) == [(1, DONOR), (0, f"{DONOR}?2")]


def test_the_crop_of_another_face_is_a_donor(service: Service) -> None:
    result = found(service)
    turned = [
        {"face_id": 0, "target": result["faces"][1]["link"]},
        {"face_id": 1, "target": result["faces"][0]["link"]},
    ]
    assert len(mapped(service, swap(service, result["id"], turned))) == 2


def test_a_link_that_somebody_made_up_keeps_nothing(service: Service) -> None:
    result = found(service)
    forged = result["faces"][0]["link"].replace("sig=", "sig=A")
    answer = swap(service, result["id"], [{"face_id": 0, "target": forged}])
    assert mapped(service, answer) == [(0, forged)]


def test_at_least_one_face_is_swapped(service: Service) -> None:
    result = found(service)
    kept = [{"face_id": one["id"], "target": one["link"]} for one in result["faces"]]
    assert "stay as it is" in refused(swap(service, result["id"], kept), 422)


def test_a_face_is_named_once_and_is_there(service: Service) -> None:
    result = found(service)
    twice = [{"face_id": 0, "target": DONOR}, {"face_id": 0, "target": f"{DONOR}?2"}]
    assert "twice" in refused(swap(service, result["id"], twice), 422)
    other = [{"face_id": 2, "target": DONOR}]
    assert "no face 2" in refused(swap(service, result["id"], other), 422)


def test_the_media_are_those_of_the_search(service: Service) -> None:
    result, faces = found(service), [{"face_id": 0, "target": DONOR}]
    assert "another scene" in refused(swap(service, result["id"], faces, f"{SCENE}?1"), 422)
    # Two links to one stored file are the same media.
    names = detection(service)
    asset_id = names["scene"]
    stored = service.database.read(lambda tx: tx.assets.get(None, asset_id))
    assert stored is not None
    service.clock.advance(5)
    later = link(service, stored)
    assert later != names["scene_url"]
    assert mapped(service, swap(service, names["detect_id"], faces, later))


def test_a_search_is_good_for_an_hour(service: Service) -> None:
    result, faces = found(service), [{"face_id": 0, "target": DONOR}]
    service.clock.advance(LIFETIME_S - 10)
    assert mapped(service, swap(service, result["id"], faces))
    service.clock.advance(20)
    assert "hour" in refused(swap(service, result["id"], faces), 422)
    assert told(service, "GET", "/account/balance") == {"balance": 99}


def test_a_search_that_is_not_over_is_of_no_use(service: Service) -> None:
    names = fresh_detection(service)
    used = detect_id_of(names["detect_task_id"])
    answer = swap(service, used, [{"face_id": 0, "target": DONOR}], names["scene_url"])
    assert "queued" in refused(answer, 422)


@pytest.mark.parametrize("name", ["m1oZzqYp9dN", "dit60yt8reqplt1c16", "nothing", "%00"])
def test_a_search_that_was_never_made_is_a_mistake_in_the_body(service: Service, name: str) -> None:
    answer = swap(service, name, [{"face_id": 0, "target": DONOR}])
    assert "detect the faces again" in refused(answer, 422)


def test_searches_of_others_are_not_there(service: Service) -> None:
    result = found(service)
    answer = swap(service, result["id"], [{"face_id": 0, "target": DONOR}], as_="them")
    assert "detect the faces again" in refused(answer, 422)
    query = {"detect_task_id": result["id"]}
    refused(call(service, "GET", "/job/detect-face-result", params=query, as_="them"), 404)


def test_links_to_crops_stay_when_the_crops_are_gone(service: Service) -> None:
    result = found(service)
    query = {"detect_task_id": result["id"]}
    row = row_of(service, detect_task_id_of(result["id"]))
    now, tenant_id = service.clock(), row.tenant_id
    crops = [face["crop_asset_id"] for face in row.result["faces"]]
    service.database.write(lambda tx: [tx.assets.remove(tenant_id, one, now) for one in crops])
    told_again = told(service, "GET", "/job/detect-face-result", params=query)
    links = [one["link"] for one in told_again["result"]["faces"]]
    assert [crops[n] in one for n, one in enumerate(links)] == [True, True]
    assert service.client.get(links[0].removeprefix("http://testserver")).status_code in (404, 410)


def test_times_of_searches_are_told_where_the_operator_is(opened: Callable[..., Service]) -> None:
    service = opened((Crun(CrunSettings(detect_utc_offset_h=8)),))
    assert found(service)["started_at"] == "2027-01-15 16:00:00"


def test_people_of_a_video(service: Service) -> None:
    for name in ("video_url", "image_url", "media_url"):
        body = {name: "https://media.example.com/two.mp4"}
        search = told(service, "POST", "/job/detect-face-video", body)["detect_task_id"]
        assert row_of(service, search).kind == "detect_video"
        assert row_of(service, search).credits_held == 0
