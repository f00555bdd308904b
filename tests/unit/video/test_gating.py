"""Which frames of a clip the content gate looks at, and when it has seen enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from personae.engine.canvas import RgbCanvas
from personae.engine.gate import NOTHING, Gate, GateRole, Scorer, Seen
from personae.engine.types import Float32, SceneFrame
from personae.errors import PolicyRefused
from personae.video.gating import ClipGate, Look, plain_seen, seen_of


@dataclass(frozen=True)
class Frame:
    """A frame of nothing but its time."""

    scene: SceneFrame


def frames(times_s: Sequence[float]) -> list[Frame]:
    canvas = RgbCanvas(np.zeros((8, 8, 3), np.uint8))
    return [Frame(SceneFrame(number, at, canvas)) for number, at in enumerate(times_s)]


def never(*arrays: Float32) -> list[Float32]:
    raise AssertionError("nothing is to be scored here")


def gate(scene: float | None = 0.7, output: float | None = 0.7, every_s: float = 1.0) -> Gate:
    return Gate(Scorer(never), scene, output, every_s)


def marked(times_s: Sequence[float], role: GateRole, wanted: Gate | None = None) -> list[float]:
    one = ClipGate(wanted or gate())
    passed = list(one.mark(frames(times_s)))
    assert [frame.scene.time_s for frame in passed] == list(times_s)
    return [frame.scene.time_s for frame in passed if one.is_marked(role, frame.scene)]


STEADY = [n / 25 for n in range(80)]


def test_a_steady_clip_is_seen_once_a_second_and_its_last_frame() -> None:
    assert marked(STEADY, "scene") == [0.0, 1.0, 2.0, 3.0, 3.16]
    assert marked(STEADY, "output") == [0.48, 1.48, 2.48, 3.16]
    assert marked(STEADY, "scene", gate(every_s=2.0)) == [0.0, 2.0, 3.16]


def test_a_frame_that_stands_for_long_is_seen_however_short_its_neighbours_are() -> None:
    times_s = [0.0, 0.04, 0.08, 5.98, 6.02, 6.06]
    assert marked(times_s, "scene") == [0.0, 0.08, 5.98, 6.06]
    assert marked(times_s, "output") == [0.08, 6.06]


def test_the_last_frame_is_seen_and_so_is_a_single_one() -> None:
    assert marked([0.0, 0.5], "scene") == [0.0, 0.5]
    assert marked([0.0], "scene") == marked([0.0], "output") == [0.0]
    assert marked([], "scene") == []


def test_a_role_without_a_limit_is_not_looked_at() -> None:
    assert marked(STEADY, "scene", gate(scene=None)) == []
    one = ClipGate(None)
    list(one.mark(frames(STEADY)))
    assert not one.is_marked("scene", frames(STEADY)[0].scene)
    assert one.report() is None


@pytest.mark.parametrize("cut", [1, 12, 24, 25, 26, 49, 60])
@pytest.mark.parametrize("role", ["scene", "output"])
def test_a_clip_in_two_is_seen_at_the_same_frames(cut: int, role: GateRole) -> None:
    """As in chunks: a few frames beyond the first part are known to it."""
    first = [at for at in marked(STEADY[: cut + 8], role) if at < STEADY[cut]]
    assert first + marked(STEADY[cut:], role) == marked(STEADY, role)


def test_looks_are_counted_until_it_is_too_much() -> None:
    one = ClipGate(gate())
    one.judge([Look("scene", 0.0, 0.1), Look("output", 0.0, 0.75)])
    one.judge([Look("scene", 1.0, 0.75)])
    with pytest.raises(PolicyRefused) as refused:
        one.judge([Look("scene", 2.0, 0.72)])
    assert refused.value.role == "scene"
    assert refused.value.facts == {"score": 0.75, "limit": 0.7, "looked": 3, "time_s": 2.0}


def test_what_was_seen_goes_on_in_another_process() -> None:
    first = ClipGate(gate())
    first.judge([Look("scene", 0.0, 0.75)])
    second = ClipGate(gate(), seen_of(plain_seen(first.seen)))
    with pytest.raises(PolicyRefused):
        second.judge([Look("scene", 9.0, 0.75)])


def test_parts_that_pass_alone_may_be_too_much_together() -> None:
    seen: dict[GateRole, Seen] = {"output": Seen(3, 0.75, 1).joined(Seen(3, 0.72, 1))}
    with pytest.raises(PolicyRefused) as refused:
        ClipGate(gate(), seen).check()
    assert refused.value.role == "output"
    ClipGate(gate(output=None), seen).check()
    ClipGate(None, seen).check()


def test_working_files_of_before_say_nothing() -> None:
    assert seen_of(None) == dict.fromkeys(("donor", "scene", "output"), NOTHING)
