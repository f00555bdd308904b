"""Finding a mark again: at which scale, from where on, mirrored or not, and what it says.

A piece of a picture is scaled until a tile would measure `pattern.TILE` samples, evened out, so
that an eyebrow counts no more than a cheek, and folded: all tiles in it are added up to one. Its
spectrum then holds the mark's waves in known places. The waves of known phase tell by one
correlation where the tile begins; what the others say is decoded there, and believed if its
checksum fits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from personae.engine import imaging
from personae.engine.marking import coding, pattern
from personae.engine.marking.pattern import TILE, Complex64
from personae.engine.types import Float32, Int32

_STEP: Final = 0.01
"""Between two scales that are tried, relative."""
_LEAST_SCALE, _MOST_SCALE, _LEAST_CROP = 0.42, 1.08, 0.66
"""What may have happened to a frame: scaled by so much, and cut to so much of its shorter side."""
LEAST_SCORE: Final = 4.4
"""Below this a place is not worth decoding: there are some in every picture."""
_FINE: Final = (-0.006, -0.003, 0.0, 0.003, 0.006)
_QUICK_TILES, _ALL_TILES = 5, 16
"""So much of a piece's middle is looked at, in tiles, while its scale is sought and afterwards."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A mark that was read.

    Attributes
    ----------
    mark : int
    score : float
        How well the waves of known phase fit, in standard deviations of chance.
    confidence : float in [0, 1]
        How much of the spectrum the mark explains, 0.5 being enough and 1 all.
    period_px : float
        The side of a tile as it is now.
    mirrored : bool
        Whether left and right were exchanged since.
    """

    mark: int
    score: float
    confidence: float
    period_px: float
    mirrored: bool


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One place where a tile may begin: its waves, complex64 (N,), as if they began there."""

    score: float
    period_px: float
    mirrored: bool
    found: Complex64


def periods(size_wh: tuple[int, int]) -> list[float]:
    """The sides that a tile may have now, in pixels, given the size of the whole picture."""
    shorter, out = min(size_wh), set[int]()
    low_px = 1
    for limit_px, period in pattern.PERIODS_PX:
        # The frame's shorter side was in [low, limit), and it is scale * crop times that now.
        least = max(_LEAST_SCALE, shorter / limit_px)
        most = min(_MOST_SCALE, shorter / (low_px * _LEAST_CROP))
        low_px = limit_px
        if least < most:
            steps = np.log([period * least, period * most]) / np.log(1 + _STEP)
            out.update(range(int(np.floor(steps[0])), int(np.ceil(steps[1])) + 1))
    return [float((1 + _STEP) ** step) for step in sorted(out)]


def look(
    luma: Float32, sides_px: Sequence[float], should_stop: Callable[[], bool] | None = None
) -> list[Sight]:
    """The places in a piece of a picture where a tile may well begin, the likeliest first.

    Parameters
    ----------
    luma : float32 (h, w), in [0, 255]
        A face and what is around it.
    sides_px : sequence of float
        From `periods`.
    should_stop : callable, optional
        Asked for every scale; True ends the search with what was found by then.
    """
    sights: list[Sight] = []
    for side in sides_px:
        if should_stop is not None and should_stop():
            break
        sights += _sights(spectrum(luma, side, _QUICK_TILES), side)
    likely = [one for one in sights if one.score >= LEAST_SCORE]
    return sorted(likely, key=lambda one: -one.score)


def refine(luma: Float32, sight: Sight) -> Sight:
    """The same place in the whole of a piece, at the scale close by where it fits best."""
    tried: list[Sight] = []
    for by in _FINE:
        side = sight.period_px * (1 + by)
        tried.append(_sights(spectrum(luma, side, _ALL_TILES), side)[int(sight.mirrored)])
    return max(tried, key=lambda one: one.score)


def fuse(sights: Sequence[Sight]) -> Sight:
    """What several frames of a clip show of one mark, the clearer ones counting for more."""
    best = max(sights, key=lambda one: one.score)
    found = np.sum([one.score * one.found for one in sights], axis=0)
    return Sight(best.score, best.period_px, best.mirrored, found.astype(np.complex64))


