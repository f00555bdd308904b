"""What a request gets of what an operator offers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from menus import MENU
from personae.domain.engine_menu import EngineMenu
from personae.domain.engines import EngineChoice, EngineOptions
from personae.domain.swap import MediaRef, SceneFace, SwapMapping, SwapRequest
from personae.errors import InvalidRequest


def choose(
    engine: str | None = None, quality: str | None = None, restore: float = 0.0, **options: Any
) -> EngineChoice:
    return MENU.choose(engine, quality, EngineOptions(**options), restore)


def test_whoever_says_nothing_gets_the_defaults() -> None:
    assert choose() == EngineChoice("mesh", "standard", restorer="fixer")
    assert EngineMenu().choose() == EngineChoice()


def test_a_quality_chooses_among_what_is_offered() -> None:
    assert choose(quality="draft") == EngineChoice("mesh", "draft")
    assert choose(quality="best") == EngineChoice(
        *("swap_128", "best", 256, 0.5, "fixer", 0.6, ("hands",), "areas")
    )


def test_an_engine_that_is_named_is_taken_at_any_quality() -> None:
    assert choose("mesh", "best").engine == "mesh"
    assert choose("swap_128").boost_px == 128
    assert choose("swap_128", "best", boost_px=128).boost_px == 128
    assert choose("swap_128", likeness=0.75).likeness == 0.75


def test_steps_that_are_named_are_taken() -> None:
    assert choose(quality="best", occluders=()).occluders == ()
    assert choose(occluders=("hands", "hands")).occluders == ("hands",)
    assert choose(quality="best", parser="off").parser == "off"
    assert choose(regions=("mouth",)).parser == "areas"
    assert choose(quality="best", restorer="classical").restorer == "classical"
    off = choose(quality="best", restorer="off")
    assert (off.restorer, off.restore) == ("classical", 0.0)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"engine": "none_such"}, "no engine none_such here; there is mesh, swap_128"),
        ({"quality": "good"}, "draft, standard, best, not good"),
        ({"boost_px": 256}, "mesh has no boost_px"),
        ({"engine": "swap_128", "boost_px": 200}, "128, 256 pixels, not at 200"),
        ({"likeness": 0.6}, "mesh has no likeness"),
        ({"restorer": "hands"}, "no restorer hands here; there is classical, off, fixer"),
        ({"restorer": "off", "restore": 0.5}, "leave out one"),
        ({"occluders": ("fixer",)}, "no occluder fixer here; there is hands"),
        ({"parser": "off", "regions": ("mouth",)}, "Regions need a parser"),
        ({"regions": ("hat",)}, "no region hat; it knows skin, mouth"),
    ],
)
def test_what_is_not_offered_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        choose(**asked)


def test_without_a_parser_there_are_no_regions() -> None:
    with pytest.raises(InvalidRequest, match="Regions need a parser"):
        EngineMenu().choose(options=EngineOptions(regions=("mouth",)))


def test_jobs_name_everything_so_that_no_machine_decides() -> None:
    assert EngineChoice().job_options(0.3) == {
        "level": "draft",
        "engine": "mesh",
        "likeness": 0.5,
        "restorer": "classical",
        "restore": 0.3,
        "occluders": [],
        "parser": "off",
        "regions": [],
    }
    assert choose(quality="best").job_options(0.3)["restore"] == 0.6
    assert choose(quality="best").job_options(0.8)["restore"] == 0.8


def test_jobs_tell_whether_they_run_models() -> None:
    assert not EngineChoice.of_job(EngineChoice().job_options(0.9) | {"mark": 3}).needs_models
    assert not EngineChoice.of_job({}).needs_models
    for choice in (choose("swap_128"), choose(), choose(quality="best", restorer="off")):
        assert EngineChoice.of_job(choice.job_options(0.0)).needs_models


@pytest.mark.parametrize(
    ("options", "quality"),
    [(None, None), (EngineOptions(occluders=()), None), (EngineOptions(256, 0.5), "best")],
)
def test_requests_with_engines_come_back_from_json(
    options: EngineOptions | None, quality: str | None
) -> None:
    scene = MediaRef("asset_1")
    mapping = SwapMapping(SceneFace(choice="all"), (scene,))
    request = SwapRequest(
        *("image", scene, (mapping,)),
        quality=quality,
        engine_options=options,
        setup=MENU.choose("swap_128", quality, options),
    )
    assert SwapRequest.from_json(json.loads(json.dumps(request.to_json()))) == request


def test_what_is_not_asked_for_is_not_stored() -> None:
    scene = MediaRef("asset_1")
    request = SwapRequest("image", scene, (SwapMapping(SceneFace(choice="all"), (scene,)),))
    assert not {"quality", "engine_options", "setup"} & set(request.to_json())
    assert EngineChoice("swap_128").to_json() == {"engine": "swap_128"}
