"""Crops: where the points come to lie, and back again."""

from __future__ import annotations

import numpy as np
import pytest

from personae.engine.canvas import RgbCanvas
from personae.engine.neural.aligning import (
    crop_matrix,
    inverse,
    lay_back,
    reach_of,
    take_crop,
    template,
    templates,
)
from personae.errors import InvalidRequest


def _spot(size: int, at: tuple[int, int]) -> np.ndarray:
    picture = np.zeros((size, size, 3), np.uint8)
    picture[at[1] - 2 : at[1] + 3, at[0] - 2 : at[0] + 3] = 255
    return picture


@pytest.mark.parametrize("name", sorted(templates()))
def test_points_that_lie_as_the_template_says_need_no_turn(name: str) -> None:
    points = template(name) * 200 + [10, 20]
    matrix = crop_matrix(points, name, 100)
    assert matrix[:, :2] == pytest.approx(np.eye(2) / 2)
    assert matrix[:, 2] == pytest.approx([-5, -10])


def test_a_turned_face_is_cut_upright() -> None:
    points = template("ffhq_512") * 100
    turned = points @ np.array([[0, 1], [-1, 0]]) + [300, 50]
    matrix = crop_matrix(turned, "ffhq_512", 100)
    assert turned @ matrix[:, :2].T + matrix[:, 2] == pytest.approx(points)


@pytest.mark.parametrize("side", [64, 256])
def test_what_is_cut_comes_back_to_its_place(side: int) -> None:
    matrix = crop_matrix(template("arcface_128") * 120 + [40, 60], "arcface_128", side)
    canvas = RgbCanvas(_spot(256, (100, 110)))
    crop = take_crop(canvas, matrix, side)
    assert crop is not None
    box = reach_of(matrix, side, canvas.size_wh)
    assert box is not None
    back = lay_back(crop.rgb.astype(np.float32), matrix, box)[..., 0]
    rows, columns = np.nonzero(back > 128)
    assert (columns.mean() + box[0], rows.mean() + box[1]) == pytest.approx((100, 110), abs=0.3)


def test_a_large_face_is_averaged_rather_than_sampled() -> None:
    checks = np.indices((512, 512)).sum(0) % 2 * 255
    canvas = RgbCanvas(np.repeat(checks[..., None], 3, 2).astype(np.uint8))
    matrix = crop_matrix(template("arcface_128") * 500, "arcface_128", 64)
    crop = take_crop(canvas, matrix, 64)
    assert crop is not None
    assert np.abs(crop.rgb[4:-4, 4:-4].astype(int) - 127).max() < 12


def test_a_crop_outside_the_picture_is_none() -> None:
    matrix = crop_matrix(template("arcface_128") * 64 + [5000, 0], "arcface_128", 64)
    assert take_crop(RgbCanvas(_spot(64, (9, 9))), matrix, 64) is None


def test_beyond_the_crop_nothing_is_laid_back() -> None:
    matrix = crop_matrix(template("arcface_128") * 64 + [64, 64], "arcface_128", 64)
    back = lay_back(np.ones((64, 64), np.float32), matrix, (0, 0, 256, 256))
    assert back[100, 100] == 1
    assert back[:60].max() == 0
    assert back[200:].max() == 0


def test_points_that_fall_together_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="fall together"):
        crop_matrix(np.ones((5, 2)), "arcface_128", 128)


def test_the_way_back_undoes_the_way() -> None:
    matrix = crop_matrix(template("mtcnn_512") * 77 + [3, 4], "mtcnn_512", 512)
    there = np.array([[5.0, 6.0]]) @ matrix[:, :2].T + matrix[:, 2]
    back = inverse(matrix)
    assert there @ back[:, :2].T + back[:, 2] == pytest.approx(np.array([[5.0, 6.0]]))


def test_unknown_templates_are_named() -> None:
    with pytest.raises(InvalidRequest, match="nowhere"):
        template("nowhere")


def test_a_crop_much_larger_than_its_face_is_averaged_rather_than_sampled() -> None:
    matrix = crop_matrix(template("arcface_128") * 64 + [10, 10], "arcface_128", 512)
    checks = (np.indices((512, 512)).sum(0) % 2).astype(np.float32)
    back = lay_back(checks, matrix, (20, 20, 60, 60))
    np.testing.assert_allclose(back, 0.5, atol=0.01)


@pytest.mark.parametrize("height_px", [40.0, 100.0, 128.0, 300.0, 1100.0])
@pytest.mark.parametrize("turn_deg", [0.0, 33.0, 180.0])
def test_a_slope_is_laid_back_without_a_shift(height_px: float, turn_deg: float) -> None:
    """A plane that rises by 1 from pixel to pixel tells a shift of a hundredth of a pixel."""
    turn = np.deg2rad(turn_deg)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = (template("ffhq_512") - 0.5) @ rotation.T * height_px + 600
    matrix = crop_matrix(points, "ffhq_512", 256)
    back = inverse(matrix)
    y, x = np.indices((256, 256))
    crop = (back[0, 0] * x + back[0, 1] * y + back[0, 2]).astype(np.float32)
    near = int(height_px * 0.3)
    box = (600 - near, 600 - near, 600 + near, 600 + near)
    laid = lay_back(crop, matrix, box)
    apart = laid - np.arange(box[0], box[2])
    assert abs(float(apart.mean())) < 0.02
    # Positions are rounded to a 32nd of the crop's pixels.
    assert np.abs(apart).max() < 0.1 * max(1.0, height_px / 256)


@pytest.mark.parametrize("height_px", [40.0, 128.0, 220.0])
@pytest.mark.parametrize("side", [32, 128, 512])
def test_a_slope_is_cut_without_a_shift(height_px: float, side: int) -> None:
    """Small faces and large ones, enlarged and shrunk, some over the picture's edge."""
    rising = np.repeat(np.tile(np.arange(256, dtype=np.uint8), (256, 1))[..., None], 3, 2)
    points = (template("ffhq_512") - 0.5) * height_px + 128
    matrix = crop_matrix(points, "ffhq_512", side)
    seen: list[np.ndarray] = []
    for ramp in (rising, 255 - rising):
        crop = take_crop(RgbCanvas(ramp), matrix, side)
        assert crop is not None
        seen.append(crop.rgb[:, side // 4 : -side // 4, 0].astype(np.float32))
    # Levels are rounded, to the same side in both; a shift is opposite in both.
    told = (seen[0] + 255 - seen[1]) / 2
    back = inverse(matrix)
    wanted = (back[0, 0] * np.arange(side) + back[0, 2])[side // 4 : -side // 4]
    assert abs(float((told - wanted).mean())) < 0.05


def test_what_lies_beyond_the_crop_may_be_its_border() -> None:
    matrix = crop_matrix(template("arcface_128") * 64 + [64, 64], "arcface_128", 64)
    crop = np.ones((64, 64), np.float32)
    assert (lay_back(crop, matrix, (0, 0, 256, 256), edge=True) == 1).all()
