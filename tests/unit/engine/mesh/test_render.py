"""A face is put where it belongs, and not one sample beside it changes."""

from __future__ import annotations

import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image
from portraits import MORE_FACES, astronaut, face_at, head, hopper, largest, resized

from personae.engine.canvas import RgbCanvas, YuvCanvas, YuvFormat
from personae.engine.faces.embedder import distance
from personae.engine.mesh.donor import MeshDonor
from personae.engine.mesh.masks import far_side
from personae.engine.mesh.observe import eye_shares, observe_skin
from personae.engine.mesh.placement import WORK_PX
from personae.engine.mesh.render import FacePlan, Rendered, render_face
from personae.engine.mesh.shape import eye_openings
from personae.engine.mesh.skin import skin_model
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.vertices import EYE_LEFT, EYE_RIGHT, LIPS_INNER
from personae.engine.pipeline import Engine
from personae.engine.types import Face


def plan_for(
    engine: Engine, rgb: np.ndarray, face: Face, donor: MeshDonor, strength: float = 1.0
) -> FacePlan:
    (plan,) = engine.plan_still(RgbCanvas(rgb.copy()), [(face, donor)], strength)
    return plan


@pytest.fixture(scope="module")
def plan(engine: Engine, astronaut_face: Face, hopper_donor: MeshDonor) -> FacePlan:
    return plan_for(engine, astronaut(), astronaut_face, hopper_donor)


def rendered(mesh: FaceMesh, rgb: np.ndarray, plan: FacePlan) -> Rendered:
    out = render_face(mesh, RgbCanvas(rgb), plan)
    assert out is not None
    return out


def check(rgb: np.ndarray, result: Rendered) -> None:
    """What every result must keep to."""
    x0, y0, x1, y1 = result.box
    assert 0 <= x0 < x1 <= rgb.shape[1]
    assert 0 <= y0 < y1 <= rgb.shape[0]
    assert result.delta.shape == (y1 - y0, x1 - x0, 3)
    assert result.delta.dtype == result.mask.dtype == np.float32
    assert result.mask.shape == result.delta.shape[:2]
    assert np.isfinite(result.delta).all()
    assert np.abs(result.delta).max() <= 255
    assert result.mask.min() >= 0
    assert result.mask.max() <= 1


def test_a_swap_looks_like_the_donor(
    engine: Engine, plan: FacePlan, astronaut_face: Face, hopper_face: Face
) -> None:
    canvas = RgbCanvas(astronaut())
    engine.render_into(canvas, [plan])
    swapped = engine.embed(canvas, astronaut_face.landmarks)
    donor = engine.embed(RgbCanvas(hopper()), hopper_face.landmarks)
    scene = engine.embed(RgbCanvas(astronaut()), astronaut_face.landmarks)
    assert distance(swapped, donor) < distance(swapped, scene)


def test_a_rendered_face_keeps_to_its_bounds(mesh: FaceMesh, plan: FacePlan) -> None:
    rgb = astronaut()
    result = rendered(mesh, rgb, plan)
    check(rgb, result)
    np.testing.assert_array_equal(rgb, astronaut())
    # The middle of the face is taken, the corners of the box are not.
    height, width = result.mask.shape
    assert result.mask[height // 2, width // 2] > 0.9
    corners = ([0, 0, -1, -1], [0, -1, 0, -1])
    assert (result.delta[corners] == 0).all()
    assert (result.mask[corners] == 0).all()


def test_pixels_without_a_difference_are_the_scenes(
    engine: Engine, mesh: FaceMesh, plan: FacePlan
) -> None:
    canvas = RgbCanvas(astronaut())
    (result,) = engine.render_into(canvas, [plan])
    x0, y0, x1, y1 = result.box
    same = np.ones(canvas.rgb.shape[:2], bool)
    same[y0:y1, x0:x1] = (result.delta == 0).all(2)
    np.testing.assert_array_equal(canvas.rgb[same], astronaut()[same])
    assert 0.9 < same.mean() < 0.99
    # Where the mask is 0 nothing changes: it tells the truth.
    untouched = result.mask == 0
    assert (result.delta[untouched] == 0).all()
    assert (canvas.rgb != astronaut()).any(2).sum() > 5000


def test_video_samples_outside_the_face_are_the_scenes(engine: Engine, plan: FacePlan) -> None:
    rgb = astronaut()
    stacked = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420)
    planes = (
        stacked[:512].copy(),
        stacked[512:640].reshape(256, 256).copy(),
        stacked[640:].reshape(256, 256).copy(),
    )
    before = [plane.copy() for plane in planes]
    form = YuvFormat(0.299, 0.114, full_range=False, bits=8)
    (result,) = engine.render_into(YuvCanvas(planes, form), [plan])
    x0, y0, x1, y1 = result.box
    touched = np.zeros((512, 512), bool)
    touched[y0:y1, x0:x1] = (result.delta != 0).any(2)
    chroma = touched.reshape(256, 2, 256, 2).any((1, 3))
    for plane, old, allowed in zip(planes, before, (touched, chroma, chroma), strict=True):
        np.testing.assert_array_equal(plane[~allowed], old[~allowed])
        assert (plane[allowed] != old[allowed]).mean() > 0.3


