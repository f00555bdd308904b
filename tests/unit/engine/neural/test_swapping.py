"""A swapper by its card, with networks whose answers are known: what changes, and what must not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from portraits import astronaut

from personae.engine.canvas import RgbCanvas
from personae.engine.card_roles import Conditioning, SwapperContract
from personae.engine.cards import card
from personae.engine.neural.conditioning import Conditioner, NeuralDonor
from personae.engine.neural.swapping import NeuralSwapper
from personae.engine.plans import EngineDonor, FacePlan, bare_plan
from personae.engine.session import TensorSpec
from personae.engine.types import Face, Float32
from personae.errors import InvalidRequest, ModelError

IDENTITY = NeuralDonor("inswapper_128", np.zeros((1, 512), np.float32))


class Same:
    """Gives back the crop; counts its calls and their sizes."""

    name = "same"
    inputs = (TensorSpec("target", (None, 3, 128, 128)), TensorSpec("source", (None, 512)))
    outputs = ()

    def __init__(self, batch: int = 1) -> None:
        self.batch = batch
        self.calls: list[int] = []

    def __call__(self, *arrays: Float32) -> list[Float32]:
        crops, identities = arrays
        assert crops.shape[0] == identities.shape[0] <= self.batch
        self.calls.append(crops.shape[0])
        return [self.made(crops)]

    def made(self, crops: Float32) -> Float32:
        return crops


class Green(Same):
    def made(self, crops: Float32) -> Float32:
        out = np.zeros_like(crops)
        out[:, 1] = 1
        return out


class Broken(Same):
    def made(self, crops: Float32) -> Float32:
        return np.full_like(crops, np.nan)


def swapper(network: Same, boost: int = 1) -> NeuralSwapper:
    return NeuralSwapper(
        card("inswapper_128"), network, Conditioner(Conditioning("source", "embedding")), boost
    )


def plan(face: Face, strength: float = 1.0, donor: EngineDonor = IDENTITY) -> FacePlan:
    return bare_plan(donor, face.landmarks.astype(np.float64), strength)


@pytest.mark.parametrize("boost", [1, 4])
def test_a_network_that_changes_nothing_hardly_changes_the_picture(
    astronaut_face: Face, boost: int
) -> None:
    """What is left is what a crop of fewer pixels cannot hold; with a boost that is less."""
    canvas = RgbCanvas(astronaut())
    (made,) = swapper(Same(), boost).render([(canvas, plan(astronaut_face))])
    assert made is not None
    assert np.abs(made.delta).mean() < (2.0 if boost == 1 else 1.0)


def test_the_face_becomes_what_the_network_makes_and_nothing_else_changes(
    astronaut_face: Face,
) -> None:
    before = astronaut()
    canvas = RgbCanvas(before.copy())
    (made,) = swapper(Green()).render([(canvas, plan(astronaut_face))])
    assert made is not None
    assert np.array_equal(canvas.rgb, before), "rendering writes nothing"
    canvas.add_into(made.box, made.delta)
    x0, y0, x1, y1 = made.box
    changed = canvas.rgb[y0:y1, x0:x1]
    assert np.array_equal(changed[made.mask == 0], before[y0:y1, x0:x1][made.mask == 0])
    assert (changed[made.mask > 0.999] == [0, 255, 0]).all()
    outside = np.ones(before.shape[:2], bool)
    outside[y0:y1, x0:x1] = False
    assert np.array_equal(canvas.rgb[outside], before[outside])
    nose = astronaut_face.points[2].round().astype(int)
    assert made.mask[nose[1] - y0, nose[0] - x0] > 0.99
    # The change ends before the box does: there is no edge to be seen.
    rim = [made.mask[0], made.mask[-1], made.mask[:, 0], made.mask[:, -1]]
    assert max(float(line.max()) for line in rim) == 0


def test_half_the_strength_is_half_the_change(astronaut_face: Face) -> None:
    canvas = RgbCanvas(astronaut())
    whole, half = swapper(Green(8)).render(
        [(canvas, plan(astronaut_face)), (canvas, plan(astronaut_face, 0.5))]
    )
    assert whole is not None
    assert half is not None
    assert half.delta == pytest.approx(whole.delta / 2, abs=1e-3)
    assert swapper(Green()).render([(canvas, plan(astronaut_face, 0.0))]) == [None]


@pytest.mark.parametrize(("batch", "calls"), [(1, [1] * 12), (5, [5, 5, 2]), (64, [12])])
def test_tiles_of_all_faces_share_calls_and_the_result_does_not_depend_on_it(
    astronaut_face: Face, batch: int, calls: list[int]
) -> None:
    canvas = RgbCanvas(astronaut())
    network = Same(batch)
    made = swapper(network, boost=2).render([(canvas, plan(astronaut_face))] * 3)
    assert network.calls == calls
    (alone,) = swapper(Same(), boost=2).render([(canvas, plan(astronaut_face))])
    assert alone is not None
    for one in made:
        assert one is not None
        assert np.array_equal(one.delta, alone.delta)


def test_a_face_in_front_keeps_its_place(astronaut_face: Face) -> None:
    canvas = RgbCanvas(astronaut())
    behind = plan(astronaut_face)
    front = behind.landmarks + np.array([60.0, 0.0, 0.0])
    free, hidden = swapper(Green(2)).render(
        [(canvas, behind), (canvas, replace(behind, nearer=(front,)))]
    )
    assert free is not None
    assert hidden is not None
    assert hidden.mask.sum() < 0.75 * free.mask.sum()
    nose = (astronaut_face.points[2] + [60, 0]).round().astype(int)
    assert hidden.mask[nose[1] - hidden.box[1], nose[0] - hidden.box[0]] == 0


def test_a_face_beyond_the_picture_is_nothing(astronaut_face: Face) -> None:
    away = replace(plan(astronaut_face), landmarks=astronaut_face.landmarks.astype(float) + 5000)
    assert swapper(Green()).render([(RgbCanvas(astronaut()), away)]) == [None]


def test_a_face_cut_by_the_edge_is_rendered_as_far_as_it_is_seen(astronaut_face: Face) -> None:
    cut = astronaut()[:, int(astronaut_face.points[2, 0]) :].copy()
    points = astronaut_face.landmarks.astype(np.float64)
    points[:, 0] -= int(astronaut_face.points[2, 0])
    (made,) = swapper(Green()).render(
        [(RgbCanvas(cut), replace(plan(astronaut_face), landmarks=points))]
    )
    assert made is not None
    assert made.box[0] == 0
    assert made.mask[:, 0].max() > 0.99


def test_a_donor_of_another_engine_is_refused(astronaut_face: Face) -> None:
    for other in (EngineDonor(), NeuralDonor("simswap_256", IDENTITY.identity)):
        with pytest.raises(InvalidRequest, match="another engine"):
            swapper(Same()).render([(RgbCanvas(astronaut()), plan(astronaut_face, 1.0, other))])


def test_a_network_that_fails_fails_the_render(astronaut_face: Face) -> None:
    with pytest.raises(ModelError, match="no numbers"):
        swapper(Broken()).render([(RgbCanvas(astronaut()), plan(astronaut_face))])


def test_sizes_that_the_card_does_not_know_are_refused() -> None:
    contract = card("inswapper_128").contract
    assert isinstance(contract, SwapperContract)
    with pytest.raises(InvalidRequest, match="128, 256, 384"):
        swapper(Same(), boost=5)
