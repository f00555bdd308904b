"""Reading one chunk of a video: the frames that a reader of the whole would give there."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import av
import av.error

from personae.errors import InvalidRequest, MediaError, MediaUnreadable
from personae.video.chunk_plan import Chunk, look_of
from personae.video.frames import DecodedFrame, plane_samples
from personae.video.limits import DEFAULT_LIMITS, MediaLimits
from personae.video.reader import VideoReader
from personae.video.shape import VideoShape, read_shape
from personae.video.sizing import SizeLimit

BACKS_S = (0.0, 5.0, 20.0, None)
"""How far before a chunk decoding begins; further if that gives other frames. None: at the start
of the clip."""
_SKIPPED_AT_ONCE = 32


class ChunkReader(VideoReader):
    """Decodes a video from the beginning of a chunk on.

    Parameters
    ----------
    path : Path
    chunk : Chunk
    start_s, end_s, max_size
        Of the whole, as for `VideoReader`: the output's clock and its shape are the whole's.
    threads : int
    limits : MediaLimits
    back_s : float or None
        Decoding begins at a key frame so many seconds before the chunk; None: at the beginning.
    beyond : bool
        Go on behind the chunk, to the end of the whole.
    on_skip : function, optional
        Called now and then while frames before the chunk are decoded, only to get there; may
        raise.

    Attributes
    ----------
    damage : Damage
        Of this chunk; without what lies before, and without frames lost, which only a look at all
        chunks tells.
    """

    def __init__(
        self,
        path: Path,
        chunk: Chunk,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        threads: int = 0,
        limits: MediaLimits = DEFAULT_LIMITS,
        max_size: SizeLimit | None = None,
        back_s: float | None = 0.0,
        beyond: bool = False,
        on_skip: Callable[[], None] | None = None,
    ) -> None:
        self._chunk = chunk
        self._back_s = back_s
        self._on_skip = on_skip
        self._skipped = 0
        super().__init__(
            path,
            start_s=start_s,
            end_s=end_s,
            threads=threads,
            limits=limits,
            max_size=max_size,
        )
        if chunk.end_pts is not None and not beyond:
            self._end = chunk.end_pts + self._shift

    def count_losses(self, given: int, discarded: int, end: int) -> None:
        """Nothing: a chunk alone cannot tell what is missing."""

    def _next_frame(self, *, restart: bool = False) -> av.VideoFrame | None:
        self._skipped += 1
        if self._on_skip is not None and self._skipped % _SKIPPED_AT_ONCE == 0:
            self._on_skip()
        return super()._next_frame(restart=restart)

    def _begin(self) -> VideoShape:
        chunk = self._chunk
        if chunk.start_pts is None:
            return super()._begin()
        start, whole_start = chunk.start_pts + self._shift, self._start
        if self._back_s is not None:
            self._go_to(start)
            shape = self._shape_here()
            if shape is not None:
                return shape
            with suppress(av.error.FFmpegError):
                self._decoder.seek_before(self._stream.start_time or 0)
        self._start = whole_start
        shape = super()._begin()
        self._go_to(start)
        return shape

    def _shape_here(self) -> VideoShape | None:
        """The shape by the chunk's first frame, unless that looks unlike the first of all."""
        if self._first is None:
            return None
        try:
            shape = read_shape(self.path, self._stream, self._first, self._range)
        except MediaError:
            return None
        return shape if look_of(shape) == self._chunk.look else None

    def _go_to(self, start: int) -> None:
        """Make the first frame at `start` ticks or later the next one."""
        first, self._first, self._start = self._first, None, start
        if self._back_s is not None:
            try:
                first = self._open_at_start(round(self._back_s / self._time_base))
            except (InvalidRequest, MediaUnreadable):
                first = None  # nothing of it decodes
            except av.error.FFmpegError:  # this file cannot be sought in
                first = first or self._next_frame(restart=True)
        while first is not None and (first.pts is None or first.pts < start):
            first = self._next_frame()
        self._first = first
        damage = self.damage
        damage.errors = damage.frames_damaged = damage.timestamps_repaired = 0


def until(
    frames: Iterator[DecodedFrame], end_pts: int | None, beyond: int
) -> Generator[DecodedFrame]:
    """Frames up to `end_pts`, and so many behind it."""
    for frame in frames:
        yield frame
        beyond -= end_pts is not None and frame.pts >= end_pts
        del frame
        if not beyond:
            return


def digest(frame: DecodedFrame, bits: int) -> int:
    """A checksum of all samples of a frame."""
    crc = 0
    for plane in frame.video.planes:
        crc = zlib.crc32(plane_samples(plane, bits).tobytes(), crc)
    return crc


def verified(
    readers: Iterable[ChunkReader], expected: Sequence[tuple[int, int | None]]
) -> tuple[ChunkReader, Generator[DecodedFrame]]:
    """The first reader whose first frames are as they were when they were decoded before.

    A key frame need not be a clean start: a damaged file, or one that refreshes bit by bit, gives
    other pixels from there than to someone who read everything before.

    Parameters
    ----------
    readers : iterable of ChunkReader
        Made one by one, farther and farther back; all but the one that is given back are closed.
    expected : sequence of (pts, digest)
        Of the first frames, in order; a digest of None is not compared.
    """
    reader: ChunkReader | None = None
    head: list[DecodedFrame] = []
    frames: Generator[DecodedFrame] | None = None
    for reader_now in readers:
        if reader is not None:
            reader.close()
        reader = reader_now
        frames = iter(reader)
        head = [frame for _, frame in zip(expected, frames, strict=False)]
        bits = reader.shape.form.bits
        if len(head) == len(expected) and all(
            frame.pts == pts and (known is None or known == digest(frame, bits))
            for frame, (pts, known) in zip(head, expected, strict=True)
        ):
            break
    assert reader is not None
    assert frames is not None
    return reader, _joined(head, frames)


def _joined(head: list[DecodedFrame], frames: Generator[DecodedFrame]) -> Generator[DecodedFrame]:
    """First the frames that were looked at already; they are let go as they leave."""
    head.reverse()
    try:
        while head:
            yield head.pop()
        yield from frames
    finally:
        frames.close()
