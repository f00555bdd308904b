"""Differences of pictures, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from personae.errors import InvalidRequest
from personae.evaluating.pictures import colour_difference, outside_change, picture_difference

GREY = np.full((40, 40, 3), 100, np.uint8)


def mask_of_the_middle() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    mask = np.zeros((40, 40), np.float32)
    mask[10:30, 10:30] = 0.5
    return mask


def test_equal_pictures() -> None:
    off = picture_difference(GREY, GREY, mask_of_the_middle())
    assert (off.mean_absolute, off.psnr_db, off.outside) == (0, float("inf"), 0)
    assert off.ssim == pytest.approx(1)


def test_a_known_difference() -> None:
    other = GREY.copy()
    other[10:30, 10:30] += 10
    off = picture_difference(GREY, other, mask_of_the_middle())
    assert off.mean_absolute == pytest.approx(10)
    assert off.psnr_db == pytest.approx(20 * np.log10(255 / 10))
    # By the formula for two flat windows: (2·100·110 + 6.5025) / (100² + 110² + 6.5025).
    assert off.ssim == pytest.approx((22000 + 6.5025) / (22100 + 6.5025), abs=1e-3)
    assert off.outside == 0


def test_noise_lowers_structure_more_than_light_does() -> None:
    texture = np.random.default_rng(1).integers(60, 190, (40, 40, 3)).astype(np.uint8)
    noise = np.random.default_rng(2).integers(-20, 21, (40, 40, 3))
    noisy = np.clip(texture + noise, 0, 255).astype(np.uint8)
    full = np.ones((40, 40), np.float32)
    brighter = picture_difference(texture, (texture + 12).astype(np.uint8), full)
    assert picture_difference(texture, noisy, full).ssim < brighter.ssim - 0.02


def test_one_changed_sample_outside_is_found() -> None:
    other = GREY.copy()
    other[15, 15] = 0
    assert outside_change(GREY, other, mask_of_the_middle()) == 0
    other[5, 5, 2] += 3
    assert outside_change(GREY, other, mask_of_the_middle()) == 3
    other[6, 6, 0] -= 7
    assert outside_change(GREY, other, mask_of_the_middle()) == 7


def test_the_colour_of_skin() -> None:
    skin = np.zeros((40, 40), np.bool_)
    skin[10:20, 10:20] = True
    assert colour_difference(GREY, GREY, skin) == (0, 0)
    other = GREY.copy()
    other[20:] = 255  # not skin
    assert colour_difference(GREY, other, skin) == (0, 0)
    # Lightness of sRGB grey 119 is 50.03, and of 100 it is 42.37 (CIE 1976, D65).
    brighter = np.full_like(GREY, 119)
    delta_e, delta_l = colour_difference(GREY, brighter, skin)
    assert delta_e == pytest.approx(50.03 - 42.37, abs=0.05)
    assert delta_l == pytest.approx(delta_e, abs=1e-3)
    assert colour_difference(GREY, other, np.zeros_like(skin)) == (0, 0)


def test_what_cannot_be_compared() -> None:
    with pytest.raises(InvalidRequest, match="one size"):
        picture_difference(GREY, GREY[:20], mask_of_the_middle())
    with pytest.raises(InvalidRequest, match="empty"):
        picture_difference(GREY, GREY, np.zeros((40, 40), np.float32))
