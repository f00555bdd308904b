"""Where one shot ends and the next begins."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from personae.engine import imaging
from personae.engine.canvas import thumbnail_size
from personae.engine.types import Canvas, Float32

THUMBNAIL_PX = 64
MIN_CHANGE = 14.0
"""Mean absolute difference of luma, 0 to 255, below which nothing was cut."""
TIMES_USUAL = 3.0
MIN_HISTOGRAM_CHANGE = 0.25
MIN_LEFT_OVER = 14.0
"""The same as `MIN_CHANGE`, after the frame before was moved to lie on this one."""


class CutFinder:
    """Tells cuts from motion: a cut changes the picture much more than the frames before did.

    A false alarm is cheap (faces are searched again and people recognised), a missed cut is not,
    so the bars are low.
    """

    def __init__(self) -> None:
        self._last: Float32 | None = None
        self._usual: deque[float] = deque(maxlen=8)

    def is_cut(self, canvas: Canvas) -> bool:
        """Whether this frame starts a new shot; the first frame of all does not count."""
        luma = _small_luma(canvas)
        last, self._last = self._last, luma
        if last is None or last.shape != luma.shape:
            return last is not None
        change = float(np.abs(luma - last).mean())
        usual = float(np.median(self._usual)) if self._usual else 0.0
        sudden = change > MIN_CHANGE and change > TIMES_USUAL * usual
        # A cut within one room hardly changes the histogram, but no pan explains it either. Right
        # after a cut nothing is known to be usual, and every frame of a fast zoom would be one.
        cut = sudden and (
            _histogram_change(last, luma) > MIN_HISTOGRAM_CHANGE
            or (len(self._usual) > 0 and _left_over(last, luma) > MIN_LEFT_OVER)
        )
        if cut:
            self._usual.clear()
        else:
            self._usual.append(change)
        return cut

    def snapshot(self) -> dict[str, Any]:
        """What the next frame is compared with."""
        return {"last": self._last, "usual": list(self._usual)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        self._last = state["last"]
        self._usual = deque(state["usual"], maxlen=self._usual.maxlen)


def _small_luma(canvas: Canvas) -> Float32:
    """The brightness of a frame at `THUMBNAIL_PX`: colours would cost more than all else here."""
    width, height = canvas.size_wh
    wide, tall = thumbnail_size(canvas.size_wh, THUMBNAIL_PX)
    step = max(1, min(width // (2 * wide), height // (2 * tall)))
    return imaging.resize_area(canvas.region_luma((0, 0, width, height), step), (wide, tall))


def _histogram_change(a: Float32, b: Float32) -> float:
    """Half the L1 distance of two 16-bin luma histograms, [0, 1]."""
    bins = np.linspace(0, 256, 17)
    one, two = (np.histogram(x, bins)[0] / x.size for x in (a, b))
    return float(np.abs(one - two).sum() / 2)


def _left_over(a: Float32, b: Float32) -> float:
    """Mean absolute difference when `a` is moved, by whole pixels, to where it fits `b` best.

    Kuglin and Hines, "The phase correlation image alignment method", Proc. IEEE Conf. on
    Cybernetics and Society, 1975.
    """
    height, width = b.shape
    fade = np.outer(np.hanning(height), np.hanning(width))
    spectrum = np.fft.rfft2((b - b.mean()) * fade) * np.fft.rfft2((a - a.mean()) * fade).conj()
    fit = np.fft.irfft2(spectrum / np.maximum(np.abs(spectrum), 1e-9), s=b.shape)
    down, right = (int(at) for at in np.unravel_index(int(fit.argmax()), fit.shape))
    down = down - height if down > height // 2 else down
    right = right - width if right > width // 2 else right
    moved = a[max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
    there = b[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)]
    return min(float(np.abs(there - moved).mean()), float(np.abs(b - a).mean()))
