"""GIF, animated WebP and APNG in, one composited frame at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeVar

import numpy as np
from PIL import Image

from personae.engine.canvas import RgbCanvas
from personae.engine.types import Bool, SceneFrame, UInt8
from personae.errors import MediaUnreadable, MediaUnsupported, Role
from personae.video.colours import to_rgb
from personae.video.files import check_readable
from personae.video.gif_reading import GifStream
from personae.video.limits import DEFAULT_LIMITS, MediaLimits
from personae.video.sniffing import count_gif_images
from personae.video.stills import call_it, open_image, reading
from personae.video.webp_mending import mended_webp

AnimationFormat = Literal["GIF", "WEBP", "PNG"]
T = TypeVar("T")

_UNSET_MS = 100.0
"""Browsers show a frame whose duration is 0 for a tenth of a second."""


@dataclass(frozen=True, slots=True, eq=False)
class AnimationFrame:
    """One frame, fully composited: what a viewer sees, not what the file stores.

    Attributes
    ----------
    number : int
        From 0.
    time_s : float, seconds
        When it appears; a duration of 0 counts as a tenth of a second, as browsers have it.
    duration_ms : float, milliseconds
        As the file says, 0 included.
    rgb : uint8 (H, W, 3) RGB
        To be changed in place by the engine.
    alpha : uint8 (H, W) or None
        255 is opaque.
    scene_rgb : uint8 (H, W, 3) RGB or None
        As it was decoded, read-only. A writer with a palette keeps the pixels exact in which
        `rgb` still equals it.
    """

    number: int
    time_s: float
    duration_ms: float
    rgb: UInt8
    alpha: UInt8 | None = None
    scene_rgb: UInt8 | None = None

    def changed(self) -> Bool | None:
        """bool (H, W): where `rgb` differs from `scene_rgb`; None if that is unknown."""
        if self.scene_rgb is None:
            return None
        return np.asarray((self.rgb != self.scene_rgb).any(axis=2), np.bool_)

    def scene_frame(self) -> SceneFrame:
        """The frame as the engine takes it; what the engine changes, changes `rgb`."""
        return SceneFrame(self.number, self.time_s, RgbCanvas(self.rgb))

    def __repr__(self) -> str:
        height, width = self.rgb.shape[:2]
        return f"AnimationFrame({self.number}, {width}x{height}, {self.duration_ms:g} ms)"


class AnimationReader:
    """Iterate over an animation's frames with the memory of a few of them.

    GIF and APNG are read from disk as they go; a WebP's *encoded* bytes are held in memory.
    A file that is cut off gives the frames that decode, and `frames_lost` says how many did not.

    Parameters
    ----------
    path : Path
    limits : MediaLimits
    role : Role, optional
        What the file is for; error messages begin with it.

    Attributes
    ----------
    format : "GIF", "WEBP" or "PNG"
    size_wh : pixels
    frames : int
        As the file says; GIF and WebP do not say, so their images are counted, as far as they go.
    frames_lost : int
        After iteration: how many of them did not decode.
    plays : int
        How often it runs; 0 is for ever.
    lossy : bool
        Whether the frames were compressed with loss (WebP only).
    icc : bytes or None
        The profile that the pixels are meant in.

    Raises
    ------
    MediaError
        On opening: as `load_picture` does; `MediaUnsupported` also for a picture with one frame
        in a format that has no animations.
    """

    def __init__(
        self, path: Path, limits: MediaLimits = DEFAULT_LIMITS, role: Role | None = None
    ) -> None:
        self._name = call_it(path, role)
        self._path = path
        self._stack = contextlib.ExitStack()
        self.frames_lost = 0
        with contextlib.ExitStack() as opening:
            check_readable(path, self._name, limits.file_bytes)
            whole, cut = mended_webp(path) or (path, 0)
            self._image = opening.enter_context(open_image(whole, self._name, limits))
            form = str(self._image.format)
            if form not in ("GIF", "WEBP", "PNG"):
                raise MediaUnsupported(f"{self._name} is no animation; give a GIF, WebP or APNG.")
            self.format: AnimationFormat = form
            self.size_wh = self._image.size
            # An APNG may show another picture where animations are not supported; Pillow
            # counts it as frame 0, but it is no part of the animation.
            self._first = int(bool(getattr(self._image, "default_image", False)))
            self.frames = self._count_frames(path) - self._first + cut
            limits.check_animation(self._name, self.size_wh, self.frames)
            self.plays = _plays(self._image)
            self.lossy = form == "WEBP" and _is_lossy_webp(path)
            icc = self._image.info.get("icc_profile")
            self.icc = icc if isinstance(icc, bytes) else None
            self._stack = opening.pop_all()

    def _count_frames(self, path: Path) -> int:
        if self.format == "GIF":
            with path.open("rb") as file:
                return count_gif_images(file)
        return int(getattr(self._image, "n_frames", 1))

    def __enter__(self) -> AnimationReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._stack.close()

    def __iter__(self) -> Iterator[AnimationFrame]:
        return self._read()

    def lengths(self) -> Generator[tuple[float, bool]]:
        """Every frame's duration in milliseconds, and whether a pixel was transparent so far.

        As iteration does, but a GIF's frames are not made up for it, which costs far less.
        """
        source = self._gif_lengths() if self.format == "GIF" else self._pillow_lengths()
        yield from self._counted(source)

    def _read(self) -> Generator[AnimationFrame]:
        time_ms = 0.0
        source = self._gif_frames() if self.format == "GIF" else self._pillow_frames()
        for number, (rgb, alpha, duration_ms) in enumerate(self._counted(source)):
            scene = rgb.copy()
            scene.flags.writeable = False
            yield AnimationFrame(number, time_ms / 1000, duration_ms, rgb, alpha, scene)
            time_ms += duration_ms or _UNSET_MS

    def _counted(self, source: Iterator[T]) -> Generator[T]:
        """As many as the file promised, or as can be decoded."""
        self.frames_lost = 0
        for number in range(self.frames):
            try:
                with reading(self._name):
                    found = _next(source)
            except MediaUnreadable:
                if number == 0:
                    raise
                self.frames_lost = self.frames - number
                return
            yield found

    def _gif_lengths(self) -> Generator[tuple[float, bool]]:
        with self._path.open("rb") as file:
            stream = GifStream(file, self.size_wh)
            seen_through = False
            for image in stream.images():
                seen_through = seen_through or stream.see_through()
                yield image.duration_ms, seen_through

    def _pillow_lengths(self) -> Generator[tuple[float, bool]]:
        seen_through = False
        for _, alpha, duration_ms in self._pillow_frames():
            seen_through = seen_through or alpha is not None
            yield duration_ms, seen_through

    def _gif_frames(self) -> Generator[_Raw]:
        with self._path.open("rb") as file:
            for image in GifStream(file, self.size_wh).images():
                alpha = np.ascontiguousarray(image.rgba[:, :, 3])
                rgb = np.ascontiguousarray(image.rgba[:, :, :3])
                yield rgb, alpha if alpha.min() < 255 else None, image.duration_ms

    def _pillow_frames(self) -> Generator[_Raw]:
        for number in range(self.frames):
            self._image.seek(number + self._first)
            self._image.load()
            halved = ";16" in repr(getattr(self._image, "tile", ()))
            decoded = to_rgb(self._image, halved=halved)
            yield decoded.rgb, decoded.alpha, float(self._image.info.get("duration", 0.0))


_Raw = tuple[UInt8, UInt8 | None, float]
"""rgb, alpha and the duration in milliseconds of one frame."""


def _next(source: Iterator[T]) -> T:
    """The next frame; the file's count promised one."""
    for frame in source:
        return frame
    raise EOFError("the file ends too early")


def _plays(image: Image.Image) -> int:
    """How often an animation runs in total, 0 for ever.

    WebP and APNG store just that. GIF's NETSCAPE block stores the *repetitions*, and without the
    block it runs once.
    """
    loop = image.info.get("loop")
    if image.format != "GIF":
        return int(loop or 0)
    if loop is None:
        return 1
    return int(loop) + 1 if loop else 0


def _is_lossy_webp(path: Path) -> bool:
    """Whether the first frame is a VP8 bitstream, not VP8L (WebP container specification)."""
    with path.open("rb") as file:
        file.seek(12)
        while len(header := file.read(8)) == 8:
            kind, length = header[:4], int.from_bytes(header[4:], "little")
            if kind == b"ANMF":
                file.seek(16, 1)  # into the frame, whose own chunks follow
            elif kind in (b"VP8 ", b"VP8L"):
                return kind == b"VP8 "
            else:
                file.seek(length + (length & 1), 1)
    return False
