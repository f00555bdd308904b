"""Pictures as networks take and give them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from personae.engine.card_roles import Picture
from personae.engine.neural.tensors import picture_input, pictures_of
from personae.engine.types import UInt8
from personae.errors import InvalidRequest, ModelError

IMAGENET = Picture(
    "input", 2, "", "rgb", "nchw", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)
HALF = replace(IMAGENET, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


def _crop(seed: int = 0) -> UInt8:
    return np.random.default_rng(seed).integers(0, 256, (2, 2, 3), np.uint8)


@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_every_value_is_where_and_what_the_card_says(
    order: Literal["rgb", "bgr"], layout: Literal["nchw", "nhwc"]
) -> None:
    picture = replace(IMAGENET, order=order, layout=layout)
    crops = [_crop(1), _crop(2), _crop(3)]
    made = picture_input(crops, picture)
    assert made.dtype == np.float32
    assert made.flags.c_contiguous
    for number, crop in enumerate(crops):
        for y, x, channel in itertools.product(range(2), range(2), range(3)):
            level = float(crop[y, x, channel if order == "rgb" else 2 - channel])
            at = (number, channel, y, x) if layout == "nchw" else (number, y, x, channel)
            wanted = (level / 255 - picture.mean[channel]) / picture.std[channel]
            assert made[at] == pytest.approx(wanted, abs=2e-6)


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_what_goes_in_comes_out_again(layout: Literal["nchw", "nhwc"]) -> None:
    picture = replace(IMAGENET, layout=layout)
    crops = [_crop(1), _crop(2)]
    again = pictures_of(picture_input(crops, picture), picture, normalised=True)
    for crop, made in zip(crops, again, strict=True):
        assert made.dtype == np.float32
        np.testing.assert_allclose(made, crop, atol=1e-3)


def test_what_comes_out_is_red_green_blue_whatever_goes_in() -> None:
    picture = replace(IMAGENET, order="bgr")
    # A card's numbers are in the input's order: 0.406 belongs to the red of a BGR picture.
    (made,) = pictures_of(np.zeros((1, 3, 2, 2), np.float32), picture, normalised=True)
    np.testing.assert_allclose(made[0, 0], np.array([0.406, 0.456, 0.485]) * 255, rtol=1e-5)


def test_values_beyond_the_range_are_clipped() -> None:
    values = np.array([-9, 0, 9], np.float32).reshape(1, 3, 1, 1)
    (made,) = pictures_of(values, HALF, normalised=True)
    assert made[0, 0] == pytest.approx([0, 127.5, 255])
    (made,) = pictures_of(values, HALF, normalised=False)
    assert made[0, 0] == pytest.approx([0, 0, 255])


def test_crops_of_the_wrong_size_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="crops of 2 pixels"):
        picture_input([np.zeros((3, 3, 3), np.uint8)], HALF)
    with pytest.raises(InvalidRequest, match="none"):
        picture_input([], HALF)


def test_a_network_of_any_size_takes_what_is_alike() -> None:
    free = replace(HALF, size_px=0)
    assert picture_input([np.zeros((4, 6, 3), np.uint8)] * 2, free).shape == (2, 3, 4, 6)
    with pytest.raises(InvalidRequest, match="one size"):
        picture_input([np.zeros((4, 6, 3), np.uint8), np.zeros((6, 4, 3), np.uint8)], free)


@pytest.mark.parametrize("shape", [(3, 2, 2), (1, 1, 2, 2), (1, 2, 2, 3), (0, 3, 2, 2)])
def test_what_is_no_picture_is_the_models_fault(shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match="its card does not fit"):
        pictures_of(np.zeros(shape, np.float32), HALF, normalised=True)


def test_values_that_are_no_numbers_are_the_models_fault() -> None:
    bad = np.zeros((1, 3, 2, 2), np.float32)
    bad[0, 1, 1, 0] = np.nan
    with pytest.raises(ModelError, match="no numbers"):
        pictures_of(bad, HALF, normalised=True)
