"""Crops taken apart into thinned faces and put together again."""

from __future__ import annotations

import numpy as np
import pytest

from personae.engine.neural.tiling import put_together, take_apart


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_what_is_taken_apart_comes_together_again(times: int) -> None:
    crop = np.random.default_rng(1).integers(0, 256, (12 * times, 12 * times, 3), np.uint8)
    tiles = take_apart(crop, times)
    assert [tile.shape for tile in tiles] == [(12, 12, 3)] * times**2
    assert np.array_equal(put_together([t.astype(np.float32) for t in tiles], times), crop)


def test_every_tile_is_a_whole_picture_thinned() -> None:
    crop = np.arange(36, dtype=np.uint8).reshape(6, 6)[..., None].repeat(3, 2)
    second = take_apart(crop, 2)[1]
    assert second[..., 0].tolist() == [[1, 3, 5], [13, 15, 17], [25, 27, 29]]
