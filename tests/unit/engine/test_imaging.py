"""OpenCV behind types that hold: element types, sizes, no needless copies."""

from __future__ import annotations

import numpy as np
import pytest

from personae.engine import imaging


def noise(dtype: type, *shape: int) -> np.ndarray:
    return np.random.default_rng(2).uniform(0, 255, shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_element_types_are_kept(dtype: type) -> None:
    image = noise(dtype, 20, 30, 3)
    where = np.zeros((4, 5, 2), np.float32)
    for result in (
        imaging.resize_area(image, (15, 10)),
        imaging.resize_linear(image, (40, 50)),
        imaging.remap(image, where),
        imaging.remap_xy(image, where[..., 0].copy(), where[..., 1].copy(), cubic=True),
        imaging.warp(image, np.eye(2, 3), (7, 9)),
        imaging.blur(image, 1.5),
        imaging.erode(image),
        imaging.dilate(image),
        imaging.merge([image[..., 0], image[..., 1]]),
        imaging.luma(image),
        *imaging.split(image),
    ):
        assert result.dtype == dtype


def test_nothing_is_copied_where_nothing_is_to_do() -> None:
    image = noise(np.uint8, 8, 9, 3)
    assert imaging.resize_area(image, (9, 8)) is image
    assert imaging.resize_linear(image, (9, 8)) is image
    assert imaging.resize_linear(image, (8, 9)).shape == (9, 8, 3)


def test_lookups_interpolate_and_repeat_the_edge() -> None:
    ramp = np.arange(10, dtype=np.float32)[None].repeat(4, 0)
    where = np.array([[[2.5, 1], [-5, 1], [50, 1], [4, 2]]], np.float32)
    assert imaging.remap(ramp, where)[0].tolist() == [2.5, 0, 9, 4]
    x, y = (np.ascontiguousarray(where[..., k]) for k in (0, 1))
    np.testing.assert_array_equal(imaging.remap_xy(ramp, x, y), imaging.remap(ramp, where))


def test_bytes_are_rounded_and_clipped_whatever_the_shape() -> None:
    values = np.array([[-300, -0.4, 0.6, 254.6, 300]], np.float32)
    assert imaging.to_bytes(values).tolist() == [[0, 0, 1, 255, 255]]
    pixel = imaging.to_bytes(np.array([[[-1, 2.2, 400]]], np.float32))
    assert pixel.shape == (1, 1, 3)
    assert pixel.ravel().tolist() == [0, 2, 255]


def test_layers_are_picked_and_shifts_are_beside_each_pixel() -> None:
    image = noise(np.float32, 6, 7, 9)
    np.testing.assert_array_equal(imaging.pick(image, 2, 5), image[..., 2:5])
    ramp = np.arange(10, dtype=np.float32)[None].repeat(4, 0)
    offsets = np.zeros((4, 10, 2), np.float32)
    offsets[1, :, 0], offsets[2, 3, 0] = 0.5, -7
    moved = imaging.shift(ramp, offsets)
    assert moved[1].tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9]
    assert moved[2, :5].tolist() == [0, 1, 2, 0, 4]
    np.testing.assert_array_equal(moved[0], ramp[0])


def test_luma_is_weighted_as_it_says() -> None:
    image = noise(np.float32, 6, 7, 3)
    np.testing.assert_allclose(imaging.luma(image), image @ imaging.LUMA, rtol=1e-4)


def test_lab_of_known_colours() -> None:
    colours = np.array([[[255, 255, 255], [0, 0, 0], [255, 0, 0]]], np.float32)
    lab = imaging.lab(colours)[0]
    # CIE 15: white, black and the red of sRGB under D65.
    np.testing.assert_allclose(lab, [[100, 0, 0], [0, 0, 0], [53.2, 80.1, 67.2]], atol=0.3)


def test_the_nearest_pixel_of_a_mask_is_found() -> None:
    mask = np.zeros((9, 12), bool)
    mask[2, 3] = mask[7, 10] = True
    label, owners = imaging.nearest_inside(mask)
    nearest = owners[label]
    assert nearest[0, 0] == 2 * 12 + 3
    assert nearest[8, 11] == nearest[7, 10] == 7 * 12 + 10


def test_components_join_at_corners() -> None:
    mask = np.eye(4, dtype=bool)
    mask[0, 3] = True
    count, labels = imaging.components(mask)
    assert count == 3
    assert len(set(labels[np.eye(4, dtype=bool)])) == 1
