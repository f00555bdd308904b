"""Pictures that stand for a file in a list: a cover out of a clip, a thumbnail of fixed size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from personae.engine import imaging
from personae.engine.canvas import thumbnail_size
from personae.engine.types import UInt8
from personae.errors import InvalidRequest, MediaUnreadable
from personae.video import media
from personae.video.animations import AnimationReader
from personae.video.saving import on_white
from personae.video.sniffing import sniff
from personae.video.stills import load_picture

SHARE, LATEST_S = 0.1, 1.0
"""A cover is taken so far into a clip, as a share of its length, but at most so many seconds."""
LATER = (0.25, 0.5, 0.75, 0.0)
"""Where a cover is looked for if that moment is black."""
BLACK = 32.0
"""A frame is black if hardly anything in it is brighter than this; luma, 0 to 255."""
DIMMED = 0.5
_LOOKED_AT_PX = 160
_COARSE = 8
_BLUR = 0.025


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """A picture of a file.

    Attributes
    ----------
    rgb : uint8 (H, W, 3) RGB
        Upright and in its full size; transparent parts are laid on white.
    icc : bytes or None
        The profile that `rgb` is meant in; None stands for sRGB.
    """

    rgb: UInt8
    icc: bytes | None = None


def cover_of(path: Path, check: Callable[[], None] = lambda: None) -> Cover:
    """The frame that shows best what a video or an animation is about; of a picture, the picture.

    Parameters
    ----------
    path : Path
    check : callable
        Called between looks; may raise to stop.

    Raises
    ------
    MediaError
    """
    kind = sniff(path)
    if kind == "picture":
        picture = load_picture(path)
        rgb = picture.rgb if picture.alpha is None else on_white(picture.rgb, picture.alpha)
        return Cover(rgb, picture.icc)
    length_s = media.probe(path, on_frame=lambda _: check()).duration_s or 0.0
    wanted_s = min(SHARE * length_s, LATEST_S)
    if kind == "animation":
        return _of_animation(path, wanted_s, check)
    return _of_video(path, [wanted_s, *(share * length_s for share in LATER)], check)


def _of_video(path: Path, times_s: list[float], check: Callable[[], None]) -> Cover:
    best, light = None, -1.0
    for time_s in dict.fromkeys(times_s):
        check()
        try:
            rgb = media.load_frame(path, time_s)
        except InvalidRequest:  # the picture may be shorter than the sound
            continue
        shines = _brightest(rgb)
        if shines > BLACK:
            return Cover(rgb)
        if shines > light:
            best, light = rgb, shines
    if best is None:
        raise MediaUnreadable(f"{path} shows no picture.")
    return Cover(best)


def _of_animation(path: Path, wanted_s: float, check: Callable[[], None]) -> Cover:
    best, light = None, -1.0
    with AnimationReader(path) as reader:
        for frame in reader:
            check()
            rgb = frame.rgb if frame.alpha is None else on_white(frame.rgb, frame.alpha)
            ends_s = frame.time_s + frame.duration_ms / 1000
            shines = _brightest(rgb)
            if shines > BLACK and ends_s > wanted_s:
                return Cover(rgb, reader.icc)
            if shines > light:
                best, light = Cover(rgb.copy(), reader.icc), shines
    if best is None:
        raise MediaUnreadable(f"{path} shows no picture.")
    return best


def _brightest(rgb: UInt8) -> float:
    """Luma that only a fiftieth of a picture exceeds: a logo or noise does not light it up."""
    size = thumbnail_size((rgb.shape[1], rgb.shape[0]), _LOOKED_AT_PX)
    return float(np.percentile(imaging.luma(imaging.resize_area(rgb, size)), 98))


def thumbnail_of(rgb: UInt8, box_wh: tuple[int, int]) -> UInt8:
    """A whole picture in a box of another shape, on a blurred, darkened enlargement of itself.

    Parameters
    ----------
    rgb : uint8 (H, W, 3) RGB
    box_wh : pixels

    Returns
    -------
    uint8 (box height, box width, 3) RGB
    """
    height, width = rgb.shape[:2]
    fit = min(box_wh[0] / width, box_wh[1] / height)
    inner = tuple(
        max(1, min(side, round(n * fit))) for n, side in zip((width, height), box_wh, strict=True)
    )
    small = _scaled(rgb, (inner[0], inner[1]))
    if inner == box_wh:
        return np.ascontiguousarray(small)
    out = _behind(rgb, box_wh)
    x, y = (box_wh[0] - inner[0]) // 2, (box_wh[1] - inner[1]) // 2
    out[y : y + inner[1], x : x + inner[0]] = small
    return out


def _behind(rgb: UInt8, box_wh: tuple[int, int]) -> UInt8:
    """The middle of a picture, enlarged to fill a box, blurred and darkened."""
    height, width = rgb.shape[:2]
    fill = max(box_wh[0] / width, box_wh[1] / height)
    across, down = (max(1, round(side / fill)) for side in box_wh)
    x, y = (width - across) // 2, (height - down) // 2
    middle = np.ascontiguousarray(rgb[y : y + down, x : x + across])
    # Blurred while it is small: it has no detail in the end.
    coarse = (max(1, box_wh[0] // _COARSE), max(1, box_wh[1] // _COARSE))
    soft = imaging.blur(_scaled(middle, coarse), max(0.5, _BLUR * max(coarse)))
    dark = np.rint(soft.astype(np.float32) * DIMMED).astype(np.uint8)
    return imaging.resize_linear(dark, box_wh)


def _scaled(rgb: UInt8, size_wh: tuple[int, int]) -> UInt8:
    smaller = size_wh[0] <= rgb.shape[1] and size_wh[1] <= rgb.shape[0]
    return (imaging.resize_area if smaller else imaging.resize_linear)(rgb, size_wh)
