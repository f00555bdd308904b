"""The visible label: a few words on a soft dark plate, over a picture or every frame of a clip.

It is drawn once for a size of picture, as opacity and lightness, and added to the canvas at the
end. Only pixels under the plate change. Nothing depends on the machine: the letters are OpenCV's
own (see `lettering`), and the plate is worked out in 64-bit floating point.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from personae.engine.types import BoxXYXY, Canvas, Float32, Float64, UInt8
from personae.errors import InvalidRequest

LEGIBLE_PX: Final = 12
"""Letters are no smaller than this, if the picture has room for them."""
_LEAST_PX: Final = 4
_MARGIN: Final = 0.03
_ROOM: Final = 0.6
"""How much of a picture's height a label may take."""
_GREY = 16.0
_LIGHT = 255.0
PLATE_OPACITY: Final = 0.7
"""White letters on it have a contrast of 7.1 : 1 even over white; WCAG 2.2, 1.4.6, asks for 7."""

Lettering = Callable[[str, int], tuple[UInt8, int]]
"""Draws one line of text, letters of so many pixels to the em.

The answer is uint8 (h, w), 255 where a letter covers the pixel, w the width of the ink; and the
row of the base line. It raises `InvalidRequest` for text that it has no letters for.
"""


@dataclass(frozen=True, slots=True)
class Label:
    """What is written over an output, and where.

    Attributes
    ----------
    text : str
        One line; it is wrapped where the picture is too narrow.
    place : str
        ``top`` or ``bottom``, the middle; with ``-left`` or ``-right``, a corner.
    size : float, range (0, 1)
        The letters' em as a share of the picture's shorter side.
    """

    text: str
    place: str
    size: float


@dataclass(frozen=True, slots=True, eq=False)
class LabelPatch:
    """A label as it lies over a picture of one size.

    Attributes
    ----------
    box : BoxXYXY, pixels
    opacity : float32 (h, w, 1), range [0, 1]
    light : float32 (h, w, 1), range [0, 255]
        The label's own grey.
    """

    box: BoxXYXY
    opacity: Float32
    light: Float32

    def cover_into(self, canvas: Canvas, alpha: UInt8 | None = None) -> None:
        """Lay the label over a picture, in place.

        Parameters
        ----------
        canvas : Canvas
            Of the size that the patch was made for.
        alpha : uint8 (H, W), 255 opaque, optional
            The picture's own, changed in place: where it is transparent the label still shows.
        """
        over = self.opacity
        if alpha is not None:
            x0, y0, x1, y1 = self.box
            region = alpha[y0:y1, x0:x1]
            below = region[:, :, None].astype(np.float32) / np.float32(255)
            union = self.opacity + below * (1 - self.opacity)
            # Source over (Porter and Duff 1984), with colours that are not premultiplied.
            over = np.divide(self.opacity, union, out=np.zeros_like(union), where=union > 0)
            region[...] = np.rint(union[:, :, 0] * 255).astype(np.uint8)
        scene = canvas.region_rgb(self.box)
        canvas.add_into(self.box, np.asarray((self.light - scene) * over, np.float32))


class LabelPainter:
    """Lays one label over pictures; threads may share it. It remembers the last size's patch."""

    def __init__(self, label: Label, lettering: Lettering) -> None:
        self.label = label
        self._lettering = lettering
        self._lock = threading.Lock()
        self._made: tuple[tuple[int, int], LabelPatch] | None = None

    def cover_into(self, canvas: Canvas, alpha: UInt8 | None = None) -> LabelPatch:
        """As `LabelPatch.cover_into`; the patch that was used.

        Raises
        ------
        InvalidRequest
            If there are no letters for the text, or the picture has no room for it.
        """
        patch = self.patch(canvas.size_wh)
        patch.cover_into(canvas, alpha)
        return patch

    def patch(self, size_wh: tuple[int, int]) -> LabelPatch:
        """The label for pictures of one size; raises as `cover_into`."""
        with self._lock:
            if self._made is None or self._made[0] != size_wh:
                self._made = (size_wh, draw_label(self.label, size_wh, self._lettering))
            return self._made[1]


