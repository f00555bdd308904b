"""68 points of a face: where a network saw them, in pixels of the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from functions import Function, says
from portraits import astronaut, face_at

from personae.engine.canvas import RgbCanvas
from personae.engine.card_roles import LandmarkerContract, Picture
from personae.engine.geometry import Region, region_from_landmarks
from personae.engine.imaging import equalised
from personae.engine.neural.aligning import five_points, template
from personae.engine.neural.landmarking import (
    CardLandmarker,
    CardLift,
    PointRefiner,
    five_points_68,
)
from personae.engine.types import Face, Float32, Float64
from personae.errors import InvalidRequest, ModelError

PICTURE = Picture("input", 256, "", "bgr", "nchw", mean=(0,) * 3, std=(1,) * 3)
PEPPA = LandmarkerContract("points", PICTURE, 195, 64.0, "", (0.0, 0.95), "", "")
FAN = replace(PEPPA, heat="heatmaps", sure=(0.0, 0.9))
LIFT = LandmarkerContract("lift", None, 0, 1.0, "", (0.0, 1.0), "input", "ffhq_512")
CANVAS = RgbCanvas(np.full((600, 800, 3), 128, np.uint8))
NAMES = "landmarks_xyscore", "heatmaps"


def table(score: float = 0.95, at: tuple[float, float] = (32, 32)) -> Float32:
    """(1, 68, 3) with all points at one place of a square of 64."""
    return np.tile(np.array([*at, score], np.float32), (1, 68, 1))


def spread(score: float, at: tuple[float, float]) -> Float32:
    """A face of about a quarter of the square, around one place of it."""
    told = table(score, at)
    five = (template("ffhq_512") - 0.5).astype(np.float32) * 30
    told[0, 36:42, :2] += five[0]
    told[0, 42:48, :2] += five[1]
    told[0, [30, 48, 54], :2] += five[2:]
    return told


def heat(*peaks: float) -> Float32:
    """(1, 68, 64, 64), with peaks that take turns."""
    maps = np.zeros((1, 68, 64, 64), np.float32)
    maps[0, :, 20, 30] = np.resize(peaks, 68)
    return maps


def test_points_are_told_in_pixels_of_the_picture() -> None:
    face = Region(400, 300, 195, 0.0)
    (found,) = CardLandmarker(says(table(at=(32, 16))), PEPPA).find_all([(CANVAS, face)])
    assert found.points.shape == (68, 2)
    # 256 pixels of the square are 256 of the picture: half of it, and a quarter.
    np.testing.assert_allclose(found.points, np.tile([400, 300 - 64], (68, 1)))
    assert found.score == pytest.approx(1.0)


def test_a_turned_head_is_looked_at_upright() -> None:
    face = Region(400, 300, 390, np.pi / 2)
    (found,) = CardLandmarker(says(table(at=(32, 16))), PEPPA).find_all([(CANVAS, face)])
    # What is above its middle in the square is to the right of it in the picture, twice as far.
    np.testing.assert_allclose(found.points, np.tile([400 + 128, 300], (68, 1)), atol=1e-6)


def test_the_square_shows_the_face_where_the_points_are_told() -> None:
    """A white spot of the picture is white in the square at the place that is told back."""
    spotted = np.full((600, 800, 3), [0, 160, 160], np.uint8)
    spotted[245:252, 425:432] = [255, 160, 160]

    def spot(seen: Float32) -> list[Float32]:
        red = seen[0, 2]
        y, x = np.indices(red.shape)
        at = (red * x).sum() / red.sum() / 4, (red * y).sum() / red.sum() / 4
        return [table(at=(float(at[0]), float(at[1])))]

    face = Region(400, 300, 280, 0.4)
    canvas = RgbCanvas(spotted)
    (found,) = CardLandmarker(Function(spot), PEPPA).find_all([(canvas, face)])
    np.testing.assert_allclose(found.points[0], [428, 248], atol=0.3)


@pytest.mark.parametrize(
    ("peaks", "wanted"), [((0.9,), 1.0), ((0.45,), 0.5), ((0.9, 0.0), 0.5), ((2.0,), 1.0)]
)
def test_peaks_of_heat_say_how_sure_it_is(peaks: tuple[float, ...], wanted: float) -> None:
    network = Function(lambda _: [table(), heat(*peaks)], outputs=NAMES)
    (found,) = CardLandmarker(network, FAN).find_all([(CANVAS, Region(400, 300, 200, 0.0))])
    assert found.score == pytest.approx(wanted)


def test_several_faces_go_together() -> None:
    def each(seen: Float32) -> list[Float32]:
        return [np.repeat(table(at=(32, 32)), len(seen), 0)]

    network = Function(each, batch=2)
    faces = [(CANVAS, Region(x, 300, 100, 0.0)) for x in (100, 400, 700)]
    found = CardLandmarker(network, PEPPA).find_all(faces)
    assert [one.points[0].tolist() for one in found] == [[100, 300], [400, 300], [700, 300]]
    assert [len(seen[0]) for seen in network.given] == [2, 1]
    assert CardLandmarker(network, PEPPA).find_all([]) == []


def test_points_that_are_no_numbers_are_not_believed() -> None:
    (found,) = CardLandmarker(says(table(at=(np.nan, 3))), PEPPA).find_all(
        [(CANVAS, Region(400, 300, 100, 0.0))]
    )
    assert found.score == 0


@pytest.mark.parametrize(
    ("contract", "gave"),
    [
        (PEPPA, [np.zeros((1, 98, 3), np.float32)]),
        (PEPPA, [np.zeros((1, 68, 2), np.float32)]),
        (PEPPA, [np.zeros((2, 68, 3), np.float32)]),
        (PEPPA, []),
        (FAN, [table()]),
        (FAN, [table(), np.zeros((1, 98, 64, 64), np.float32)]),
    ],
)
def test_another_networks_answer_is_an_error(
    contract: LandmarkerContract, gave: list[Float32]
) -> None:
    network = Function(lambda _: gave, outputs=NAMES)
    with pytest.raises(ModelError, match="does not fit its card"):
        CardLandmarker(network, contract).find_all([(CANVAS, Region(400, 300, 100, 0.0))])


def test_five_of_68_points() -> None:
    points = np.zeros((68, 2))
    points[36:42] = [10, 20]
    points[42:48, 0] = [20, 22, 24, 26, 28, 30]
    points[30], points[48], points[54] = [17, 30], [12, 40], [22, 41]
    wanted = [[10, 20], [25, 0], [17, 30], [12, 40], [22, 41]]
    assert five_points_68(points).tolist() == wanted


def test_five_points_are_lifted_to_68() -> None:
    """The network gets fractions of an upright square, and its answer is turned back."""

    def lifts(five: Float32) -> list[Float32]:
        return [np.tile(five[:, 2:3], (1, 68, 1))]

    turn = np.array([[0, 1], [-1, 0]])
    points = template("ffhq_512") @ turn * 200 + [300, 50]
    network = Function(lifts)
    lifted = CardLift(network, LIFT).lift(points)
    np.testing.assert_allclose(network.given[0][0][0], template("ffhq_512"), atol=1e-5)
    np.testing.assert_allclose(lifted, np.tile(points[2], (68, 1)), atol=1e-3)


def test_a_lift_that_goes_wrong_is_an_error() -> None:
    points = template("ffhq_512") * 100
    for gave in (np.zeros((1, 60, 2), np.float32), np.full((1, 68, 2), np.inf, np.float32)):
        with pytest.raises(ModelError):
            CardLift(says(gave), LIFT).lift(points)
    with pytest.raises(InvalidRequest, match="fall together"):
        CardLift(says(np.zeros((1, 68, 2), np.float32)), LIFT).lift(np.zeros((5, 2)))
    with pytest.raises(ModelError):
        CardLift(says(), PEPPA)
    with pytest.raises(ModelError):
        CardLandmarker(says(), LIFT)


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        (0.8, 0.9, "first"),
        (0.7, 0.95, "second"),
        (0.3, 0.6, "second"),
        (0.3, 0.4, "mesh"),
        (0.6, 0.2, "first"),
    ],
)
def test_the_first_is_believed_unless_a_later_one_is_much_surer(
    first: float, second: float, wanted: str
) -> None:
    face = face_at(400, 300, 200)
    seers = [
        CardLandmarker(says(spread(0.95 * first, (10, 32))), PEPPA),
        CardLandmarker(says(spread(0.95 * second, (54, 32))), PEPPA),
    ]
    points, score = PointRefiner(seers).refine(CANVAS, face.landmarks.astype(np.float64))
    middle = face.landmarks[:468, 0].mean()
    seen = {"first": points[2, 0] < middle - 40, "second": points[2, 0] > middle + 40}
    if wanted == "mesh":
        np.testing.assert_array_equal(points, five_points(face.landmarks))
        assert score == 0
    else:
        assert seen[wanted]
        assert score == pytest.approx({"first": first, "second": second}[wanted])


def test_a_face_in_one_spot_is_not_believed() -> None:
    face = face_at(400, 300, 200)
    refiner = PointRefiner([CardLandmarker(says(table(0.95)), PEPPA)])
    points, score = refiner.refine(CANVAS, face.landmarks.astype(np.float64))
    np.testing.assert_array_equal(points, five_points(face.landmarks))
    assert score == 0


def test_a_networks_points_lead_to_the_meshs_crop(astronaut_face: Face) -> None:
    """A network that sees the face as the mesh does aligns it in the same way."""
    wanted: Float64 = five_points(astronaut_face.landmarks)
    region_side = 0.0

    def sees(seen: Float32) -> list[Float32]:
        told = np.zeros((1, 68, 3), np.float32)
        told[..., 2] = 0.95
        points = (wanted - middle) @ turn.T * (195 / region_side) / 4 + 32
        told[0, 36:42, :2], told[0, 42:48, :2] = points[0], points[1]
        told[0, [30, 48, 54], :2] = points[2:]
        return [told]

    region = region_from_landmarks(astronaut_face.landmarks, 1.0)
    region_side = region.side_px
    middle = np.array([region.x, region.y])
    cos, sin = np.cos(region.angle), np.sin(region.angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    refiner = PointRefiner([CardLandmarker(Function(sees), PEPPA)])
    points, score = refiner.refine(
        RgbCanvas(astronaut()), astronaut_face.landmarks.astype(np.float64)
    )
    assert score == pytest.approx(1)
    np.testing.assert_allclose(points, wanted, atol=0.01)


def test_dark_crops_get_contrast_and_others_stay() -> None:
    rgb = astronaut()[20:220, 120:320]
    assert equalised(rgb, 30) is rgb
    dark = (rgb * 0.08).astype(np.uint8)
    raised = equalised(dark, 30)
    assert raised.std() > 1.3 * dark.std()
