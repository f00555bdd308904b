"""The classical restorer makes faces crisper, invents nothing, and keeps to the mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from portraits import astronaut, face_at, head, hopper

from personae.engine.canvas import RgbCanvas, YuvCanvas, YuvFormat
from personae.engine.faces.embedder import distance
from personae.engine.mesh.donor import MeshDonor
from personae.engine.mesh.render import FacePlan
from personae.engine.pipeline import Engine
from personae.engine.restore import (
    OVERSHOOT,
    ClassicalRestorer,
    SwappedFace,
    feature_map,
    noise_level,
    sharper,
)
from personae.engine.types import Face, Float32

Plane = NDArray[np.float32]
FACE_PX = 200.0


@pytest.fixture(scope="module")
def plan(engine: Engine, astronaut_face: Face, hopper_donor: MeshDonor) -> FacePlan:
    parts = [(astronaut_face, hopper_donor)]
    (plan,) = engine.plan_still(RgbCanvas(astronaut()), parts, 1.0)
    return plan


def swapped_face(rgb: NDArray[np.generic], mask: Plane | None = None) -> SwappedFace:
    """A made-up face that fills most of a region."""
    height, width = rgb.shape[:2]
    face = head(width / 2, height / 2, width_px=width * 0.6)
    mask = np.ones((height, width), np.float32) if mask is None else mask
    canvas = RgbCanvas(np.zeros((height, width, 3), np.uint8))
    box = (0, 0, width, height)
    return SwappedFace(canvas, box, rgb.astype(np.float32), mask, face.astype(np.float64))


def noisy(sigma: float, size: int = 200) -> Plane:
    noise = np.random.default_rng(3).normal(0, sigma, (size, size, 3))
    return (128 + noise).astype(np.float32)


def no_features(plane: Plane) -> Float32:
    return np.zeros_like(plane)


def test_nothing_outside_the_mask_changes() -> None:
    rgb = cv2.GaussianBlur(astronaut()[20:220, 120:320], (0, 0), 2).astype(np.float32)
    mask = np.zeros((200, 200), np.float32)
    mask[40:160, 50:150] = 1
    mask = cv2.GaussianBlur(mask, (0, 0), 3)
    mask[mask < 0.01] = 0
    change = ClassicalRestorer().restore(swapped_face(rgb, mask), 1.0)
    assert change.dtype == np.float32
    assert (change[mask == 0] == 0).all()
    assert np.abs(change[mask > 0.9]).max() > 3


def test_what_was_only_bent_is_no_face() -> None:
    mask = np.full((200, 200), np.float32(1 / 255))
    change = ClassicalRestorer().restore(swapped_face(noisy(8), mask), 1.0)
    assert (change == 0).all()


@pytest.mark.parametrize("sigma", [4.0, 10.0])
def test_a_flat_patch_loses_its_noise(sigma: float) -> None:
    rgb = noisy(sigma)
    out = rgb + ClassicalRestorer().restore(swapped_face(rgb), 1.0)
    inner = slice(20, 180)
    assert out[inner, inner].std() < 0.6 * rgb[inner, inner].std()
    assert abs(float(out.mean() - rgb.mean())) < 0.5


def test_half_the_strength_is_half_the_change() -> None:
    face = swapped_face(cv2.GaussianBlur(astronaut()[20:220, 120:320], (0, 0), 2))
    whole = ClassicalRestorer().restore(face, 1.0)
    np.testing.assert_allclose(ClassicalRestorer().restore(face, 0.5), whole / 2, atol=1e-4)


def edge(sigma: float, low: float = 80, high: float = 140) -> Plane:
    rows = np.full((120, 160), low, np.float32)
    rows[:, 80:] = high
    return cv2.GaussianBlur(rows, (0, 0), sigma)


@pytest.mark.parametrize("featured", [0.0, 1.0])
@pytest.mark.parametrize("sigma", [1.2, 2.5])
def test_blurred_edges_get_steeper(sigma: float, featured: float) -> None:
    plane = edge(sigma)
    out = sharper(plane, np.full_like(plane, featured), FACE_PX, 0.0)
    steeper = np.diff(out[60]).max() / np.diff(plane[60]).max()
    assert steeper > (1.05, 1.15)[int(featured)]


@pytest.mark.parametrize("face_px", [40.0, 200.0, 600.0])
def test_nothing_rises_far_above_its_neighbours(face_px: float) -> None:
    random = np.random.default_rng(5)
    plane = cv2.GaussianBlur(random.uniform(0, 255, (160, 160)).astype(np.float32), (0, 0), 2)
    plane[60:100, 60:100] += 60
    out = sharper(plane, np.ones_like(plane), face_px, 0.0)
    reach = 2 * max(1, round(0.007 * face_px)) + 2 * max(1, round(1.5 * 0.0045 * face_px)) + 1
    block = np.ones((reach, reach), np.uint8)
    low, high = cv2.erode(plane, block), cv2.dilate(plane, block)
    room = (high - low) * (OVERSHOOT + 0.01)
    assert (out <= high + room).all()
    assert (out >= low - room).all()


def test_an_edge_gets_no_halo() -> None:
    out = sharper(edge(2), np.ones_like(edge(2)), FACE_PX, 0.0)
    assert out.max() < 140 + 60 * OVERSHOOT + 0.5
    assert out.min() > 80 - 60 * OVERSHOOT - 0.5


def test_blocks_of_a_codec_are_hardly_amplified() -> None:
    shades = np.random.default_rng(9).uniform(-1.5, 1.5, (20, 20)).astype(np.float32)
    plane = 120 + np.kron(shades, np.ones((8, 8), np.float32))
    out = sharper(plane, no_features(plane), FACE_PX, 0.0)
    assert np.abs(np.diff(out, axis=1)).max() <= 1.2 * np.abs(np.diff(plane, axis=1)).max()
    assert out.std() <= plane.std()


def test_a_slope_gets_no_bands() -> None:
    plane = np.tile(np.linspace(60, 180, 200, dtype=np.float32), (120, 1))
    out = sharper(plane, np.ones_like(plane), FACE_PX, 0.0)
    steps = np.diff(out[60, 20:180])
    np.testing.assert_allclose(steps, steps.mean(), rtol=0.05)


def test_crisp_skin_is_left_alone() -> None:
    """What has much detail gets less of the gain: wrinkles are not carved."""
    plane = np.asarray(cv2.cvtColor(hopper(), cv2.COLOR_RGB2GRAY), np.float32)[240:330, 190:330]
    soft = cv2.GaussianBlur(plane, (0, 0), 2)

    def gain(of: Plane) -> float:
        out = sharper(of, no_features(of), FACE_PX, 0.0)
        return float(cv2.Laplacian(out, cv2.CV_32F).std() / cv2.Laplacian(of, cv2.CV_32F).std())

    assert gain(plane) < gain(soft)


@pytest.mark.parametrize("enlarged", [1, 2])
def test_noise_is_measured_even_where_it_was_enlarged(enlarged: int) -> None:
    plane = noisy(8, 300 // enlarged)[..., 0]
    plane = cv2.resize(plane, (300, 300), interpolation=cv2.INTER_LINEAR)
    mask = np.ones_like(plane)
    assert (0, 6.0, 1.4)[enlarged] < noise_level(plane, mask, 280.0) < 8.5
    assert noise_level(cv2.GaussianBlur(plane, (0, 0), 6), mask, 280.0) == 0
    assert noise_level(plane, 0 * mask, 280.0) == 0


def test_features_are_eyes_and_mouth() -> None:
    face = face_at(100, 100, width_px=120)
    found = feature_map(face.landmarks[:, :2], (200, 200), 150.0)
    x, y = np.rint(face.points).astype(int).T
    assert found.shape == (200, 200)
    assert (found[y[[0, 1, 3, 4]], x[[0, 1, 3, 4]]] > 0.4).all()
    cheek = ((face.points[0] + face.points[3]) / 2).astype(int)
    assert found[cheek[1], cheek[0]] < 0.1
    assert found[:20].max() == 0


def canvases() -> list[RgbCanvas | YuvCanvas]:
    form = YuvFormat(0.2126, 0.0722, full_range=False, bits=8)
    random = np.random.default_rng(0)
    luma = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY)
    chroma = [random.integers(100, 156, (256, 256), np.uint8) for _ in range(2)]
    return [RgbCanvas(astronaut()), YuvCanvas((luma, *chroma), form)]


@pytest.mark.parametrize("kind", [0, 1])
def test_a_restored_swap_keeps_to_the_swaps_own_mask(
    engine: Engine, plan: FacePlan, kind: int
) -> None:
    scene, swapped, restored = (canvases()[kind] for _ in range(3))
    (plain,) = engine.render_into(swapped, [plan])
    (crisp,) = engine.render_into(restored, [plan], 1.0)
    np.testing.assert_array_equal(plain.mask, crisp.mask)
    same = crisp.delta == plain.delta
    assert same[plain.mask == 0].all()
    assert same.mean() < 0.9
    x0, y0, x1, y1 = crisp.box
    for before, after in zip(planes(scene), planes(restored), strict=True):
        changed = np.flatnonzero((before != after).any(0 if before.ndim == 2 else (0, 2)))
        scale = before.shape[1] / 512
        assert changed.min() >= x0 * scale - 1
        assert changed.max() <= x1 * scale
    assert y1 > y0
    assert any((a != b).any() for a, b in zip(planes(swapped), planes(restored), strict=True))


def planes(canvas: RgbCanvas | YuvCanvas) -> list[NDArray[np.generic]]:
    return [canvas.rgb] if isinstance(canvas, RgbCanvas) else list(canvas.planes)


def test_strength_nothing_is_bit_identical(engine: Engine, plan: FacePlan) -> None:
    swapped, restored = RgbCanvas(astronaut()), RgbCanvas(astronaut())
    engine.render_into(swapped, [plan])
    engine.render_into(restored, [plan], 0.0)
    np.testing.assert_array_equal(swapped.rgb, restored.rgb)
    # A face that is not swapped is not restored either.
    assert engine.render_into(restored, [replace(plan, strength=0.0)], 1.0) == []


def test_the_likeness_stays(
    engine: Engine, plan: FacePlan, astronaut_face: Face, hopper_face: Face
) -> None:
    donor = engine.embed(RgbCanvas(hopper()), hopper_face.landmarks)
    far: list[float] = []
    for restore in (0.0, 1.0):
        canvas = RgbCanvas(astronaut())
        engine.render_into(canvas, [plan], restore)
        far.append(distance(engine.embed(canvas, astronaut_face.landmarks), donor))
    assert far[1] < far[0] + 0.01


class Marker:
    """A restorer that paints: any other can take the classical one's place."""

    name = "marker"

    def restore(self, face: SwappedFace, strength: float) -> Float32:
        change = np.zeros_like(face.rgb)
        change[face.mask > 0.5] = 10 * strength
        return change

    def restore_all(self, faces: Sequence[SwappedFace], strength: float) -> list[Float32]:
        return [self.restore(face, strength) for face in faces]


def test_another_restorer_takes_its_place(engine: Engine, plan: FacePlan) -> None:
    other = Engine(engine._finder, engine._embedder, Marker())
    plain, marked = RgbCanvas(astronaut()), RgbCanvas(astronaut())
    (rendered,) = engine.render_into(plain, [plan])
    other.render_into(marked, [plan], 0.5)
    x0, y0, x1, y1 = rendered.box
    difference = marked.rgb.astype(int) - plain.rgb
    inside = difference[y0:y1, x0:x1][rendered.mask > 0.5]
    assert np.median(inside) == 5
    difference[y0:y1, x0:x1][rendered.mask > 0.5] = 0
    assert not difference.any()
