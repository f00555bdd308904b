"""The pattern stays what it is: files that were marked once must be readable for ever."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from personae.engine.marking import coding, pattern
from personae.errors import InvalidRequest

GOLDEN = Path(__file__).parents[3] / "golden" / "mark_pattern.json"


def test_the_pattern_is_that_of_the_first_release() -> None:
    known = json.loads(GOLDEN.read_text("utf-8"))
    plan = pattern.waves()
    order = np.column_stack([plan.down, plan.across]).astype("<i4")
    assert hashlib.sha256(order.tobytes()).hexdigest() == known["waves"]
    heights = pattern.heights(known["mark"])
    parts = np.column_stack([heights.real, heights.imag])
    signs = np.where(parts > 0, 1, -1).astype("<i4")
    assert hashlib.sha256(signs.tobytes()).hexdigest() == known["signs"]
    np.testing.assert_allclose(pattern.tile(known["mark"], 72)[0, :12], known["row"], atol=1e-4)
    assert [list(one) for one in pattern.PERIODS_PX] == known["periods"]


def test_every_coded_bit_has_one_place() -> None:
    plan = pattern.waves()
    assert len(plan.bit) == coding.CODED_BITS
    assert sorted(plan.bit) == list(range(coding.CODED_BITS))
    assert len(plan) == len({(int(y), int(x)) for y, x in zip(plan.down, plan.across, strict=True)})


def test_a_tile_is_even_and_repeats_without_a_seam() -> None:
    tile = pattern.tile(12345, 72)
    assert tile.shape == (72, 72)
    assert tile.dtype == np.float32
    assert abs(float(tile.mean())) < 1e-5
    assert abs(float(np.sqrt(np.mean(tile**2))) - 1) < 1e-5
    across = np.abs(np.diff(tile, axis=1)).mean()
    assert np.abs(tile[:, 0] - tile[:, -1]).mean() < 1.3 * across


def test_ids_that_differ_by_little_have_patterns_that_differ() -> None:
    one, other = pattern.tile(1, 72), pattern.tile(2, 72)
    assert abs(float(np.mean(one * other))) < 0.75


def test_a_box_shows_the_tiles_from_anywhere() -> None:
    tile = pattern.tile(7, 72)
    whole = np.tile(tile, (9, 9))
    for offset, size in (((0, 0), (72, 72)), ((13, 70), (450, 480)), ((-5, -73), (100, 31))):
        x, y = offset[0] % 72, offset[1] % 72
        spread = pattern.spread(7, 72, size, offset)
        np.testing.assert_array_equal(spread, whole[y : y + size[1], x : x + size[0]])


def test_a_tile_that_cannot_hold_its_waves_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="too small"):
        pattern.tile(1, 40)


@pytest.mark.parametrize(
    ("size_wh", "side"),
    [((1280, 720), 72), ((720, 1280), 72), ((1920, 1080), 72), ((2560, 1440), 108)],
)
def test_larger_frames_carry_a_coarser_pattern(size_wh: tuple[int, int], side: int) -> None:
    assert pattern.period_px(size_wh) == side
    assert pattern.period_px((8000, 6000)) == 180
