"""Steps are made of cards by their roles, and of no others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from functions import says

from personae.engine.cards import card
from personae.engine.neural import building
from personae.errors import InvalidRequest


def test_each_role_has_its_step() -> None:
    network = says()
    assert building.detector(card("yunet_2023_mar"), network).input_px == 640
    assert building.restorer(card("codeformer"), network).name == "codeformer"
    cover = building.cover([(card("xseg_1"), network), (card("bisenet_resnet_18"), network)])
    assert cover.side_px == 512
    building.refiner([(card("fan_2d_4"), network), (card("peppa_wutz"), network)])
    building.lift(card("fan_68_5"), network)
    building.scorer(card("nsfw_2"), network)


@pytest.mark.parametrize(
    "build",
    [
        lambda: building.detector(card("codeformer"), says()),
        lambda: building.restorer(card("xseg_1"), says()),
        lambda: building.cover([(card("codeformer"), says())]),
        lambda: building.scorer(card("open_nsfw"), says()),
        lambda: building.refiner([(card("yunet_2023_mar"), says())]),
    ],
)
def test_a_model_of_another_role_is_refused(build: Callable[[], object]) -> None:
    with pytest.raises(InvalidRequest, match="is no "):
        build()
