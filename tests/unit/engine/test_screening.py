"""Whoever is swapped in a clip is looked at often enough, and no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from personae.engine.canvas import RgbCanvas
from personae.engine.screening import FIRST_LOOKS, LOOK_EVERY, Screening
from personae.errors import InvalidRequest, PolicyRefused

CANVAS: Any = RgbCanvas(np.zeros((8, 8, 3), np.uint8))
FACE = np.zeros((478, 3))


class Watcher:
    """A screen that notes what it is shown, and refuses one of them."""

    def __init__(self, version: int = 1, refuses: int | None = None) -> None:
        self.version = version
        self.looks = 0
        self.refuses = refuses

    def check(self, embedding: Any, role: str) -> None:
        assert role == "scene"
        self.looks += 1
        if self.looks == self.refuses:
            raise PolicyRefused(role="scene", reason="register")


def embed(_canvas: Any, landmarks: Any) -> Any:
    return landmarks


def screening(watcher: Watcher, seeing: Any = embed) -> Screening:
    return Screening(watcher, seeing)  # pyright: ignore[reportArgumentType]


def test_a_track_is_looked_at_early_and_then_now_and_then() -> None:
    watcher = Watcher()
    one, frames = screening(watcher), []
    for frame in range(3 * LOOK_EVERY + 1):
        before = watcher.looks
        one.check(7, CANVAS, FACE)
        if watcher.looks > before:
            frames.append(frame)
    assert frames == [*FIRST_LOOKS, LOOK_EVERY, 2 * LOOK_EVERY, 3 * LOOK_EVERY]


def test_every_track_is_looked_at_by_itself() -> None:
    watcher = Watcher()
    one = screening(watcher)
    for track in range(5):
        one.check(track, CANVAS, FACE)
    assert watcher.looks == 5


def test_a_face_that_cannot_be_seen_is_looked_at_in_the_next_frame() -> None:
    watcher, blind = Watcher(), [True, True, False]

    def seeing(_canvas: Any, landmarks: Any) -> Any:
        if blind.pop(0):
            raise InvalidRequest("The face lies outside the picture.")
        return landmarks

    one = screening(watcher, seeing)
    for _ in range(3):
        one.check(1, CANVAS, FACE)
    assert watcher.looks == 1


def test_a_later_look_refuses_too() -> None:
    one = screening(Watcher(refuses=3))
    for _ in range(9):
        one.check(1, CANVAS, FACE)
    with pytest.raises(PolicyRefused):
        one.check(1, CANVAS, FACE)


def test_another_process_goes_on_where_one_stopped() -> None:
    first, second = Watcher(), Watcher()
    one = screening(first)
    for _ in range(6):
        one.check(1, CANVAS, FACE)
        one.check(2, CANVAS, FACE)
    other = screening(second)
    other.restore(one.snapshot({1}))
    for _ in range(4):  # Frames 6 to 9.
        other.check(1, CANVAS, FACE)
    assert (first.looks, second.looks) == (4, 1)
    other.check(2, CANVAS, FACE)  # Was not kept: it counts as new.
    assert second.looks == 2


def test_what_an_older_register_let_pass_is_looked_at_again() -> None:
    one = screening(Watcher(version=1))
    one.check(1, CANVAS, FACE)
    newer = Watcher(version=2)
    other = screening(newer)
    other.restore(one.snapshot({1}))
    other.check(1, CANVAS, FACE)
    assert newer.looks == 1