def test_no_strength_changes_nothing(engine: Engine, mesh: FaceMesh, plan: FacePlan) -> None:
    canvas = RgbCanvas(astronaut())
    assert engine.render_into(canvas, [replace(plan, strength=0.0)]) == []
    np.testing.assert_array_equal(canvas.rgb, astronaut())


def test_strength_scales_the_change(mesh: FaceMesh, plan: FacePlan) -> None:
    rgb = astronaut()
    amounts = [
        float(np.abs(rendered(mesh, rgb, replace(plan, strength=s)).delta).sum())
        for s in (0.1, 0.5, 1.0)
    ]
    assert 0 < amounts[0] < 0.25 * amounts[2]
    assert amounts[0] < amounts[1] < 0.7 * amounts[2]
    assert rendered(mesh, rgb, replace(plan, strength=0.5)).mask.max() <= 0.5 + 1e-6


def test_the_same_input_gives_the_same_output(mesh: FaceMesh, plan: FacePlan) -> None:
    one, other = (rendered(mesh, astronaut(), plan) for _ in range(2))
    assert one.box == other.box
    np.testing.assert_array_equal(one.delta, other.delta)
    np.testing.assert_array_equal(one.mask, other.mask)


def test_threads_do_not_disturb_each_other(
    engine: Engine,
    plan: FacePlan,
    hopper_face: Face,
    astronaut_donor: MeshDonor,
) -> None:
    work = [
        (astronaut(), plan),
        (hopper(), plan_for(engine, hopper(), hopper_face, astronaut_donor)),
    ]

    def swap(rgb: np.ndarray, one: FacePlan) -> np.ndarray:
        canvas = RgbCanvas(rgb.copy())
        engine.render_into(canvas, [one])
        return canvas.rgb

    alone = [swap(*item) for item in work]
    results: dict[int, list[np.ndarray]] = {0: [], 1: []}

    def run(number: int) -> None:
        results[number] = [swap(*work[number]) for _ in range(6)]

    threads = [threading.Thread(target=run, args=(number,)) for number in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for number, several in results.items():
        assert len(several) == 6
        for one in several:
            np.testing.assert_array_equal(one, alone[number])


def test_opencvs_threads_change_nothing(mesh: FaceMesh, plan: FacePlan) -> None:
    before = cv2.getNumThreads()
    try:
        results = []
        for count in (1, 2):
            cv2.setNumThreads(count)
            results.append(rendered(mesh, astronaut(), plan).delta)
    finally:
        cv2.setNumThreads(before)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_face_partly_outside_is_swapped_as_far_as_it_is_seen(
    mesh: FaceMesh, plan: FacePlan, astronaut_face: Face, side: str
) -> None:
    x0, y0, x1, y1 = (round(value) for value in astronaut_face.box_xyxy)
    x, y = (x0 + x1) // 2, (y0 + y1) // 2
    cut = {
        "left": np.s_[:, x:],
        "right": np.s_[:, :x],
        "top": np.s_[y:],
        "bottom": np.s_[:y],
    }[side]
    shift = np.array([x if side == "left" else 0, y if side == "top" else 0, 0.0])
    rgb = np.ascontiguousarray(astronaut()[cut])
    result = rendered(mesh, rgb, replace(plan, landmarks=plan.landmarks - shift))
    check(rgb, result)
    edge = {
        "left": result.mask[:, 0],
        "right": result.mask[:, -1],
        "top": result.mask[0],
        "bottom": result.mask[-1],
    }[side]
    assert edge.max() > 0.8, "The swap ends before the picture does."


def test_a_face_outside_is_left_alone(mesh: FaceMesh, plan: FacePlan) -> None:
    for shift in ([-2000, 0, 0], [0, 2000, 0], [600, 600, 0]):
        away = replace(plan, landmarks=plan.landmarks + np.array(shift, float))
        assert render_face(mesh, RgbCanvas(astronaut()), away) is None


@pytest.mark.parametrize("height_px", [14, 24, 40, 350, 450, 1500])
def test_faces_of_all_sizes_are_swapped(
    engine: Engine, mesh: FaceMesh, astronaut_face: Face, hopper_donor: MeshDonor, height_px: int
) -> None:
    box = astronaut_face.box_xyxy
    factor = height_px / (box[3] - box[1])
    rgb = resized(astronaut()[: round(box[3]) + 60, 60:420], factor)
    moved = (astronaut_face.landmarks - np.float32([60, 0, 0]) + np.float32([0.5, 0.5, 0])) * factor
    face = replace(
        astronaut_face,
        landmarks=moved - np.float32([0.5, 0.5, 0]),
        box_xyxy=tuple(factor * v for v in box),
    )
    result = rendered(mesh, rgb, plan_for(engine, rgb, face, hopper_donor))
    check(rgb, result)
    assert np.abs(result.delta).max() > 20
    assert 0.1 < (result.mask > 0.5).mean() < 0.9


def test_a_large_face_keeps_the_scenes_detail_outside_the_mask(
    engine: Engine, mesh: FaceMesh, hopper_donor: MeshDonor
) -> None:
    rgb = resized(astronaut(), 5)
    noise = np.random.default_rng(0).integers(-20, 21, rgb.shape)
    rgb = np.clip(rgb + noise, 0, 255).astype(np.uint8)
    face = largest(engine.faces(RgbCanvas(rgb.copy())))
    result = rendered(mesh, rgb, plan_for(engine, rgb, face, hopper_donor))
    assert max(result.mask.shape) > WORK_PX
    x0, y0, x1, y1 = result.box
    out = rgb[y0:y1, x0:x1] + result.delta
    rim = (result.mask < 0.01) & (result.delta != 0).any(2)
    if rim.sum() > 100:
        # The background is only moved a little there: its grain is still the scene's.
        grain = cv2.Laplacian(out.astype(np.float32), cv2.CV_32F)[rim].std()
        assert (
            grain > 0.4 * cv2.Laplacian(rgb[y0:y1, x0:x1].astype(np.float32), cv2.CV_32F)[rim].std()
        )


def test_closed_eyes_stay_the_scenes(mesh: FaceMesh, plan: FacePlan) -> None:
    shut = plan.landmarks.copy()
    for loop in (EYE_LEFT, EYE_RIGHT):
        upper, lower = [loop[i] for i in range(9, 16)], [loop[i] for i in range(7, 0, -1)]
        shut[upper] = shut[lower]
    result = rendered(mesh, astronaut(), replace(plan, landmarks=shut))
    still = rendered(mesh, astronaut(), plan)
    x0, y0 = result.box[:2]
    for iris in (468, 473):
        x, y = np.rint(plan.landmarks[iris, :2]).astype(int)
        assert result.mask[y - y0, x - x0] < 0.35
        assert still.mask[y - still.box[1], x - still.box[0]] > 0.6


@pytest.mark.parametrize(("donor", "share"), [(0.06, 0), (0.12, 0), (0.22, 1)])
def test_a_donor_with_closed_eyes_gets_the_scenes(
    plan: FacePlan, donor: float, share: float
) -> None:
    assert min(eye_openings(plan.landmarks)) > 0.25
    assert eye_shares(plan.landmarks, (donor, donor)) == (share, share)
    winking = eye_shares(plan.landmarks, (donor, donor + 0.03))
    assert abs(winking[0] - winking[1]) < 0.35  # Not one eye of each.


def test_dark_glasses_stay_the_scenes(
    engine: Engine, mesh: FaceMesh, astronaut_face: Face, hopper_donor: MeshDonor
) -> None:
    rgb = astronaut()
    lenses = [tuple(round(float(v)) for v in astronaut_face.landmarks[i, :2]) for i in (468, 473)]
    for x, y in lenses:
        cv2.ellipse(rgb, (x, y + 3), (19, 14), 0, 0, 360, (12, 12, 14), -1, cv2.LINE_AA)
    plan = plan_for(engine, rgb, astronaut_face, hopper_donor)
    assert plan.glasses > 0.5
    result = rendered(mesh, rgb, plan)
    x0, y0 = result.box[:2]
    for x, y in lenses:
        # Where both are nearly black, the mask may hold: what counts is that nothing shows.
        lens = np.s_[y - y0 - 6 : y - y0 + 13, x - x0 - 13 : x - x0 + 14]
        assert np.abs(result.delta[lens]).mean() < 12
    x, y = np.rint(plan.landmarks[152, :2]).astype(int)
    assert result.mask[y - y0 - 12, x - x0] > 0.5  # Above the chin.


TINTS = {
    "brown": ((80, 50, 25), 0.85),
    "green": ((40, 70, 50), 0.75),
    "blue": ((30, 60, 120), 0.75),
    "red": ((140, 30, 40), 0.75),
    "silver": ((200, 205, 210), 0.9),
    "blue mirror": ((80, 130, 200), 0.9),
}


def with_lenses(
    rgb: np.ndarray, face: Face, colour: tuple[int, int, int], opacity: float
) -> np.ndarray:
    """A portrait behind tinted lenses without a frame."""
    points = face.landmarks[:, :2].astype(float)
    wide = float(np.linalg.norm(points[33] - points[263]))
    over = np.zeros(rgb.shape[:2], np.float32)
    for eye in ((33, 133), (362, 263)):
        x, y = points[list(eye)].mean(0)
        axes = (int(0.28 * wide), int(0.22 * wide))
        cv2.ellipse(over, (int(x), int(y + 0.06 * wide)), axes, 0, 0, 360, 1, -1, cv2.LINE_AA)
    share = opacity * over[..., None]
    return np.rint(rgb * (1 - share) + np.array(colour) * share).astype(np.uint8)


@pytest.mark.parametrize("tint", TINTS)
def test_tinted_glasses_stay_the_scenes(
    tint: str, engine: Engine, mesh: FaceMesh, hopper_face: Face, hopper_donor: MeshDonor
) -> None:
    rgb = with_lenses(hopper(), hopper_face, *TINTS[tint])
    plan = plan_for(engine, rgb, hopper_face, hopper_donor)
    assert plan.glasses > 0.5
    result = rendered(mesh, rgb, plan)
    x0, y0 = result.box[:2]
    for iris in (468, 473):
        x, y = np.rint(hopper_face.landmarks[iris, :2]).astype(int)
        assert result.mask[y - y0 - 3 : y - y0 + 4, x - x0 - 3 : x - x0 + 4].max() < 0.5
    _, findings = engine.study(RgbCanvas(rgb), hopper_face)
    assert "dark_glasses" in [one.code for one in findings]


@pytest.mark.parametrize(
    "light", [(1, 1, 1), (1.2, 1, 0.75), (0.85, 0.95, 1.1), (0.4, 0.4, 0.4), (1.3, 1.3, 1.3)]
)
def test_bare_eyes_are_no_glasses(
    light: tuple[float, float, float],
    engine: Engine,
    hopper_face: Face,
    astronaut_face: Face,
    hopper_donor: MeshDonor,
) -> None:
    for rgb, face in ((hopper(), hopper_face), (astronaut(), astronaut_face)):
        lit = np.clip(rgb * np.array(light), 0, 255).astype(np.uint8)
        assert plan_for(engine, lit, face, hopper_donor).glasses == 0


@pytest.mark.skipif(not MORE_FACES.is_dir(), reason="wants portraits beside the checkout")
def test_portraits_of_all_kinds_wear_no_dark_glasses(
    engine: Engine, hopper_donor: MeshDonor
) -> None:
    """Dark skin, deep-set eyes, make-up, shut eyes, clear glasses: `skin_63` alone wears dark."""
    worn: list[str] = []
    for path in sorted(MORE_FACES.glob("skin_*.jpg")):
        rgb = np.asarray(Image.open(path).convert("RGB"))
        faces = engine.faces(RgbCanvas(rgb.copy()))
        if faces and plan_for(engine, rgb, largest(faces), hopper_donor).glasses > 0.1:
            worn.append(path.stem)
    assert worn == ["skin_63"]


def test_the_inside_of_an_open_mouth_stays_the_scenes(mesh: FaceMesh, plan: FacePlan) -> None:
    wide = plan.landmarks.copy()
    drop = 14 * mesh.jaw_weight
    wide[:468, 1] += drop
    result = rendered(mesh, astronaut(), replace(plan, landmarks=wide))
    x, y = np.rint(wide[list(LIPS_INNER), :2].mean(0)).astype(int)
    x0, y0 = result.box[:2]
    assert result.mask[y - y0, x - x0] < 0.3
    assert result.mask[y - y0 - 22, x - x0] > 0.5  # Below the nose.


def test_something_in_front_of_the_face_stays_in_front(
    engine: Engine, mesh: FaceMesh, plan: FacePlan, astronaut_face: Face
) -> None:
    rgb = astronaut()
    x0, y0 = (round(value) for value in astronaut_face.box_xyxy[:2])
    # A green bar from the left edge of the face over the cheek.
    top, bottom, end = y0 + 75, y0 + 95, x0 + 45
    rgb[top:bottom, x0 - 40 : end] = [20, 160, 40]
    plain = rendered(mesh, astronaut(), plan)
    result = rendered(mesh, rgb, plan)
    bar = np.s_[
        top + 4 - result.box[1] : bottom - 4 - result.box[1],
        x0 + 12 - result.box[0] : end - 10 - result.box[0],
    ]
    assert plain.mask[bar].mean() > 0.6
    assert result.mask[bar].mean() < 0.3


def test_a_dark_fringe_does_not_darken_the_skin(mesh: FaceMesh, astronaut_face: Face) -> None:
    rgb = astronaut()
    points = np.rint(astronaut_face.landmarks[:, :2]).astype(int)
    x0, x1 = points[54, 0] - 6, points[284, 0] + 6
    y0, y1 = points[10, 1] - 6, points[[105, 334], 1].max() + 8
    stripes = np.random.default_rng(0).uniform(0.6, 1.4, (1, x1 - x0, 1))
    rgb[y0:y1, x0:x1] = np.rint(np.array([70, 50, 36]) * stripes)
    bare, under = (
        observe_skin(mesh, RgbCanvas(picture), astronaut_face.landmarks)
        for picture in (astronaut(), rgb)
    )
    assert bare is not None
    assert under is not None
    forehead = [10, 67, 109, 151, 297, 338, 9, 108, 337, 69, 299]
    pulled = skin_model(mesh, bare.skin)[forehead] - skin_model(mesh, under.skin)[forehead]
    assert np.abs(pulled).mean() < 0.3


def test_the_far_half_of_a_turned_head_stays(mesh: FaceMesh) -> None:
    x = mesh.canonical[:468, 0]
    for yaw, far in ((45.0, x > 0.4), (-45.0, x < -0.4)):
        stays, doubted = far_side(mesh, yaw)
        assert (stays[:468][far] == 1).all()
        assert (doubted[:468][far] == 1).all()
        near = x * np.sign(yaw) < 0
        assert (stays[:468][near] == 0).all()
        assert (doubted[:468][near] == 0).all()
    for yaw in (0.0, 20.0, -20.0):
        assert not any(one.any() for one in far_side(mesh, yaw))
    between = [float(far_side(mesh, yaw)[0].sum()) for yaw in (31.0, 33.0, 35.0, 37.0)]
    assert between == sorted(between)
    assert between[0] == 0 < between[1]


def test_nothing_is_painted_behind_a_head_near_profile(
    mesh: FaceMesh, plan: FacePlan, hopper_donor: MeshDonor
) -> None:
    """Landmarks of a head at 60 degrees say 38, and reach over its outline."""
    turned = head(120, 120, 110, yaw=38).astype(np.float64)
    rgb = np.full((240, 240, 3), (40, 60, 90), np.uint8)
    oval = cv2.convexHull(np.rint(turned[:468, :2]).astype(np.int32))
    cv2.fillConvexPoly(rgb, oval, (190, 140, 115))
    edge = int(turned[[4, 1, 13], 0].max()) + 3
    rgb[:, edge:] = (40, 60, 90)
    result = rendered(mesh, rgb, replace(plan, landmarks=turned, donor=hopper_donor))
    x0, y0, _, _ = result.box
    eye = np.rint(turned[263, :2]).astype(int) - [x0, y0]
    assert eye[0] + x0 > edge
    assert np.abs(result.delta[eye[1] - 3 : eye[1] + 4, eye[0] - 3 : eye[0] + 4]).mean() < 6
    near = np.rint(turned[50, :2]).astype(int) - [x0, y0]
    assert result.mask[near[1], near[0]] > 0.6


def test_a_face_too_small_to_see_is_left_alone(mesh: FaceMesh, plan: FacePlan) -> None:
    tiny = face_at(100, 100, 4).landmarks.astype(np.float64)
    assert render_face(mesh, RgbCanvas(astronaut()), replace(plan, landmarks=tiny)) is None


def test_a_face_in_front_is_not_painted_over(mesh: FaceMesh, plan: FacePlan) -> None:
    rgb = astronaut()
    alone = rendered(mesh, rgb, plan)
    wide = float(np.ptp(plan.landmarks[:468, 0]))
    beside = plan.landmarks + np.array([0.6 * wide, 0, 0])
    # The neighbour's hair is as blue as no face is, the neighbour's skin as the face behind.
    x0, y0, _, y1 = alone.box
    ear = int(beside[:468, 0].min())
    rgb[y0:y1, ear - 6 : ear + 2] = (40, 60, 200)
    result = rendered(mesh, rgb, replace(plan, nearer=(beside,)))
    check(rgb, result)
    row = int(plan.landmarks[4, 1]) - y0
    face = int(beside[:468, 0].mean()) - x0
    assert alone.mask[row, face - 22] > 0.5
    assert result.mask[row, face - 22 :].max() < 0.05
    assert np.abs(result.delta[row, face - 22 :]).max() < 3
    hair = result.mask[row, ear - 4 - x0 : ear - x0]
    assert hair.max() < 0.5
    # The far cheek is nobody's but its own.
    far = slice(0, int(plan.landmarks[4, 0] - 0.3 * wide) - x0)
    np.testing.assert_allclose(result.mask[row, far], alone.mask[row, far], atol=0.02)


def test_the_larger_of_two_faces_is_in_front(engine: Engine, hopper_donor: MeshDonor) -> None:
    canvas = RgbCanvas(np.full((240, 320, 3), 150, np.uint8))
    small, large, apart = face_at(120, 120, 70), face_at(170, 120, 90), face_at(290, 60, 40)
    parts = [(face, hopper_donor) for face in (large, small, apart)]
    alone, behind, front = engine.plan_still(canvas, parts, 1.0)
    assert alone.nearer == front.nearer == ()
    (nearer,) = behind.nearer
    np.testing.assert_allclose(nearer, large.landmarks)
    assert [p.landmarks[:, 0].mean().round(-1) for p in (behind, front)] == [120, 170]
