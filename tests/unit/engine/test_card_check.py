"""A network that is not its card's is refused with the first difference."""

from __future__ import annotations

import pytest

from personae.engine.card_check import Port, require_match
from personae.engine.cards import card
from personae.errors import ModelError

SWAPPER = card("ghost_1_256")
TARGET, SOURCE = Port("target", (None, 3, 256, 256), "float32"), Port("source", (1, 512))
OUT = Port("whatever_it_is", (1, 3, 256, 256))


def check(
    inputs: tuple[Port, ...] = (SOURCE, TARGET),
    outputs: tuple[Port, ...] = (OUT,),
    name: str = "ghost_1_256",
) -> None:
    require_match(card(name), card(name).part("graph"), inputs, outputs)


def test_the_cards_own_network_passes() -> None:
    check()
    check(outputs=(OUT, Port("further", ())))


def test_one_number_fits_a_list_of_one() -> None:
    picture = Port("input", (1, 3, 512, 512), "float32")
    for shape in ((), (1,), (None,)):
        check((picture, Port("weight", shape, "float64")), (OUT,), "codeformer")


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        ((TARGET,), (OUT,), "its inputs are target instead of source, target"),
        ((), (OUT,), "its inputs are none"),
        ((TARGET, SOURCE, SOURCE), (OUT,), "its inputs are target, source, source"),
        ((TARGET, Port("source", (1, 256))), (OUT,), "source is 1 x 256 instead of 1 x 512"),
        ((TARGET, Port("source", (512,))), (OUT,), "source is 512 instead of 1 x 512"),
        ((TARGET, Port("source", (1, 512), "float16")), (OUT,), "float16 instead of float32"),
        ((TARGET, SOURCE), (), "it has 0 outputs instead of 1"),
    ],
)
def test_another_network_is_refused(
    inputs: tuple[Port, ...], outputs: tuple[Port, ...], message: str
) -> None:
    with pytest.raises(ModelError, match=f"ghost_1_256 is not what its card says: .*{message}"):
        check(inputs, outputs)


def test_outputs_whose_names_are_known_are_compared() -> None:
    picture = (Port("input", (1, 3, 256, 256)),)
    points, heat = Port("landmarks_xyscore", (1, 68, 3)), Port("heatmaps", (1, 68, 64, 64))
    check(picture, (points, heat), "fan_2d_4")
    with pytest.raises(ModelError, match="heatmaps is not called landmarks_xyscore"):
        check(picture, (heat, points), "fan_2d_4")
    with pytest.raises(ModelError, match=r"heatmaps is \? x 98 x 64 x 64 instead of 1 x 68"):
        check(picture, (points, Port("heatmaps", (None, 98, 64, 64))), "fan_2d_4")
