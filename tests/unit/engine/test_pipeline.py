"""A clip as a whole: who is swapped in which frame, and where."""

from __future__ import annotations

import numpy as np
import pytest
from portraits import astronaut, face_at, hopper
from scripts import (
    SIZE_WH,
    Frame,
    Person,
    ScriptedEmbedder,
    ScriptedFinder,
    frames,
    still,
    walk,
    who,
)

from personae.engine.canvas import RgbCanvas
from personae.engine.casting import Cast, Role
from personae.engine.following import PlannedFrame
from personae.engine.mesh.donor import MeshDonor
from personae.engine.pipeline import Engine
from personae.engine.track.window import LOOKAHEAD, MAX_GAP
from personae.engine.types import Face, SceneFrame


def follow(
    script: list[Person], count: int, cast: Cast, cuts: tuple[int, ...] = ()
) -> list[PlannedFrame[Frame]]:
    engine = Engine(ScriptedFinder(script), ScriptedEmbedder(script))
    planned = list(engine.follow(frames(count, cuts), cast, 1.0))
    assert [one.frame.scene.number for one in planned] == list(range(count))
    return planned


def places(planned: PlannedFrame[Frame]) -> list[tuple[float, float]]:
    boxes = [
        (p.landmarks[:468, :2].min(0) + p.landmarks[:468, :2].max(0)) / 2 for p in planned.plans
    ]
    return sorted((float(x), float(y)) for x, y in boxes)


def test_newcomers_are_swapped_from_the_frame_in_which_they_appear(
    hopper_donor: MeshDonor,
) -> None:
    script = [Person(still(3, 39, 80, 90)), Person(still(13, 39, 240, 90))]
    planned = follow(script, 40, Cast([Role(hopper_donor, "all")]))
    assert [len(one.plans) for one in planned] == [0] * 3 + [1] * 10 + [2] * 27


def test_motion_is_followed_without_lag(hopper_donor: MeshDonor) -> None:
    at = walk(0, 29, (60, 90), (6, 1))
    planned = follow([Person(at)], 30, Cast([Role(hopper_donor, "all")]))
    for number, one in enumerate(planned):
        np.testing.assert_allclose(places(one), [at[number]], atol=0.01)


@pytest.mark.parametrize("missing", [1, 3, MAX_GAP])
def test_a_short_gap_is_filled(hopper_donor: MeshDonor, missing: int) -> None:
    at = walk(0, 39, (80, 90), (2, 0))
    script = [Person({n: p for n, p in at.items() if not 10 <= n < 10 + missing})]
    planned = follow(script, 40, Cast([Role(hopper_donor, "all")]))
    assert [len(one.plans) for one in planned] == [1] * 40
    for number in range(10, 10 + missing):
        np.testing.assert_allclose(places(planned[number]), [at[number]], atol=0.3)


def test_a_long_gap_stays_empty(hopper_donor: MeshDonor) -> None:
    at = {**still(0, 9, 80, 90), **still(10 + MAX_GAP + 1, 39, 80, 90)}
    planned = follow([Person(at)], 40, Cast([Role(hopper_donor, "all")]))
    assert [len(one.plans) for one in planned] == [1] * 10 + [0] * (MAX_GAP + 1) + [1] * (24)


def test_nothing_is_carried_over_a_cut(hopper_donor: MeshDonor) -> None:
    at = {**walk(0, 11, (80, 90), (3, 0)), **walk(14, 29, (120, 95), (-3, 0))}
    planned = follow([Person(at)], 30, Cast([Role(hopper_donor, "all")]), cuts=(12,))
    assert [len(one.plans) for one in planned] == [1] * 12 + [0] * 2 + [1] * 16
    for number in (*range(12), *range(14, 30)):
        np.testing.assert_allclose(places(planned[number]), [at[number]], atol=0.01)


def test_donors_stay_with_their_people_across_a_cut_and_a_crossing(
    hopper_donor: MeshDonor, astronaut_donor: MeshDonor
) -> None:
    first = {**walk(0, 39, (60, 90), (5, 0)), **still(40, 59, 80, 90)}
    second = {**walk(0, 39, (260, 90), (-5, 0)), **still(40, 59, 240, 90)}
    hidden = {n: p for n, p in second.items() if not 17 <= n <= 23}
    cast = Cast([Role(hopper_donor, like=who(0)), Role(astronaut_donor, like=who(1))])
    planned = follow([Person(first), Person(hidden)], 60, cast, cuts=(40,))
    for number in (*range(15), *range(26, 60)):
        assert len(planned[number].plans) == 2
        for plan in planned[number].plans:
            truth = first if plan.donor is hopper_donor else second
            x = (plan.landmarks[:468, 0].min() + plan.landmarks[:468, 0].max()) / 2
            assert x == pytest.approx(truth[number][0], abs=2)


