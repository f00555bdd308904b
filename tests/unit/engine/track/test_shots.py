"""Cuts are told from motion, flicker and slow changes of light."""

from __future__ import annotations

import numpy as np
from portraits import astronaut, hopper

from personae.engine.canvas import RgbCanvas
from personae.engine.track.shots import CutFinder


def cuts(pictures: list[np.ndarray]) -> list[int]:
    finder = CutFinder()
    return [i for i, rgb in enumerate(pictures) if finder.is_cut(RgbCanvas(rgb))]


def lit(rgb: np.ndarray, gain: float) -> np.ndarray:
    return np.clip(rgb * gain, 0, 255).astype(np.uint8)


def pan(rgb: np.ndarray, count: int, step: int) -> list[np.ndarray]:
    return [np.ascontiguousarray(rgb[:, step * i : step * i + 300]) for i in range(count)]


def test_a_cut_is_found_and_the_start_is_none() -> None:
    shot, other = astronaut(), hopper()[:512]
    assert cuts([shot] * 5 + [other] * 5 + [shot] * 3) == [5, 10]


def test_a_cut_within_motion_is_found() -> None:
    assert cuts(pan(astronaut(), 8, 6) + pan(hopper()[:512], 8, 6)) == [8]


def test_two_cuts_in_a_row_are_found() -> None:
    shot, other = astronaut(), hopper()[:512]
    assert cuts([shot] * 4 + [other, shot, shot]) == [4, 5]


def test_a_cut_within_one_room_is_found() -> None:
    """People who sit elsewhere before the same wall: hardly another histogram."""
    wall = [np.full((300, 500, 3), 120, np.uint8) for _ in range(2)]
    wall[0][40:260, 40:240] = astronaut()[20:240, 130:330]
    wall[1][40:260, 260:460] = astronaut()[20:240, 130:330][:, ::-1]
    assert cuts([wall[0]] * 5 + [wall[1]] * 5 + [wall[0]] * 3) == [5, 10]


def test_a_pan_that_sets_in_is_no_cut() -> None:
    assert cuts([pan(astronaut(), 1, 0)[0]] * 5 + pan(astronaut(), 5, 40)) == []


def test_motion_is_no_cut() -> None:
    assert cuts(pan(astronaut(), 20, 10)) == []
    shaken = [np.roll(astronaut(), (7 * (-1) ** i, 9 * (i % 3)), (0, 1)) for i in range(12)]
    assert cuts(shaken) == []


def test_slow_changes_of_light_and_flicker_are_no_cut() -> None:
    shot = astronaut()
    assert cuts([lit(shot, 1 - 0.04 * i) for i in range(24)]) == []
    assert cuts([lit(shot, 1 + 0.08 * (i % 2)) for i in range(12)]) == []


def test_noise_is_no_cut() -> None:
    random = np.random.default_rng(0)
    shot = astronaut().astype(float)
    assert cuts([lit(shot + random.normal(0, 25, shot.shape), 1) for _ in range(8)]) == []


def test_a_change_of_size_is_a_cut() -> None:
    assert cuts([astronaut(), astronaut(), astronaut()[:200]]) == [2]
