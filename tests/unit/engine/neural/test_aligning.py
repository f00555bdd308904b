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
