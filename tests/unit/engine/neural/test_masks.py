"""Soft borders of crops, and the parts of a face."""

from __future__ import annotations

import numpy as np
import pytest
from portraits import face_at

from personae.engine.neural.masks import AREAS, area_mask, crop_mask, inner
from personae.errors import InvalidRequest


def test_a_crops_border_is_soft_and_its_middle_whole() -> None:
    mask = crop_mask(100, soft=0.2)
    assert mask.dtype == np.float32
    assert (mask[[0, -1]] == 0).all()
    assert (mask[:, [0, -1]] == 0).all()
    assert (mask[10:-10, 10:-10] == 1).all()
    np.testing.assert_allclose(mask[50, 5], 0.5, atol=1e-6)
    np.testing.assert_array_equal(mask, mask[::-1, ::-1].T)


def test_padding_moves_the_border_in() -> None:
    mask = crop_mask(100, soft=0.1, padding=(0.1, 0.2, 0.3, 0.4))
    assert (mask[:10] == 0).all()
    assert (mask[:, 80:] == 0).all()
    assert (mask[70:] == 0).all()
    assert (mask[:, :40] == 0).all()
    assert (mask[15:64, 46:74] == 1).all()


@pytest.mark.parametrize(
    ("soft", "padding"),
    [(-0.1, (0, 0, 0, 0)), (1.1, (0, 0, 0, 0)), (0.1, (0, -0.1, 0, 0)), (0.1, (0.5, 0, 0.5, 0))],
)
def test_impossible_borders_are_refused(
    soft: float, padding: tuple[float, float, float, float]
) -> None:
    with pytest.raises(InvalidRequest, match="soft border"):
        crop_mask(100, soft, padding)


def test_nobody_can_change_a_mask_that_others_use() -> None:
    with pytest.raises(ValueError, match="read-only"):
        crop_mask(64)[0, 0] = 1


def test_areas_lie_where_their_names_say() -> None:
    face = face_at(128, 128, 150)
    points = face.landmarks.astype(np.float64)
    nose, mouth = face.points[2], face.points[3:].mean(0)
    eyes, chin = face.points[:2].mean(0), face.landmarks[152, :2]
    inside = {name: area_mask(points, 256, [name], 0) for name in AREAS}

    def has(name: str, at: np.ndarray) -> bool:
        x, y = np.rint(at).astype(int)
        return bool(inside[name][y, x])

    assert [has("upper_face", at) for at in (eyes, nose, mouth)] == [True, True, False]
    assert [has("lower_face", at) for at in (eyes, mouth, chin - 4)] == [False, True, True]
    assert [has("mouth", at) for at in (eyes, nose, mouth)] == [False, False, True]
    assert all(has("face", at) for at in (eyes, nose, mouth, chin - 4))
    both = area_mask(points, 256, ["upper_face", "mouth"], 0)
    np.testing.assert_array_equal(both, np.maximum(inside["upper_face"], inside["mouth"]))


def test_an_area_is_soft_to_its_inside() -> None:
    points = face_at(128, 128, 150).landmarks.astype(np.float64)
    hard, soft = (area_mask(points, 256, ["face"], blur) for blur in (0.0, 4.0))
    assert (soft[hard == 0] < 0.05).all()
    assert soft[128, 128] == pytest.approx(1)
    assert ((soft > 0.1) & (soft < 0.9)).any()


def test_faces_far_outside_have_no_area() -> None:
    points = face_at(1e7, -1e7, 150).landmarks.astype(np.float64)
    assert area_mask(points, 64, ["face"], 2).max() == 0


def test_unknown_areas_are_named() -> None:
    with pytest.raises(InvalidRequest, match="upper_face"):
        area_mask(np.zeros((478, 2)), 64, ["ears"], 0)


def test_below_the_floor_is_nothing_and_above_it_rises_to_one() -> None:
    values = np.array([0, 0.5, 0.75, 1], np.float32)
    np.testing.assert_allclose(inner(values, 0.5), [0, 0, 0.5, 1])
    np.testing.assert_allclose(inner(values, 0.0), values)