def test_a_choice_made_in_the_first_frame_is_kept(hopper_donor: MeshDonor) -> None:
    script = [
        Person({**still(0, 14, 80, 90), **still(15, 29, 240, 90)}, width_px=70),
        Person({**still(0, 14, 240, 90), **still(15, 29, 80, 90)}, width_px=60),
    ]
    planned = follow(script, 30, Cast([Role(hopper_donor, "largest")]), cuts=(15,))
    xs = [places(one)[0][0] for one in planned]
    np.testing.assert_allclose(xs, [80] * 15 + [240] * 15, atol=0.01)
    planned = follow(script, 30, Cast([Role(hopper_donor, 1)]), cuts=(15,))
    np.testing.assert_allclose([places(one)[0][0] for one in planned], [240] * 15 + [80] * 15)


def test_frames_are_decided_on_soon(hopper_donor: MeshDonor) -> None:
    script = [Person(still(0, 59, 80, 90))]
    engine = Engine(ScriptedFinder(script), ScriptedEmbedder(script))
    read: list[int] = []

    def reader() -> object:
        for frame in frames(60):
            read.append(frame.scene.number)
            yield frame

    for planned in engine.follow(reader(), Cast([Role(hopper_donor, "all")]), 1.0):
        assert len(read) <= planned.frame.scene.number + LOOKAHEAD + 1


def test_an_empty_clip_is_no_trouble(hopper_donor: MeshDonor) -> None:
    assert follow([], 0, Cast([Role(hopper_donor, "all")])) == []
    assert [one.plans for one in follow([], 3, Cast([Role(hopper_donor, "all")]))] == [()] * 3


def test_the_scenes_build_is_learnt_before_it_is_kept(hopper_donor: MeshDonor) -> None:
    planned = follow([Person(still(0, 19, 80, 90))], 20, Cast([Role(hopper_donor, "all")]))
    shifts = [one.plans[0].shift for one in planned]
    for shift in shifts[1:]:
        np.testing.assert_allclose(shift, shifts[0], atol=1e-6)


def test_following_changes_no_pixel(hopper_donor: MeshDonor) -> None:
    script = [Person(still(0, 9, 80, 90))]
    engine = Engine(ScriptedFinder(script), ScriptedEmbedder(script))
    clip = frames(10)
    for _ in engine.follow(clip, Cast([Role(hopper_donor, "all")]), 1.0):
        pass
    for frame in clip:
        assert (frame.scene.canvas.rgb == 60).all()
        assert frame.scene.canvas.size_wh == SIZE_WH


def test_real_frames_give_the_same_plans_every_time(
    engine: Engine, hopper_donor: MeshDonor
) -> None:
    def clip() -> list[Frame]:
        shots = [astronaut()[:300]] * 6 + [np.ascontiguousarray(hopper()[150:450])] * 6
        rolled = [np.roll(rgb, 2 * i, 1) for i, rgb in enumerate(shots)]
        return [Frame(SceneFrame(i, i / 25, RgbCanvas(rgb))) for i, rgb in enumerate(rolled)]

    runs = [list(engine.follow(clip(), Cast([Role(hopper_donor, "all")]), 1.0)) for _ in range(2)]
    for one, other in zip(*runs, strict=True):
        assert len(one.plans) == len(other.plans) == 1
        np.testing.assert_array_equal(one.plans[0].landmarks, other.plans[0].landmarks)
        np.testing.assert_array_equal(one.plans[0].skin, other.plans[0].skin)


def test_a_still_is_swapped_from_far_to_near(
    engine: Engine, hopper_donor: MeshDonor, astronaut_face: Face
) -> None:
    canvas, small = RgbCanvas(astronaut()), face_at(300, 300, 40)
    plans = engine.plan_still(canvas, [(astronaut_face, hopper_donor), (small, hopper_donor)], 0.5)
    np.testing.assert_array_equal(plans[0].landmarks, small.landmarks)
    np.testing.assert_array_equal(plans[1].landmarks, astronaut_face.landmarks)
    assert [plan.strength for plan in plans] == [0.5, 0.5]
    assert repr(engine) == "Engine(mesh)"


def test_a_larger_face_is_in_front_though_nobody_swaps_it(hopper_donor: MeshDonor) -> None:
    script = [Person(still(0, 9, 90, 90)), Person(still(0, 9, 150, 90), width_px=90)]
    for one in follow(script, 10, Cast([Role(hopper_donor, 0)])):
        (plan,) = one.plans
        (nearer,) = plan.nearer
        assert nearer[:468, 0].mean() == pytest.approx(150, abs=5)
