"""Chunks of encoded video: made apart, joined without encoding anything again.

Every chunk comes from an encoder of its own with the same settings, so it begins with a picture
that needs no other, and nothing in it refers to another chunk. Its packets are kept as they leave
the encoder, with their exact times; decoding times are given when all chunks are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import av.error

from personae.errors import MediaUnsupported
from personae.video.clip_file import ClipFile
from personae.video.codecs import EncodeSettings, choose_encoding, output_container
from personae.video.encoding import add_video, encodable
from personae.video.frames import DecodedFrame
from personae.video.records import RecordReader, RecordWriter, reading
from personae.video.shape import VideoShape

CHUNK = "chunk"


class _Nowhere:
    """A file that forgets what is written, so that a container can set an encoder up."""

    name = ""

    def __init__(self) -> None:
        self.closed = False
        self._at = 0

    def write(self, data: bytes) -> int:
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset if whence == 0 else self._at + offset
        return self._at

    def tell(self) -> int:
        return self._at


class ChunkWriter:
    """Encodes the frames of one chunk into a working file; a context manager.

    Parameters
    ----------
    path : Path
        Its ending is that of the output of the whole job, whose container it chooses: encoders
        are set up as that container wants them.
    index : int
    shape : VideoShape
    settings : EncodeSettings

    Attributes
    ----------
    footer : dict
        Written at the end; filled by whoever knows.
    """

    def __init__(self, path: Path, index: int, shape: VideoShape, settings: EncodeSettings) -> None:
        self.path = path
        container = output_container(path)
        self._encoding = choose_encoding(container, shape.pixel_format, shape.coded_wh, settings)
        self._nowhere = _Nowhere()
        self._output: Any = av.open(self._nowhere, "w", format=container)
        try:
            self._stream: Any = add_video(self._output, shape, self._encoding, settings.threads)
            self._output.start_encoding()
        except av.error.FFmpegError as error:
            self._nowhere.closed = True
            raise MediaUnsupported(
                f"{path} cannot be encoded with {self._encoding.codec.name}: {error.strerror}."
            ) from error
        header = {"chunk": index, "encoder": _encoder(self._stream, shape)}
        self._file = RecordWriter(path, CHUNK, header)
        self.footer: dict[str, Any] = {}
        self.frames = 0

    def __enter__(self) -> ChunkWriter:
        self._file.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._keep(self._stream.encode(None) if self.frames else [])
                self._file.footer = {**self.footer, "frames": self.frames}
        except BaseException as failure:
            self._file.__exit__(type(failure), failure, failure.__traceback__)
            raise
        finally:
            self._nowhere.closed = True  # the container is forgotten without a word
            self._output = self._stream = None
        self._file.__exit__(kind, error, trace)

    def write(self, frame: DecodedFrame) -> None:
        """Encode the next frame.

        Raises
        ------
        MediaUnreachable
            If the disk is full or gone.
        """
        self._keep(self._stream.encode(encodable(frame, self._encoding.pixel_format)))
        self.frames += 1

    def _keep(self, packets: Sequence[Any]) -> None:
        for packet in packets:
            self._file.write(
                {
                    "pts": packet.pts,
                    "duration": packet.duration or 0,
                    "key": packet.is_keyframe,
                    "data": bytes(packet),
                }
            )


def _encoder(stream: Any, shape: VideoShape) -> dict[str, Any]:
    """What has to be the same in all chunks."""
    context = stream.codec_context
    return {
        "name": context.name,
        "size_wh": list(shape.coded_wh),
        "pixel_format": context.pix_fmt,
        "time_base": str(shape.time_base),
        "extradata": bytes(context.extradata or b""),
        "reordered": context.reorder_depth,
    }


class ChunkJoiner(ClipFile):
    """Writes the output of the whole job from its chunks; used like every `ClipFile`."""

    def matches(self, header: dict[str, Any]) -> bool:
        """Whether a chunk was encoded as this output would be."""
        return header["encoder"] == _encoder(self._stream, self._shape)

    def add(self, record: dict[str, Any], dts: int) -> None:
        """Write the next packet, to be decoded at `dts`."""
        packet: Any = av.Packet(record["data"])
        packet.stream = self._stream
        packet.time_base = self._shape.time_base
        packet.pts, packet.dts = record["pts"], dts
        packet.duration = record["duration"]
        packet.is_keyframe = record["key"]
        with self._errors():
            self._mux([packet])
        self._frames += 1


def decoding_times(pts: Sequence[int], reordered: int) -> list[int]:
    """Decoding times for packets in decoding order, by their presentation times.

    A packet is decoded when the frame that many places before it is shown: the smallest constant
    delay with which nothing is decoded after it is shown. The first ones come as much earlier as
    that delay is long, as encoders do it.

    Parameters
    ----------
    pts : sequence of int
        In decoding order; unique.
    reordered : int
        Frames by which the encoder says that it reorders; more if the packets show more.
    """
    order = sorted(range(len(pts)), key=pts.__getitem__)
    shown = [pts[i] for i in order]
    delay = max((at - place for place, at in enumerate(order)), default=0)
    delay = min(max(delay, reordered), max(0, len(pts) - 1))
    if not delay:
        return shown
    early = shown[delay] - shown[0]
    return [one - early for one in shown[:delay]] + shown[: len(shown) - delay]


def packets_of_chunk(path: Path) -> Iterator[dict[str, Any]]:
    """All packets of a chunk's working file.

    Raises
    ------
    TaskFailed
    """
    with RecordReader(path, CHUNK) as file:
        yield from file


def look_through(path: Path, index: int) -> tuple[dict[str, Any], list[int], dict[str, Any]]:
    """Header, times of all packets and footer of a chunk, once all of it has been checked.

    Raises
    ------
    TaskFailed
        If the file is damaged or is another chunk.
    """
    with RecordReader(path, CHUNK) as file, reading(path):
        if file.header["chunk"] != index:
            raise ValueError(f"it is chunk {file.header['chunk']} where chunk {index} is needed")
        pts = [int(record["pts"]) for record in file]
        return file.header, pts, file.footer
