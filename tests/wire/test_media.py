"""/media: assets by the links that dialects hand out."""

from __future__ import annotations

from urllib.parse import urlsplit

from personae.app.links import Links
from wire.conftest import Opener
from wire.service import BASE, SECRET, Service


def link(service: Service, asset_id: str, ttl_s: float = 60.0) -> str:
    url = Links(BASE, SECRET, service.clock).url(asset_id, "a.png", ttl_s)
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def test_the_link_is_the_permission(service: Service) -> None:
    asset = service.asset(data=b"0123456789")
    answer = service.client.get(link(service, asset.id))
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["content-type"] == "image/png"
    part = service.client.get(link(service, asset.id), headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert service.client.get(link(service, asset.id).split("&sig=")[0]).status_code == 403


def test_a_link_ends_with_its_time_and_with_its_asset(service: Service) -> None:
    asset = service.asset()
    path = link(service, asset.id, 60.0)
    service.database.write(lambda tx: tx.assets.remove(asset.tenant_id, asset.id, service.clock()))
    assert service.client.get(path).status_code == 404
    service.clock.advance(61.0)
    assert service.client.get(path).status_code == 410


def test_files_in_an_object_store_are_fetched_there(opened: Opener) -> None:
    service = opened(serve_files=False)
    asset = service.asset()
    answer = service.client.get(link(service, asset.id), follow_redirects=False)
    assert answer.status_code == 302
    assert asset.blob_key in answer.headers["location"]


def test_what_the_operator_switched_off_is_refused(opened: Opener) -> None:
    service = opened(maintenance=True)
    answer = service.call("POST", "/swaps", {"junk": 1})
    assert (answer.status_code, answer.json()["code"]) == (503, "maintenance")
    assert service.call("GET", "/swaps").status_code == 200


def test_features_are_switched_off_one_by_one(opened: Opener) -> None:
    from wire.checks import swap_body

    service = opened(disabled=frozenset({"image_swap", "detection"}))
    answer = service.call("POST", "/swaps", swap_body(service))
    assert (answer.status_code, answer.json()["code"]) == (403, "feature_disabled")
    scene = {"asset_id": service.asset().id}
    answer = service.call("POST", "/detections", {"media": "image", "scene": scene})
    assert (answer.status_code, answer.json()["code"]) == (403, "feature_disabled")
    assert service.queued.tasks == []


def test_a_scene_that_nobody_has_seen_is_refused_only_if_it_cannot_be_done(
    opened: Opener,
) -> None:
    from personae.app import submit
    from personae.app.submit import Context
    from personae.domain.swap import MediaRef, SceneFace, SwapMapping, SwapRequest
    from personae.errors import FeatureDisabled

    service = opened()
    here = MediaRef(url="https://media.example.com/scene")
    asked = SwapRequest("any", here, (SwapMapping(SceneFace("largest"), (here,)),))

    def taken(*off: str) -> bool:
        who = Context(service.tenant(), service.clock(), disabled=frozenset(off))
        try:
            service.database.write(lambda tx: submit.submit_swap(tx, who, asked))
        except FeatureDisabled:
            return False
        return True

    assert taken("video_swap")
    assert taken("image_swap")
    assert not taken("image_swap", "video_swap")
