"""Writing a video: the edited frames, and everything else of the input unchanged."""

from __future__ import annotations

from typing import Any

from personae.video.clip_file import ClipFile, WriteReport
from personae.video.encoding import encodable
from personae.video.frames import DecodedFrame

__all__ = ["VideoWriter", "WriteReport"]

_X265_DELAY = 2


class VideoWriter(ClipFile):
    """Encodes frames in order and carries over sound, subtitles, chapters and tags.

    Used like every `ClipFile`. Frames keep their exact timestamps in MP4 and MOV; Matroska and
    WebM count in milliseconds, so times that are not whole milliseconds are rounded there. The
    same frames give the same bytes on any number of threads.
    """

    def write(self, frame: DecodedFrame) -> None:
        """Encode the next frame and write whatever is ready.

        Raises
        ------
        MediaUnreachable
            If the disk is full or gone.
        """
        with self._errors():
            self._mux(self._stream.encode(encodable(frame, self.encoding.pixel_format)))
            self._frames += 1

    def _last_packets(self) -> list[Any]:
        packets = self._stream.encode(None)
        if self._frames <= _X265_DELAY:
            # x265 knows its decoding times only from the third frame on; before, they are garbage.
            for packet in packets:
                packet.dts = packet.pts
        return packets
