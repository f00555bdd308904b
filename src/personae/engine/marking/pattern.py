"""The pattern that carries an id: a small tile of waves, repeated over the marked region.

A tile is the sum of some hundred plane waves that fit into it a whole number of times, all in a
band of wavelengths where eyes and codecs are least strict. Some have a known phase: they tell
where the tile begins. The others carry the coded bits in their sines and cosines. Which wave does
what follows from `_KEY`, which is public: the mark is meant to be found, not to be secret.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from personae.engine.marking import coding
from personae.engine.types import Float32, Int32
from personae.errors import InvalidRequest

TILE: Final = 64
"""Samples along one side of a tile, as the detector sees it."""

PERIODS_PX: Final = ((1200, 72), (2400, 108), (1 << 20, 180))
"""Shorter side of the frame, and the side of a tile in frames below it, in pixels.

Whoever scales a large frame down has small frames in mind: larger frames carry a coarser pattern.
"""

_KEY: Final = b"personae mark 1"
_LEAST, _MOST = 4.5, 14.27
"""Waves per tile. Finer ones die when a picture is halved, coarser ones drown in the face."""
_SYNC_WAVES: Final = 70

Complex64 = NDArray[np.complex64]


def period_px(size_wh: tuple[int, int]) -> int:
    """The side of a tile in a frame of this size, in pixels."""
    shorter = min(size_wh)
    return next(period for limit, period in PERIODS_PX if shorter < limit)


@dataclass(frozen=True, slots=True, eq=False)
class Waves:
    """Which waves there are and what each is for.

    Attributes
    ----------
    down, across : int32 (N,)
        Waves per tile, in [-14, 14]; one of each pair of opposite ones.
    sync : complex64 (_SYNC_WAVES,)
        The known phases of the first waves.
    bit : int32 (2 (N - _SYNC_WAVES),)
        Which coded bit the cosines and sines of the other waves carry, in turn.
    sign : float32, as long as `bit`
        1 or -1: the bit is multiplied by it.
    """

    down: Int32
    across: Int32
    sync: Complex64
    bit: Int32
    sign: Float32

    def __len__(self) -> int:
        return len(self.down)


@cache
def waves() -> Waves:
    """The waves of every mark, in the order of their digests."""
    reach = range(-int(_MOST), int(_MOST) + 1)
    chosen = [
        (hashlib.sha256(_KEY + f" {down} {across}".encode()).digest(), down, across)
        for down in reach
        for across in reach
        if (down, across) > (0, 0) and _LEAST <= np.hypot(down, across) <= _MOST
    ]
    chosen.sort()
    down, across = (np.array([one[k] for one in chosen], np.int32) for k in (1, 2))
    turns = np.array([one[0][-1] % 4 for one in chosen[:_SYNC_WAVES]])
    count = 2 * (len(chosen) - _SYNC_WAVES)
    # Neighbours of a coded bit are far apart: they rarely drown together.
    bit = (np.arange(count, dtype=np.int64) * 85 % coding.CODED_BITS).astype(np.int32)
    digests = [one[0] for one in chosen[_SYNC_WAVES:]]
    sign = np.array([1 - 2 * (digest[-k] & 1) for digest in digests for k in (1, 2)], np.float32)
    sync = np.exp(0.5j * np.pi * (turns + 0.5)) * np.sqrt(2)
    return Waves(down, across, sync.astype(np.complex64), bit, sign)


def heights(mark: int) -> Complex64:
    """The cosine and sine parts of all waves for an id: complex64 (N,)."""
    plan = waves()
    carried = coding.encode(mark)[plan.bit] * plan.sign
    return np.concatenate([plan.sync, carried[0::2] + 1j * carried[1::2]]).astype(np.complex64)


def soft_bits(found: Complex64) -> Float32:
    """Turn the waves that were found, (N,) and in their places, into what `decode` takes."""
    plan = waves()
    parts = found[len(plan.sync) :]
    values = np.column_stack([parts.real, parts.imag]).reshape(-1) * plan.sign
    return np.bincount(plan.bit, values, coding.CODED_BITS).astype(np.float32)


def tile(mark: int, side_px: int) -> Float32:
    """One tile of a mark: float32 (side_px, side_px), mean 0, root mean square 1, read-only.

    Raises
    ------
    InvalidRequest
        If there is no such mark.
    """
    if side_px < TILE:
        raise InvalidRequest(f"A tile of {side_px} pixels is too small for its waves.")
    plan = waves()
    spectrum = np.zeros((side_px, side_px), np.complex128)
    spectrum[plan.down, plan.across] = heights(mark)
    out = np.fft.ifft2(spectrum).real
    out /= np.sqrt(np.mean(out**2))
    out = out.astype(np.float32)
    out.flags.writeable = False
    return out


@lru_cache(maxsize=4)
def wall(mark: int, side_px: int, tiles: int) -> Float32:
    """So many tiles side by side, across and down: float32 (H, W), read-only."""
    out = np.tile(tile(mark, side_px), (tiles, tiles))
    out.flags.writeable = False
    return out


def spread(mark: int, side_px: int, box_wh: tuple[int, int], offset_xy: tuple[int, int]) -> Float32:
    """A mark's tiles over a box: float32 (h, w), a view, from `offset_xy` inside a tile on."""
    width, height = box_wh
    left, top = offset_xy[0] % side_px, offset_xy[1] % side_px
    # By powers of two: boxes of all sizes share a few walls.
    tiles = 1 << (-(-(max(width, height) + side_px - 1) // side_px) - 1).bit_length()
    return wall(mark, side_px, tiles)[top : top + height, left : left + width]
