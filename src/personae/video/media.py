"""Any media file: what it is and what it holds, whichever reader it takes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from personae.engine.types import Canvas, UInt8
from personae.errors import InvalidRequest, MediaError, MediaUnsupported, Role
from personae.video.animations import AnimationReader
from personae.video.info import MediaInfo
from personae.video.limits import DEFAULT_LIMITS, MediaLimits
from personae.video.probe import probe_video
from personae.video.reader import VideoReader
from personae.video.sniffing import HEAD_BYTES, describe_kind, sniff
from personae.video.stills import load_picture, open_image, reading

# EXIF 2.32, 4.6.4: how far clockwise the stored picture must be turned, and whether it is
# mirrored first.
_TURNS: dict[int, tuple[int, bool]] = {
    1: (0, False),
    2: (0, True),
    3: (180, False),
    4: (180, True),
    5: (270, True),
    6: (90, False),
    7: (90, True),
    8: (270, False),
}


def probe(
    path: Path,
    limits: MediaLimits = DEFAULT_LIMITS,
    on_frame: Callable[[int], None] | None = None,
) -> MediaInfo:
    """Describe a picture, an animation, a video or sound by its content, whatever its name.

    Pictures are not decoded; animations are, because their length is written nowhere else:
    `on_frame` is called with the number of frames that were decoded so far; it may raise.

    Raises
    ------
    MediaError
        If it cannot be opened, is damaged or too large, or is of another kind.
    """
    kind = sniff(path)
    if kind == "picture":
        return _probe_picture(path, limits)
    if kind == "animation":
        return _probe_animation(path, limits, on_frame)
    return _probe_with_ffmpeg(path, limits, known=kind != "unknown")


def _probe_with_ffmpeg(path: Path, limits: MediaLimits, *, known: bool) -> MediaInfo:
    try:
        return probe_video(path, limits)
    except MediaError as error:
        if known:
            raise
        raise _unsupported(path) from error


def _unsupported(path: Path) -> MediaUnsupported:
    with path.open("rb") as file:
        what = describe_kind(file.read(HEAD_BYTES))
    return MediaUnsupported(f"{path} is {what}; give a picture, an animation or a video.")


def _probe_picture(path: Path, limits: MediaLimits) -> MediaInfo:
    # A PNG's EXIF may come behind its pixels, which are then decoded on the way.
    with open_image(path, str(path), limits) as image, reading(str(path)):
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        rotation_deg, mirrored = _TURNS.get(orientation, (0, False))
        width, height = image.size
        upright = (height, width) if rotation_deg in (90, 270) else (width, height)
        return MediaInfo(
            kind="picture",
            size_wh=upright,
            coded_size_wh=(width, height),
            rotation_deg=rotation_deg,
            mirrored=mirrored,
            frames=1,
            **_common(image),
        )


def _common(image: Image.Image) -> dict[str, Any]:
    """What pictures and animations tell alike."""
    form = str(image.format).lower()
    wide = image.mode.startswith("I;16") or ";16" in repr(getattr(image, "tile", ()))
    return {
        "container": form,
        "codec": form,
        "pixel_format": image.mode,
        "bits": 32 if image.mode in ("I", "F") else 16 if wide else 8,
        "has_alpha": image.has_transparency_data,
    }


def _probe_animation(
    path: Path, limits: MediaLimits, on_frame: Callable[[int], None] | None
) -> MediaInfo:
    with open_image(path, str(path), limits) as image, reading(str(path)):
        common = _common(image)
    with AnimationReader(path, limits) as reader:
        durations: list[float] = []
        for duration_ms, seen_through in reader.lengths():
            durations.append(duration_ms)
            common["has_alpha"] |= seen_through
            if on_frame is not None:
                on_frame(len(durations))
    total_ms = sum(durations)
    rate = Fraction(len(durations) * 1000 / total_ms).limit_denominator(1001) if total_ms else None
    return MediaInfo(
        kind="animation",
        size_wh=reader.size_wh,
        coded_size_wh=reader.size_wh,
        duration_s=total_ms / 1000,
        frame_rate=rate,
        variable_rate=len(set(durations)) > 1,
        frames=len(durations),
        metadata={"plays": str(reader.plays) if reader.plays else "for ever"},
        **common,
    )


_LONGEST_FRAME_S = 2.0
_SLACK_S = 1e-3
"""Times are typed in with few decimals."""


def load_frame(path: Path, at_s: float = 0.0, role: Role = "scene") -> UInt8:
    """One upright frame of a picture, an animation or a video: uint8 (H, W, 3) RGB.

    Parameters
    ----------
    path : Path
    at_s : float, seconds
        The frame shown at that time; a picture shows the same at any time.
    role : Role
        What the file is for; error messages begin with it.

    Raises
    ------
    InvalidRequest
        If the media ends before `at_s`.
    MediaError
        If it cannot be used, or is no media with pictures.
    """
    kind = sniff(path)
    if kind == "picture":
        return load_picture(path, role).rgb
    if kind == "animation":
        return _animation_frame(path, at_s, role)
    if kind != "video":
        raise _unsupported(path)
    # Frames may last long: start a little before, and from the beginning if that was too late.
    for start_s in sorted({max(0.0, at_s - _LONGEST_FRAME_S), 0.0}, reverse=True):
        try:
            shown, end_s = _last_shown(path, start_s, at_s)
        except InvalidRequest:
            continue
        if at_s > end_s + _SLACK_S:
            raise InvalidRequest(f"{path} ends after {end_s:g} s; choose an earlier time.")
        if shown is not None:
            return shown
    raise InvalidRequest(f"{path} shows nothing at {at_s:g} s; choose another time.")


def _last_shown(path: Path, start_s: float, at_s: float) -> tuple[UInt8 | None, float]:
    """The last frame from `start_s` on that appears by `at_s`, and when it or the range ends."""
    canvas: Canvas | None = None
    end_s = start_s
    with VideoReader(path, start_s=start_s or None, threads=1) as reader:
        for decoded in reader:
            time_s = start_s + decoded.scene.time_s
            # Before a file's first frame its first frame is shown.
            if time_s > at_s + _SLACK_S and (canvas is not None or start_s > 0):
                end_s = max(end_s, time_s)
                break
            canvas = decoded.scene.canvas
            step = decoded.duration or round(1 / (reader.shape.frame_rate * decoded.time_base))
            end_s = time_s + float(step * decoded.time_base)
    if canvas is None:
        return None, end_s
    width, height = canvas.size_wh
    return canvas.region_rgb((0, 0, width, height)), end_s


def _animation_frame(path: Path, at_s: float, role: Role) -> UInt8:
    with AnimationReader(path, role=role) as reader:
        shown: UInt8 | None = None
        end_s = 0.0
        for frame in reader:
            if shown is not None and frame.time_s > at_s:
                return shown
            shown = frame.rgb
            end_s = frame.time_s + frame.duration_ms / 1000
    if shown is None or at_s > end_s:
        raise InvalidRequest(f"{path} ends after {end_s:g} s; choose an earlier time.")
    return np.ascontiguousarray(shown)
