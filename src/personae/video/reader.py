"""Reading a video: frames in order, with exact timestamps, whatever state the file is in."""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Self

import av

from personae.engine.types import SceneFrame
from personae.errors import InvalidRequest, MediaTooLarge, MediaUnreadable, MediaUnsupported
from personae.video.decoding import Decoder
from personae.video.frames import DecodedFrame, FrameCanvas, convert_frame
from personae.video.integrity import Damage, ends_early
from personae.video.lengths import picture_span
from personae.video.limits import DEFAULT_LIMITS, MediaLimits
from personae.video.opening import open_container, video_stream
from personae.video.shape import VideoShape, check_range, frame_rate, read_shape, time_range
from personae.video.sizing import SizeLimit, fit_frame, fit_shape

_MOV = "mov"


class VideoReader:
    """Decodes one video, frame by frame, in order of presentation.

    Opening decodes the first frame, so that whatever must be refused is refused before any work.
    Timestamps are those of the file, unless its clock starts anywhere (MPEG streams) or the range
    starts late: then all streams are shifted alike, so that the range starts at 0.

    Parameters
    ----------
    path : Path or str
    start_s, end_s : float, seconds from the start of the file, optional
        Frames with ``start_s <= time < end_s`` are given.
    threads : int
        For decoding; 0 takes one per core. Frames do not depend on it.
    limits : MediaLimits
    max_size : SizeLimit, optional
        Frames that are larger are scaled down as they are decoded.

    Attributes
    ----------
    shape : VideoShape
        What all frames have in common.
    damage : Damage
        Complete once iteration has ended.
    frames_expected : int or None
        For progress; None when the file does not say.
    trusted : bool
        Whether timestamps are the file's; if not, frames are taken to be equally long.

    Raises
    ------
    InvalidRequest
        For a range that holds no frame.
    MediaError
        Each kind, for a file that cannot be used.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        threads: int = 0,
        limits: MediaLimits = DEFAULT_LIMITS,
        max_size: SizeLimit | None = None,
    ) -> None:
        check_range(start_s, end_s)
        self.path = Path(path)
        self._limits = limits
        self._frames: Generator[av.VideoFrame] | None = None
        self._container = open_container(self.path, limits)
        try:
            self._stream = video_stream(self._container, str(path))
            self._time_base = self._stream.time_base or Fraction(1, 1000)
            self._range = time_range(self._container, self._time_base, start_s, end_s)
            self._span = picture_span(self._container, self._stream)
            self.damage = Damage(truncated=ends_early(self.path))
            self._decoder = Decoder(
                self._container, self._stream, self.damage, threads, limits.frame_pixels
            )
            step = max(1, round(1 / (frame_rate(self._stream) * self._time_base)))
            # AVI stores no presentation times; where frames may be reordered, FFmpeg guesses.
            guessed = self._stream.codec_context.codec.reorder
            self.trusted = not (guessed and self._container.format.name == "avi")
            self._clock = _Clock(step, self.damage, trusted=self.trusted, sought=bool(start_s))
            kept, tick = self._range, self._time_base
            self._start = None if kept.start_s is None else ceil(kept.start_s / tick)
            self._end = None if kept.end_s is None else ceil(kept.end_s / tick)
            self._shift = int(kept.shift_s / tick)
            self._first: av.VideoFrame | None = None
            decoded = self._begin()
            self._decoded_wh = decoded.coded_wh
            self.shape = fit_shape(decoded, max_size)
        except BaseException:
            self.close()
            raise
        self.frames_expected = self._expected()
        self._taken = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def ticks(self) -> tuple[int | None, int | None, int]:
        """Start and end of the range on the file's clock, and what is subtracted from it."""
        return self._start, self._end, self._shift

    def close(self) -> None:
        """Close the file; frames already given out stay usable."""
        if self._frames is not None:
            self._frames.close()
        self._container.close()

    def __iter__(self) -> Generator[DecodedFrame]:
        """The frames of the range, once.

        Raises
        ------
        MediaUnsupported
            If the picture changes its size on the way.
        MediaTooLarge
            If it goes on for longer than the limits allow.
        """
        if self._taken:
            raise InvalidRequest(f"{self.path} has been read already; open it again.")
        self._taken = True
        number = 0
        for frame in self._from_first():
            pts = self._clock.stamp(frame)
            if self._end is not None and pts >= self._end:
                self._clock.last = self._end - 1
                break
            yield self._wrap(frame, number, pts)
            number += 1
        self.count_losses(number, self._decoder.discarded, self._clock.end)

    def _from_first(self) -> Generator[av.VideoFrame]:
        first, self._first = self._first, None  # its memory need not live as long as the reader
        if first is not None and self._frames is not None:
            yield first
            yield from self._frames

    def _wrap(self, frame: av.VideoFrame, number: int, pts: int) -> DecodedFrame:
        shape = self.shape
        if (frame.width, frame.height) != self._decoded_wh:
            width, height = self._decoded_wh
            raise MediaUnsupported(
                f"{self.path} changes its size from {width}x{height} to "
                f"{frame.width}x{frame.height} on the way; re-encode it to one size first."
            )
        shifted = pts - self._shift
        time_s = float(shifted * self._time_base)
        if time_s > self._limits.duration_s:
            raise MediaTooLarge(
                f"{self.path} goes on for more than {self._limits.duration_s / 3600:.1f} hours; "
                "cut it first."
            )
        duration = frame.duration or None
        frame = convert_frame(frame, shape.pixel_format, shape.tags.matrix)
        frame = fit_frame(frame, shape.coded_wh)
        canvas = FrameCanvas(frame, shape.form, shape.orientation)
        scene = SceneFrame(number=number, time_s=time_s, canvas=canvas)
        return DecodedFrame(frame, shifted, self._time_base, duration, scene)

    def _begin(self) -> VideoShape:
        """Decode the first frame, and say what it shows of all."""
        self._first = self._open_at_start()
        return read_shape(self.path, self._stream, self._first, self._range)

    def _open_at_start(self, back: int = 0) -> av.VideoFrame:
        """The first frame of the range; decoding goes on behind it.

        It begins at a key frame that is at least `back` ticks earlier, as far as there is one.
        """
        if self._start is None:
            return self._first_after(None)
        # Key frames are found by decoding time or by bytes, so the one that is found may still be
        # shown too late: then look further back.
        for back_s in (0, 1, 4, 16, 64):
            self._decoder.seek_before(self._start - back - int(back_s / self._time_base))
            first = self._next_frame(restart=True)
            if first is not None and first.pts is not None and first.pts <= self._start - back:
                break
        else:
            self._decoder.seek_before(self._stream.start_time or 0)
            first = self._first_after(None)
        if first.pts is not None and first.pts >= self._start:
            return first
        return self._first_after(self._start)

    def _first_after(self, start: int | None) -> av.VideoFrame:
        """Decode until a frame at `start` ticks or later; any frame when it is None."""
        frame = self._next_frame(restart=start is None)
        while frame is not None:
            if start is None or (frame.pts is not None and frame.pts >= start):
                return frame
            frame = self._next_frame()
        if start is not None:
            raise InvalidRequest(
                f"{self.path} ends before {float(self._range.start_s or 0):g} s; "
                "choose an earlier start."
            )
        # FFmpeg forgets a size beyond the limit that it was given, and then decodes nothing.
        large = f", or has more than {self._limits.frame_pixels / 1e6:.0f} million pixels a frame"
        raise MediaUnreadable(
            f"{self.path} holds no frame that decodes; it is damaged or was cut off"
            f"{'' if self._stream.width else large}. Export it again, or try another file."
        )

    def _next_frame(self, *, restart: bool = False) -> av.VideoFrame | None:
        """The next frame that decodes, with `restart` from where the file was sought to."""
        if restart:
            if self._frames is not None:
                self._frames.close()
            self._frames = self._decoder.frames()
        return None if self._frames is None else next(self._frames, None)

    def _expected(self) -> int | None:
        """Frames in the range, as far as the file tells."""
        kept = self._range
        if kept.start_s is None and kept.end_s is None and self._stream.frames:
            return self._stream.frames
        if self._span is None:
            return None
        return self._span.frames(frame_rate(self._stream), kept.start_s, kept.end_s)

    def count_losses(self, given: int, discarded: int, end: int) -> None:
        """Compare what came out with what the container promised, and note it in `damage`.

        Parameters
        ----------
        given, discarded : int
            Frames that were given out, and packets that the container itself hides.
        end : int
            When the last frame's time is over, in ticks of the file's clock.
        """
        whole = self._range.start_s is None and self._range.end_s is None
        counted = self._stream.frames
        if whole and counted and (_MOV in self._container.format.name or self.damage):
            self.damage.frames_lost = max(0, counted - discarded - given)
        elif self.damage.truncated and self._span is not None:
            promised_s = self._span.end_s
            if self._range.end_s is not None:
                promised_s = min(promised_s, self._range.end_s)
            missing_s = promised_s - end * self._time_base
            self.damage.frames_lost = max(0, round(missing_s * frame_rate(self._stream)))


class _Clock:
    """Timestamps that always rise, in ticks of the stream's time base.

    A frame without a timestamp, or with one that is not later than the frame before, comes one
    frame's duration after it. So does every frame when the timestamps are not `trusted`.
    """

    def __init__(self, step: int, damage: Damage, *, trusted: bool, sought: bool) -> None:
        self._step = step
        self._damage = damage
        self._trusted = trusted
        self._sought = sought
        self.last: int | None = None

    def stamp(self, frame: av.VideoFrame) -> int:
        """The time of the next frame."""
        pts = frame.pts
        if self.last is None:
            # Where times are guessed, a whole file starts at 0, a range where it was sought.
            pts = pts if pts is not None and (self._trusted or self._sought) else 0
        elif pts is None or pts <= self.last or not self._trusted:
            if self._trusted and pts is not None:
                self._damage.timestamps_repaired += 1
            pts = self.last + self._step
        self._step = frame.duration or self._step
        self.last = pts
        return pts

    @property
    def end(self) -> int:
        """When the last frame's time is over."""
        return 0 if self.last is None else self.last + self._step
