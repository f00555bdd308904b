"""POST /swaps/estimate"""

from __future__ import annotations

from wire.checks import problem, strangers_stay_out, swap_body
from wire.service import CLIP, Service


def test_strangers_stay_out(service: Service) -> None:
    strangers_stay_out(service, "POST", "/swaps/estimate", "swaps:read", swap_body(service))


def test_nothing_is_held(service: Service) -> None:
    told = service.call("POST", "/swaps/estimate", swap_body(service)).json()
    assert (told["credits"], told["available"], told["affordable"]) == (1, 100, True)
    assert (told["assumed"], told["seconds"]) == (False, None)
    assert service.queued.tasks == []
    assert service.call("GET", "/account").json()["balance"]["held"] == 0


def test_an_account_that_cannot_pay_is_told_so(service: Service) -> None:
    service.tenant("poor", credits=0)
    told = service.call("POST", "/swaps/estimate", swap_body(service, "poor"), as_="poor").json()
    assert told["affordable"] is False


def test_what_nobody_measured_is_assumed(service: Service) -> None:
    body = swap_body(service, media="video", scene={"url": "https://a.example.com/clip.mp4"})
    assert service.call("POST", "/swaps/estimate", body).json()["assumed"] is True
    body["scene"] = {"asset_id": service.asset(CLIP).id}
    measured = service.call("POST", "/swaps/estimate", body).json()
    assert (measured["assumed"], measured["seconds"]) == (False, 4.2)


def test_anothers_scene_is_not_there(service: Service) -> None:
    body = swap_body(service, scene={"asset_id": service.asset(name="theirs").id})
    problem(service.call("POST", "/swaps/estimate", body), 404, "not_found")
