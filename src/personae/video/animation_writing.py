"""GIF, animated WebP and APNG out, one frame at a time, complete or not at all."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from types import TracebackType
from typing import Protocol

from personae.engine.types import Bool, UInt8
from personae.errors import InvalidRequest, MediaTooLarge
from personae.video.animation_formats import ApngBody, GifBody, WebpBody
from personae.video.animations import AnimationFormat, AnimationFrame
from personae.video.files import FileAside, Finish, output_errors

ANIMATION_EXTENSIONS: dict[str, AnimationFormat] = {
    ".gif": "GIF",
    ".webp": "WEBP",
    ".png": "PNG",
    ".apng": "PNG",
}
"""What `AnimationWriter` can write, by lower-case extension."""


class _Body(Protocol):
    """What one format writes between opening the file and closing it."""

    def add(
        self, rgb: UInt8, alpha: UInt8 | None, duration_ms: float, free: Bool | None
    ) -> None: ...

    def finish(self) -> None: ...


def animation_format(path: Path) -> AnimationFormat:
    """The animation format that a file's extension stands for.

    Raises
    ------
    InvalidRequest
        If the extension is none of `ANIMATION_EXTENSIONS`.
    """
    form = ANIMATION_EXTENSIONS.get(path.suffix.lower())
    if form is None:
        known = " ".join(ANIMATION_EXTENSIONS)
        raise InvalidRequest(
            f"The scene is an animation, and the output {path} cannot be one; use one of {known}."
        )
    return form


class AnimationWriter:
    """Write frames one by one; the file gets its name when the block ends without an error.

    Every frame written is one frame in the file, with its duration, even if it equals the one
    before. Only what changed from frame to frame is stored. Durations are kept exactly where the
    format can (GIF counts hundredths of a second, WebP milliseconds, APNG fractions); otherwise
    the rounding never adds up to more than half a unit.

    Parameters
    ----------
    path : Path
        Its extension decides the format, see `ANIMATION_EXTENSIONS`.
    size_wh : pixels
    plays : int
        How often it runs; 0 is for ever.
    quality : 1 to 100, optional
        For WebP: compress with loss at this quality. Without it WebP is lossless. GIF and APNG
        take no notice.
    icc : bytes, optional
        The profile that the pixels are meant in; GIF cannot hold it.
    finish : callable, optional
        The last step on the complete file; see `FileAside`.

    Attributes
    ----------
    notes : tuple of str
        Once the block has ended: what the format could not keep, one sentence each.

    Raises
    ------
    InvalidRequest
        For an unknown extension, a quality out of range, or if no frame was written.
    MediaTooLarge
        If the format cannot hold frames of this size.
    MediaUnreachable
        If the file cannot be written; nothing is left behind.
    """

    def __init__(
        self,
        path: Path,
        size_wh: tuple[int, int],
        *,
        plays: int = 0,
        quality: int | None = None,
        icc: bytes | None = None,
        finish: Finish | None = None,
    ) -> None:
        self.format = animation_format(path)
        if quality is not None and not 1 <= quality <= 100:
            raise InvalidRequest(f"The quality must lie between 1 and 100, not {quality}.")
        longest = 16_383 if self.format == "WEBP" else 65_535
        if max(size_wh) > longest:
            raise MediaTooLarge(
                f"{path}: {self.format} holds at most {longest} pixels a side and the animation "
                f"is {size_wh[0]} x {size_wh[1]}; scale it down first."
            )
        self.path = path
        self.size_wh = size_wh
        self.frames = 0
        self.notes: tuple[str, ...] = ()
        self._aside = FileAside(path, finish)
        self._plays = plays
        self._quality = quality
        self._icc = icc
        self._body: _Body | None = None

    def __enter__(self) -> AnimationWriter:
        file = self._aside.__enter__().file
        match self.format:
            case "GIF":
                self._body = GifBody(file, self.size_wh, self._plays)
            case "WEBP":
                self._body = WebpBody(file, self.size_wh, self._plays, self._quality, self._icc)
            case _:
                self._body = ApngBody(file, self.size_wh, self._plays, self._icc)
        return self

    def write(self, frame: AnimationFrame) -> None:
        """Add one frame; its arrays may be reused afterwards."""
        if self._body is None:
            raise InvalidRequest(f"{self.path} is not open for writing.")
        if (frame.rgb.shape[1], frame.rgb.shape[0]) != self.size_wh:
            raise InvalidRequest(
                f"{self.path}: a frame of {frame.rgb.shape[1]} x {frame.rgb.shape[0]} pixels does "
                f"not fit an animation of {self.size_wh[0]} x {self.size_wh[1]}."
            )
        with output_errors(self.path):
            self._body.add(frame.rgb, frame.alpha, frame.duration_ms, frame.changed())
        self.frames += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None and self._body is not None:
                if self.frames == 0:
                    raise InvalidRequest(f"{self.path} would be an animation without frames.")
                with output_errors(self.path):
                    self._body.finish()
                if isinstance(self._body, GifBody):
                    self.notes = tuple(self._losses(self._body))
        except BaseException as failure:
            self._aside.__exit__(type(failure), failure, failure.__traceback__)
            raise
        else:
            self._aside.__exit__(kind, error, trace)
        finally:
            self._body = None

    def _losses(self, body: GifBody) -> Generator[str]:
        if body.reduced:
            yield f"{self.path}: the frames were reduced to the 256 colours that a GIF can hold."
        if body.hardened:
            yield f"{self.path}: a GIF has no half transparency; it was made opaque or clear."
