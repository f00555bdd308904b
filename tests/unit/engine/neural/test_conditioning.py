"""What swappers are told of a person: hand-made networks whose answers can be worked out."""

from __future__ import annotations

import numpy as np
import pytest
from portraits import astronaut, hopper

from personae.engine.card_roles import Conditioning, EmbedderContract, Picture
from personae.engine.neural.conditioning import Conditioner, lean
from personae.engine.swapper import Portrait
from personae.engine.types import Face, Float32
from personae.errors import InvalidRequest, ModelError

PICTURE = Picture("input", 112, "arcface_112_v2", "rgb", "nchw", (0.0,) * 3, (1.0,) * 3)


class Means:
    """An embedder that says an aligned face's mean colour, scaled."""

    name = "means"
    batch = 1
    inputs = outputs = ()

    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale

    def __call__(self, *arrays: Float32) -> list[Float32]:
        return [arrays[0].mean((2, 3)) * np.float32(self._scale)]


class Doubled(Means):
    """A converter that doubles and moves."""

    def __call__(self, *arrays: Float32) -> list[Float32]:
        return [arrays[0] * 2 + 1]


def portrait(rgb: np.ndarray, face: Face) -> Portrait:
    return Portrait(rgb, face.landmarks)


def conditioner(how: Conditioning, **parts: object) -> Conditioner:
    return Conditioner(how, Means(), EmbedderContract(PICTURE), **parts)  # pyright: ignore[reportArgumentType]


def test_a_raw_vector_is_passed_on_as_it_is(hopper_face: Face) -> None:
    how = Conditioning("source", "embedding", embedder="means")
    made = conditioner(how).of_portraits([portrait(hopper(), hopper_face)])
    assert made.shape == (1, 3)
    assert made[0, 0] > made[0, 2] > 0.1  # skin is redder than blue


def test_several_photos_count_alike(hopper_face: Face, astronaut_face: Face) -> None:
    how = Conditioning("source", "embedding", embedder="means")
    one, other = portrait(hopper(), hopper_face), portrait(astronaut(), astronaut_face)
    made = conditioner(how)
    both = made.of_portraits([one, other])
    mean = (made.of_portraits([one]) + made.of_portraits([other])) / 2
    assert both == pytest.approx(mean, abs=1e-6)


def test_converted_scaled_to_one_and_projected_in_this_order(hopper_face: Face) -> None:
    raw = conditioner(Conditioning("source", "embedding")).of_portraits(
        [portrait(hopper(), hopper_face)]
    )
    turn = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float32)
    how = Conditioning("source", "embedding", unit=True)
    made = conditioner(how, converter=Doubled(), projection=turn)
    wanted = raw * 2 + 1
    wanted = wanted / np.linalg.norm(wanted) @ turn
    assert made.of_portraits([portrait(hopper(), hopper_face)]) == pytest.approx(wanted, abs=1e-6)


def test_a_picture_is_the_aligned_best_photo(hopper_face: Face, astronaut_face: Face) -> None:
    how = Conditioning("source", "picture", picture=PICTURE)
    best, other = portrait(hopper(), hopper_face), portrait(astronaut(), astronaut_face)
    made = Conditioner(how).of_portraits([best, other])
    assert made.shape == (1, 3, 112, 112)
    assert np.array_equal(made, Conditioner(how).of_portraits([best]))
    assert not np.array_equal(made, Conditioner(how).of_portraits([other]))


def test_a_donor_without_photos_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="without its photos"):
        conditioner(Conditioning("source", "embedding")).of_portraits([])


@pytest.mark.parametrize("scale", [0.0, float("nan")])
def test_a_vector_that_says_nothing_is_refused(scale: float, hopper_face: Face) -> None:
    made = Conditioner(Conditioning("s", "embedding"), Means(scale), EmbedderContract(PICTURE))
    with pytest.raises(ModelError, match="means"):
        made.of_portraits([portrait(hopper(), hopper_face)])


def test_leaning_is_even_in_the_middle_and_leads_beyond() -> None:
    donor, scene = np.ones((1, 2), np.float32), np.zeros((1, 2), np.float32)
    ends = (0.35, -0.35)
    assert lean(donor, scene, 0.5, ends) == pytest.approx(donor)
    assert lean(donor, scene, 0.0, ends) == pytest.approx(donor * 0.65)
    assert lean(donor, scene, 1.0, ends) == pytest.approx(donor * 1.35)
