"""GET /engines, and swaps by what it lists"""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from menus import MENU
from personae.domain.swap import SwapRequest
from wire.checks import problem, strangers_stay_out, swap_body
from wire.conftest import Opener
from wire.service import Service


@pytest.fixture
def stocked(opened: Opener) -> Service:
    """A service with engines and steps."""
    return opened(engines=MENU)


def test_strangers_stay_out(service: Service) -> None:
    strangers_stay_out(service, "GET", "/engines", "swaps:read")


def test_everything_that_is_offered_is_listed(stocked: Service) -> None:
    told = stocked.call("GET", "/engines").json()
    assert [(one["name"], one["default"]) for one in told["engines"]] == [
        ("mesh", True),
        ("swap_128", False),
    ]
    licence = {
        "name": "For research only",
        "url": "https://example.org/terms",
        "permissive": False,
    }
    assert told["engines"][1]["licence"] == licence
    assert told["engines"][1]["sizes_px"] == [128, 256]
    assert [(one["name"], one["role"], one["regions"]) for one in told["steps"]] == [
        ("fixer", "restorer", []),
        ("hands", "occluder", []),
        ("areas", "parser", ["skin", "mouth"]),
    ]
    draft, standard, best = told["qualities"]
    assert (draft["engine"], draft["restorer"]) == ("mesh", "classical")
    assert standard["default"]
    assert (best["engine"], best["restorer"], best["restore"]) == ("swap_128", "fixer", 0.6)
    assert (best["occluders"], best["parser"]) == (["hands"], "areas")


def test_a_task_says_what_it_will_be_done_with(stocked: Service) -> None:
    body = swap_body(stocked, engine="swap_128", engine_options={"boost_px": 256})
    told = stocked.call("POST", "/swaps", body).json()
    assert (told["request"]["engine"], told["request"]["quality"]) == ("swap_128", "standard")
    assert told["request"]["engine_options"] == {"boost_px": 256, "restorer": "fixer"}
    stored = stocked.task(told["id"]).request
    assert stored["setup"] == {"engine": "swap_128", "boost_px": 256, "restorer": "fixer"}
    stocked.succeed(told["id"], {"engine": "swap_128"})
    assert stocked.call("GET", f"/swaps/{told['id']}").json()["result"]["engine"] == "swap_128"


def test_a_retry_is_chosen_anew_from_what_was_asked(stocked: Service, opened: Opener) -> None:
    body = swap_body(stocked, quality="best")
    task_id = stocked.call("POST", "/swaps", body).json()["id"]
    assert stocked.call("POST", f"/swaps/{task_id}/cancel").status_code == 200
    again = opened(engines=replace(MENU, levels={**MENU.levels, "best": MENU.levels["standard"]}))
    told = again.call("POST", f"/swaps/{task_id}/retry", headers=stocked.headers()).json()
    assert told["request"]["quality"] == "best"
    choice = SwapRequest.from_json(again.task(told["id"]).request).choice
    assert (choice.engine, choice.occluders) == ("swap_128", ())


@pytest.mark.parametrize(
    "wrong",
    [
        {"engine": "inswapper_128"},
        {"engine_options": {"boost_px": 512}},
        {"engine_options": {"restorer": "gfpgan_1_4"}},
        {"engine_options": {"restorer": "off"}, "restore": 0.5},
        {"engine_options": {"occluders": ["fixer"]}},
        {"engine_options": {"regions": ["hat"]}},
        {"engine_options": {"detector": "yoloface_8n"}},
        {"quality": "good"},
    ],
)
@pytest.mark.parametrize("call", ["/swaps", "/swaps/estimate", "/swaps/preview"])
def test_what_is_not_offered_is_refused_and_costs_nothing(
    stocked: Service, wrong: dict[str, object], call: str
) -> None:
    problem(stocked.call("POST", call, swap_body(stocked, **wrong)), 422, "invalid_request")
    assert stocked.queued.tasks == []
    assert stocked.call("GET", "/account").json()["balance"]["held"] == 0


def test_what_a_quality_restores_costs_as_restoring_does(stocked: Service) -> None:
    def credits(**more: object) -> int:
        body = swap_body(stocked, **more)
        return int(stocked.call("POST", "/swaps/estimate", body).json()["credits"])

    assert credits(quality="best") == credits(restore=0.5) == math.ceil(1.5 * credits())
    assert credits(quality="best", engine_options={"restorer": "off"}) == credits()
