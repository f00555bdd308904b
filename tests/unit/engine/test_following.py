"""A pass that is interrupted and goes on elsewhere ends like one that was not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from scripts import Frame, Person, ScriptedEmbedder, ScriptedFinder, frames, still, walk, who

from personae.engine.casting import Cast, Role
from personae.engine.following import PlannedFrame
from personae.engine.mesh.donor import MeshDonor
from personae.engine.mesh.render import FacePlan
from personae.engine.pipeline import Engine
from personae.engine.track.window import LOOKAHEAD

COUNT = 60
CUTS = (33,)


def script() -> list[Person]:
    """Two people who cross, one of whom is hidden for a while; a newcomer; a cut."""
    first = {**walk(0, 32, (60, 90), (5, 0)), **still(33, 59, 80, 90)}
    second = {**walk(0, 32, (260, 90), (-5, 0)), **still(33, 59, 240, 90)}
    hidden = {n: p for n, p in second.items() if not 17 <= n <= 22}
    late = still(25, 32, 160, 40) | walk(44, 59, (160, 40), (1, 1))
    return [Person(first), Person(hidden), Person(late, width_px=40)]


def roles(one: MeshDonor, other: MeshDonor) -> list[list[Role]]:
    return [
        [Role(one, "all")],
        [Role(one, "largest"), Role(other, 1)],
        [Role(one, like=who(1), name="b"), Role(other, "all")],
        [Role(one, like=who(2), name="c"), Role(other, 0)],
    ]


def whole(casting: Cast) -> list[PlannedFrame[Frame]]:
    engine = Engine(ScriptedFinder(script()), ScriptedEmbedder(script()))
    return list(engine.follow(frames(COUNT, CUTS), casting, 0.9))


def interrupted(some: Sequence[Role], borders: Sequence[int]) -> tuple[Any, Cast]:
    """Each part goes on from snapshots alone, with an engine and a cast of its own."""
    out: list[PlannedFrame[Frame]] = []
    states: tuple[Any, Any] | None = None
    casting = Cast(some)
    for start, end in zip((0, *borders), (*borders, COUNT), strict=True):
        engine = Engine(ScriptedFinder(script()), ScriptedEmbedder(script()))
        casting = Cast(some)
        if states is not None:
            casting.restore(states[1])
        follower = engine.follower(casting, 0.9, None if states is None else states[0])
        seen_to = min(COUNT, end + LOOKAHEAD)
        for frame in frames(COUNT, CUTS)[start:seen_to]:
            follower.see(frame)
            out += follower.decide()
        if seen_to == COUNT:
            decided = follower.decide(flush=True)
            while len(out) < end:
                out.append(next(decided))
        states = follower.snapshot(), casting.snapshot()
    return out, casting


def same(one: FacePlan, other: FacePlan) -> bool:
    """Whether two plans are equal, bit for bit."""
    for field in fields(FacePlan):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if field.name == "donor":
            equal = a is b
        elif field.name == "nearer":
            equal = len(a) == len(b) and all(map(np.array_equal, a, b))
        else:
            equal = np.array_equal(a, b)
        if not equal:
            return False
    return True


@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize(
    "borders", [(n,) for n in range(1, COUNT, 3)] + [(20, 21, 24), (10, 34, 55), (59,)]
)
def test_a_pass_goes_on_from_its_state_as_if_nothing_had_happened(
    hopper_donor: MeshDonor, astronaut_donor: MeshDonor, which: int, borders: tuple[int, ...]
) -> None:
    some = roles(hopper_donor, astronaut_donor)[which]
    cast = Cast(some)
    expected = whole(cast)
    given, last = interrupted(some, borders)
    assert [one.frame.scene.number for one in given] == list(range(COUNT))
    for a, b in zip(expected, given, strict=True):
        assert len(a.plans) == len(b.plans)
        assert all(map(same, a.plans, b.plans))
    assert last.snapshot() == cast.snapshot()
    assert sum(len(one.plans) for one in given) > COUNT


def test_frames_that_were_decided_on_are_let_go(hopper_donor: MeshDonor) -> None:
    engine = Engine(ScriptedFinder(script()), ScriptedEmbedder(script()))
    follower = engine.follower(Cast([Role(hopper_donor, "all")]), 1.0)
    for frame in frames(30):
        follower.see(frame)
        list(follower.decide())
    assert follower.waiting == LOOKAHEAD


def test_a_state_stays_small_however_long_the_clip(hopper_donor: MeshDonor) -> None:
    """Faces come and go; those that are gone for good leave nothing but their embeddings."""
    people = [Person(still(n, n + 3, 80 + n % 60, 90)) for n in range(0, 400, 20)]
    engine = Engine(ScriptedFinder(people), ScriptedEmbedder(people))
    follower = engine.follower(Cast([Role(hopper_donor, "all")]), 1.0)
    sizes: list[int] = []
    for frame in frames(400):
        follower.see(frame)
        list(follower.decide())
        state = follower.snapshot()
        sizes.append(len(state["builds"]) + len(state["tracker"]["tracks"]))
    assert max(sizes[200:]) <= max(sizes[:200])


def test_undecided_frames_that_do_not_come_again_are_left_out(hopper_donor: MeshDonor) -> None:
    engine = Engine(ScriptedFinder(script()), ScriptedEmbedder(script()))
    follower = engine.follower(Cast([Role(hopper_donor, "all")]), 1.0)
    for frame in frames(30):
        follower.see(frame)
        list(follower.decide())
    again = engine.follower(Cast([Role(hopper_donor, "all")]), 1.0, follower.snapshot())
    for frame in frames(40)[30 - LOOKAHEAD :]:
        if frame.scene.number not in (20, 21):
            again.see(frame)
    numbers = [one.frame.scene.number for one in again.decide(flush=True)]
    assert numbers == [n for n in range(30 - LOOKAHEAD, 40) if n not in (20, 21)]