def draw_label(label: Label, size_wh: tuple[int, int], lettering: Lettering) -> LabelPatch:
    """A label for pictures of one size; its letters shrink where there is no room for them.

    Raises
    ------
    InvalidRequest
    """
    width, height = size_wh
    short = min(width, height)
    em_px = max(LEGIBLE_PX, round(label.size * short))
    margin = max(2, round(_MARGIN * short))
    while em_px >= _LEAST_PX:
        pad = max(2, round(0.45 * em_px))
        room = width - 2 * (margin + pad)
        lines = _wrapped(label.text, em_px, room, lettering)
        if lines is not None:
            text = _block(lines, label.place, pad)
            if text.shape[0] <= _ROOM * height and text.shape[1] <= width - 2 * margin:
                return _placed(text, label.place, size_wh, margin, em_px)
        em_px -= max(1, em_px // 12)
    raise InvalidRequest(
        f"A picture of {width} x {height} has no room for a label of {len(label.text)} characters; "
        "shorten it."
    )


def _wrapped(
    text: str, em_px: int, room_px: int, lettering: Lettering
) -> list[tuple[UInt8, int]] | None:
    """The lines that a text makes in so much width; None if a word of it is wider."""
    whole = lettering(text, em_px)
    if whole[0].shape[1] <= room_px:
        return [whole]
    lines: list[tuple[UInt8, int]] = []
    now = ""
    for gap, word in _words(text):
        longer = lettering(now + gap + word, em_px) if now else lettering(word, em_px)
        if longer[0].shape[1] <= room_px:
            now = now + gap + word if now else word
            continue
        if not now or lettering(word, em_px)[0].shape[1] > room_px:
            return None
        lines.append(lettering(now, em_px))
        now = word
    lines.append(lettering(now, em_px))
    return lines


def _words(text: str) -> list[tuple[str, str]]:
    """What must stay together, each with what stands before it: words, and characters of CJK."""
    found: list[tuple[str, str]] = []
    gap, free = "", True
    for char in text:
        if char == " ":
            gap, free = " ", True
            continue
        wide = "\u2e80" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff"
        if free or wide:
            found.append((gap, char))
        else:
            found[-1] = (found[-1][0], found[-1][1] + char)
        gap, free = "", wide
    return found


def _block(lines: list[tuple[UInt8, int]], place: str, pad: int) -> UInt8:
    """Lines below each other, aligned as the label is placed, with `pad` pixels around."""
    above = max(base for _, base in lines)
    below = max(ink.shape[0] - base for ink, base in lines)
    width = max(ink.shape[1] for ink, _ in lines)
    lead = (above + below) // 6
    step = above + below + lead
    out = np.zeros((step * len(lines) - lead + 2 * pad, width + 2 * pad), np.uint8)
    for at, (ink, base) in enumerate(lines):
        free = width - ink.shape[1]
        x = pad + (0 if "left" in place else free if "right" in place else free // 2)
        y = pad + at * step + above - base
        out[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
    return out


def _placed(
    text: UInt8, place: str, size_wh: tuple[int, int], margin: int, em_px: int
) -> LabelPatch:
    """The text on its plate, and where that lies."""
    (width, height), (h, w) = size_wh, text.shape
    x = margin if "left" in place else width - margin - w if "right" in place else (width - w) // 2
    y = margin if place.startswith("top") else height - margin - h
    ink = text.astype(np.float64) / 255
    plate = PLATE_OPACITY * _rounded(h, w, max(2.0, 0.35 * em_px))
    opacity = ink + plate * (1 - ink)
    light = np.divide(
        _LIGHT * ink + _GREY * plate * (1 - ink),
        opacity,
        out=np.zeros_like(opacity),
        where=opacity > 0,
    )
    return LabelPatch(
        (x, y, x + w, y + h),
        np.ascontiguousarray(opacity[:, :, None], np.float32),
        np.ascontiguousarray(light[:, :, None], np.float32),
    )


def _rounded(height: int, width: int, radius: float) -> Float64:
    """float64 (height, width), range [0, 1]: a rectangle with round corners and soft edges."""
    y = np.abs(np.arange(height) + 0.5 - height / 2) - (height / 2 - radius)
    x = np.abs(np.arange(width) + 0.5 - width / 2) - (width / 2 - radius)
    outside = np.sqrt(np.maximum(y, 0)[:, None] ** 2 + np.maximum(x, 0)[None, :] ** 2)
    soft = max(1.0, 0.35 * radius)
    return np.clip((radius - outside) / soft, 0.0, 1.0)