def read(sight: Sight) -> Reading | None:
    """What a place says, or None if it is no mark's."""
    mark = coding.decode(pattern.soft_bits(sight.found))
    if mark is None:
        return None
    wanted = pattern.heights(mark)
    power = np.sqrt(float(np.sum(np.abs(sight.found) ** 2) * np.sum(np.abs(wanted) ** 2)))
    share = float(np.sum(sight.found * np.conj(wanted)).real) / max(float(power), 1e-9)
    return Reading(mark, sight.score, min(max(share, 0.0), 1.0), sight.period_px, sight.mirrored)


def spectrum(luma: Float32, side_px: float, tiles: int) -> Complex64:
    """The spectrum of all tiles of a piece's middle added up: complex64 (TILE, TILE)."""
    most = max(1, round(tiles * side_px))
    x, y = (max(0, side - most) // 2 for side in (luma.shape[1], luma.shape[0]))
    middle = luma[y : y + most, x : x + most]
    scale = TILE / side_px
    size = (max(8, round(middle.shape[1] * scale)), max(8, round(middle.shape[0] * scale)))
    resize = imaging.resize_area if scale < 1 else imaging.resize_cubic
    folded = _fold(_even(resize(np.ascontiguousarray(middle), size)), _oval(size))
    return np.fft.fft2(folded).astype(np.complex64)


def _even(luma: Float32) -> Float32:
    """What strays from its surroundings, relative to how much pixels stray there."""
    stray = imaging.subtract(luma, imaging.blur(luma, 1.5))
    spread: Float32 = np.sqrt(imaging.blur(imaging.multiply(stray, stray), 2.0))
    stray /= spread + np.float32(0.7)
    return np.clip(stray, -3, 3)


def _oval(size_wh: tuple[int, int]) -> Float32:
    """1 in the middle of a piece and less towards its corners."""
    across, down = (np.abs((2 * np.arange(side) + 1) / side - 1) ** 3 for side in size_wh)
    reach = np.cbrt(down[:, None] + across[None, :])
    return np.clip((1.15 - reach) * 3, 0, 1).astype(np.float32)


def _fold(even: Float32, weight: Float32) -> Float32:
    """The weighted mean of all tiles, float32 (TILE, TILE)."""
    height, width = even.shape
    down, across = -(-height // TILE), -(-width // TILE)
    padding = ((0, down * TILE - height), (0, across * TILE - width))
    sums, weights = (
        np.pad(part, padding).reshape(down, TILE, across, TILE).sum(axis=(0, 2), dtype=np.float32)
        for part in (imaging.multiply(even, weight), imaging.multiply(weight, weight))
    )
    weights += np.float32(0.3)
    return np.divide(sums, weights, dtype=np.float32)


@cache
def _rings() -> Int32:
    """About how many waves per tile each wave has: int32 (N,)."""
    plan = pattern.waves()
    return np.rint(np.hypot(plan.down, plan.across)).astype(np.int32)


def _sights(waves: Complex64, side_px: float) -> list[Sight]:
    """The likeliest place of a tile for one scale, as it is and mirrored."""
    plan = pattern.waves()
    return [
        _sight(waves[plan.down, plan.across * sign], side_px, mirrored)
        for mirrored, sign in ((False, 1), (True, -1))
    ]


def _sight(found: Complex64, side_px: float, mirrored: bool) -> Sight:
    """The likeliest place of a tile, given its waves as they are found."""
    plan, rings = pattern.waves(), _rings()
    power = np.bincount(rings, np.abs(found) ** 2) / np.maximum(np.bincount(rings), 1)
    evened = (found / np.sqrt(power[rings] + 1e-9)).astype(np.complex64)
    # On a grid of half samples, on which the finest wave moves by a tenth of itself.
    fine, count = 2 * TILE, len(plan.sync)
    grid = np.zeros((fine, fine), np.complex64)
    grid[plan.down[:count], plan.across[:count]] = evened[:count] * np.conj(plan.sync)
    match = np.fft.ifft2(grid).real
    y, x = divmod(int(match.argmax()), fine)
    score = float(match[y, x]) * fine * fine / math.sqrt(count)
    ramp = np.exp(2j * np.pi / fine * (plan.down * y + plan.across * x))
    return Sight(score, side_px, mirrored, (evened * ramp).astype(np.complex64))
