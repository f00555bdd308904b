"""A mark changes brightness, a little, around the new faces and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from portraits import astronaut

from personae.engine.canvas import RgbCanvas, YuvCanvas, YuvFormat
from personae.engine.marking.embedding import LIMIT, mark_into, region
from personae.engine.mesh.donor import MeshDonor
from personae.engine.mesh.render import FacePlan
from personae.engine.pipeline import Engine
from personae.engine.types import Face

MARK = 0x5A12345678


@pytest.fixture(scope="module")
def plan(engine: Engine, astronaut_face: Face, hopper_donor: MeshDonor) -> FacePlan:
    canvas = RgbCanvas(astronaut())
    (plan,) = engine.plan_still(canvas, [(astronaut_face, hopper_donor)], 1.0)
    return plan


def swapped(engine: Engine, plan: FacePlan, mark: int | None) -> np.ndarray:
    canvas = RgbCanvas(astronaut())
    engine.render_into(canvas, [plan], mark=mark)
    return canvas.rgb.astype(np.int16)


def planes(bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    dtype = np.uint8 if bits == 8 else np.uint16
    slope = np.linspace(60, 180, 640)[None, :] * np.ones((360, 1)) * 2 ** (bits - 8)
    middle = np.full((180, 320), 1 << (bits - 1), dtype)
    return slope.astype(dtype), middle, middle.copy()


def test_only_brightness_changes_and_only_around_the_face(engine: Engine, plan: FacePlan) -> None:
    plain, marked = swapped(engine, plan, None), swapped(engine, plan, MARK)
    difference = marked - plain
    (done,) = engine.render_into(RgbCanvas(astronaut()), [plan], mark=MARK)
    assert done.marked is not None
    x0, y0, x1, y1 = done.marked.box
    inside = difference[y0:y1, x0:x1]
    assert (inside[done.marked.weight == 0] == 0).all()
    outside = difference.copy()
    outside[y0:y1, x0:x1] = 0
    assert (outside == 0).all()
    free = (plain > 12).all(axis=2) & (plain < 243).all(axis=2)
    assert (difference[free].max(axis=1) == difference[free].min(axis=1)).all()
    assert (inside != 0).any(axis=2).mean() > 0.3
    width, height = done.box[2] - done.box[0], done.box[3] - done.box[1]
    assert done.box[0] - x0 <= 0.21 * width
    assert done.box[1] - y0 <= 0.21 * height


def test_it_is_fainter_than_42_db(engine: Engine, plan: FacePlan) -> None:
    plain, marked = swapped(engine, plan, None), swapped(engine, plan, MARK)
    (done,) = engine.render_into(RgbCanvas(astronaut()), [plan], mark=MARK)
    assert done.marked is not None
    x0, y0, x1, y1 = done.marked.box
    there = done.marked.weight > 0
    error = np.mean((marked - plain)[y0:y1, x0:x1][there].astype(np.float64) ** 2)
    assert 10 * np.log10(255**2 / error) >= 42
    assert error > 1


def test_without_a_mark_nothing_is_added(engine: Engine, plan: FacePlan) -> None:
    (done,) = engine.render_into(RgbCanvas(astronaut()), [plan])
    assert done.marked is None


def test_nothing_is_marked_that_was_not_swapped(engine: Engine, plan: FacePlan) -> None:
    canvas = RgbCanvas(astronaut())
    assert engine.render_into(canvas, [replace(plan, strength=0.0)], mark=MARK) == []
    np.testing.assert_array_equal(canvas.rgb, astronaut())


def test_the_pattern_moves_with_the_face() -> None:
    landmarks = np.zeros((478, 3))
    landmarks[:, :2] = [300.2, 180.1]
    grey = np.full((360, 640, 3), 128, np.uint8)
    one, other = RgbCanvas(grey.copy()), RgbCanvas(grey.copy())
    mark_into(one, [((200, 80, 400, 280), landmarks)], MARK)
    mark_into(other, [((217, 91, 417, 291), landmarks + np.array([17, 11, 0]))], MARK)
    np.testing.assert_array_equal(one.rgb[:-11, :-17], other.rgb[11:, 17:])


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_luma_samples_of_any_depth_change_alike(bits: int) -> None:
    form = YuvFormat(0.2126, 0.0722, False, bits)
    before, canvas_planes = planes(bits), planes(bits)
    landmarks = np.full((478, 3), 180.0)
    (done,) = mark_into(YuvCanvas(canvas_planes, form), [((80, 60, 300, 300), landmarks)], MARK)
    np.testing.assert_array_equal(canvas_planes[1], before[1])
    np.testing.assert_array_equal(canvas_planes[2], before[2])
    x0, y0, x1, y1 = done.box
    change = (canvas_planes[0].astype(float) - before[0])[y0:y1, x0:x1] / form.luma_scale
    rms = float(np.sqrt(np.mean(change[done.weight > 0] ** 2)))
    assert 0.4 < rms < LIMIT


def test_faces_that_overlap_are_marked_once() -> None:
    grey = np.full((360, 640, 3), 128, np.uint8)
    canvas = RgbCanvas(grey.copy())
    spots = [((100, 60, 300, 300), np.full((478, 3), 180.0))] * 3
    marks = mark_into(canvas, spots, MARK)
    alone = RgbCanvas(grey.copy())
    mark_into(alone, spots[:1], MARK)
    np.testing.assert_array_equal(canvas.rgb, alone.rgb)
    assert (marks[1].weight == 0).all()


def test_samples_at_their_ends_stay_in_range() -> None:
    for level in (0, 255):
        canvas = RgbCanvas(np.full((300, 300, 3), level, np.uint8))
        mark_into(canvas, [((50, 50, 250, 250), np.full((478, 3), 150.0))], MARK)
        assert np.abs(canvas.rgb.astype(int) - level).max() < 12


def test_a_face_at_the_edge_is_marked_up_to_it() -> None:
    canvas = RgbCanvas(np.full((300, 300, 3), 128, np.uint8))
    (done,) = mark_into(canvas, [((0, 40, 180, 260), np.full((478, 3), 90.0))], MARK)
    assert done.box[0] == 0
    assert done.weight[:, 0].max() > 0.5 * done.weight.max()


def test_a_small_region_grows_further_but_not_without_bound() -> None:
    assert region((100, 100, 400, 400), 72) == (64, 64, 436, 436)
    assert region((100, 100, 200, 200), 72) == (80, 80, 220, 220)


def test_the_same_input_gives_the_same_pixels(engine: Engine, plan: FacePlan) -> None:
    np.testing.assert_array_equal(swapped(engine, plan, 9), swapped(engine, plan, 9))
    assert (swapped(engine, plan, 9) != swapped(engine, plan, 10)).any()
