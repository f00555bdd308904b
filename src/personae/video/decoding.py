"""Demuxing and decoding one video stream of a file that may be damaged."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from fractions import Fraction
from typing import Any

import av
import av.container
import av.error
import av.packet
import av.stream
import av.video.stream

from personae.video.integrity import Damage

# A file that fails this many times in a row without one good packet between is given up.
_READ_ERRORS_IN_A_ROW = 500
# Up to here one core decodes H.264 several times as fast as faces are swapped.
_FULL_HD = 1920 * 1088


def packets_of(
    container: av.container.InputContainer, streams: Sequence[av.stream.Stream], damage: Damage
) -> Generator[av.packet.Packet[Any]]:
    """Packets of some streams in the file's order, over places that cannot be read.

    The last packet of each stream is empty: it drains the decoder.
    """
    failures = 0
    while failures < _READ_ERRORS_IN_A_ROW:
        try:
            for packet in container.demux(*streams):
                failures = 0
                yield packet
            return
        except av.error.FFmpegError:
            # The demuxer may go on behind a damaged place.
            damage.errors += 1
            failures += 1


def _threading(
    stream: av.video.stream.VideoStream, damage: Damage, threads: int
) -> tuple[str, int]:
    """Kind and number of decoding threads, such that frames do not depend on `threads`.

    Sound files decode alike on any number. In damaged ones the decoder makes up what is missing
    from whatever it has by then: threads that each work on a frame of their own lose other frames
    than one does, and H.264's make up other pixels on every run.
    """
    if damage.truncated:
        return "SLICE", 1
    if stream.codec_context.codec.name == "h264" and stream.width * stream.height <= _FULL_HD:
        return "SLICE", 2
    return "AUTO", threads


class Decoder:
    """Decodes one video stream in order of presentation, over what is damaged.

    Parameters
    ----------
    container, stream
        Owned by the caller. Other streams are skipped while reading.
    damage : Damage
        Counted up as reading goes on.
    threads : int
        0 takes one per core.
    frame_pixels : width times height
        What FFmpeg may allocate for one frame.
    """

    def __init__(
        self,
        container: av.container.InputContainer,
        stream: av.video.stream.VideoStream,
        damage: Damage,
        threads: int,
        frame_pixels: int,
    ) -> None:
        self._container = container
        self._stream = stream
        self._damage = damage
        self.discarded = 0
        """Packets that the container itself hides, such as those before an edit list's start."""
        for other in container.streams:
            if other.index != stream.index:
                other.discard = av.stream.Discard.all
        context = stream.codec_context
        context.thread_type, context.thread_count = _threading(stream, damage, threads)
        context.options = {"max_pixels": str(frame_pixels)}

    def seek_before(self, pts: int) -> None:
        """Go to a key frame before `pts`, in the stream's time base; decoding restarts there."""
        context = self._stream.codec_context
        depth = context.reorder_depth
        self._container.seek(pts, stream=self._stream)
        # A flush forgets how far frames are reordered; without it the first ones would be lost.
        context.reorder_depth = depth

    def frames(self) -> Generator[av.VideoFrame]:
        """Every frame from here to the end; each belongs to whoever takes it."""
        for packet in packets_of(self._container, [self._stream], self._damage):
            if packet.is_discard:
                self.discarded += 1
            if packet.is_corrupt:
                self._damage.errors += 1
            try:
                decoded = packet.decode()
            except av.error.FFmpegError:
                self._damage.errors += 1
                continue
            for frame in decoded:
                if frame.is_corrupt:
                    self._damage.frames_damaged += 1
                if frame.time_base is None:
                    frame.time_base = self._stream.time_base or Fraction(1, 1000)
                yield frame
