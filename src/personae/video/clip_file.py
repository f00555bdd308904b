"""The output of a video job: a picture stream, and everything else of the input unchanged."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import av
import av.error
from av.container.core import Flags as ContainerFlags

from personae.errors import InvalidRequest, MediaUnsupported
from personae.video.codecs import EncodeSettings, Encoding, choose_encoding, output_container
from personae.video.copying import StreamCopier
from personae.video.encoding import add_video
from personae.video.files import FileAside, Finish, unwritable
from personae.video.handle import OutputHandle
from personae.video.limits import DEFAULT_LIMITS, MediaLimits
from personae.video.shape import PROGRESSIVE, VideoShape

_BUFFER_BYTES = 1 << 18
_INTERLEAVE_US = 1_000_000


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What was written.

    Attributes
    ----------
    path : Path
    codec, pixel_format : str
    frames : int
    size_bytes : int
    notes : tuple of str
        What could not be kept as it was, one sentence each.
    """

    path: Path
    codec: str
    pixel_format: str
    frames: int
    size_bytes: int
    notes: tuple[str, ...]


class ClipFile:
    """A video file that grows: its owner gives the packets of the picture, in decoding order.

    A context manager. The file grows under a hidden name beside `path` and takes its place when
    the block ends well; when it ends by any exception nothing is left. Sound, subtitles, chapters
    and tags are carried over in step with the picture.

    Parameters
    ----------
    path : Path or str
        Its ending chooses the container: see `codecs.CONTAINERS`.
    shape : VideoShape
        Of the reader whose frames are written.
    settings : EncodeSettings
    limits : MediaLimits
        For the second look at the input, when sound is copied.
    finish : callable, optional
        The last step on the complete file; see `FileAside`.

    Attributes
    ----------
    encoding : Encoding
    report : WriteReport or None
        Once the block has ended well.

    Raises
    ------
    InvalidRequest
        For an output that is the input, or settings that do not fit.
    MediaUnsupported
        If a stream does not go into the container.
    MediaUnreachable
        If the output cannot be written.
    """

    def __init__(
        self,
        path: Path | str,
        shape: VideoShape,
        settings: EncodeSettings | None = None,
        *,
        limits: MediaLimits = DEFAULT_LIMITS,
        finish: Finish | None = None,
    ) -> None:
        self.path = Path(path)
        self._shape = shape
        self._settings = settings or EncodeSettings()
        self._limits = limits
        container = output_container(self.path)
        self.encoding: Encoding = choose_encoding(
            container, shape.pixel_format, shape.coded_wh, self._settings
        )
        self._format = container
        if os.path.exists(self.path) and os.path.samefile(self.path, shape.path):
            raise InvalidRequest(f"{path} is the scene itself; give the output another name.")
        self._aside = FileAside(self.path, finish)
        self._copier: StreamCopier | None = None
        self._handle: OutputHandle | None = None
        self._output: Any = None
        self._stream: Any = None
        self._frames: int = 0
        self.report: WriteReport | None = None

    def __enter__(self) -> Self:
        self._aside.__enter__()
        try:
            with self._errors():
                self._open()
        except BaseException as error:
            self._discard(error)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._discard(error)
            return
        try:
            with self._errors():
                self._finish()
        except BaseException as failure:
            self._discard(failure)
            raise
        self._aside.__exit__(None, None, None)
        size = self.path.stat().st_size
        fields = self._shape.field_order not in PROGRESSIVE and self.encoding.codec.name != "h264"
        flat = (
            ("The scene's fields are stored as whole frames; h264 keeps them.",) if fields else ()
        )
        notes = (*self.encoding.notes, *flat, *(self._copier.notes if self._copier else ()))
        encoding = self.encoding
        self.report = WriteReport(
            self.path, encoding.codec.name, encoding.pixel_format, self._frames, size, notes
        )

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            if self._copier is not None:
                self._copier.copy_until(self._output, packet.dts * packet.time_base)
            self._output.mux(packet)

    def _open(self) -> None:
        shape = self._shape
        self._copier = StreamCopier(shape, self._limits)
        # Packets are written in the order of their times already; waiting longer for a stream of
        # few packets, such as subtitles, would only fill memory.
        options = {"max_interleave_delta": str(_INTERLEAVE_US)}
        if self._format in ("mp4", "mov"):
            free = "+use_metadata_tags" if self._copier.needs_free_tags() else ""
            options["movflags"] = f"+faststart{free}"
            # The unit in which a late start is stored: by default thousandths of a second.
            options["movie_timescale"] = str(max(1000, min(shape.time_base.denominator, 10**6)))
        self._handle = OutputHandle(self._aside.file.fileno(), str(self._aside.part))
        self._output = av.open(
            self._handle,
            "w",
            format=self._format,
            container_options=options,
            buffer_size=_BUFFER_BYTES,
        )
        # No dates, no random numbers, no names of machines: the bytes depend on the input alone.
        self._output.flags |= ContainerFlags.bitexact.value
        self._stream = add_video(self._output, shape, self.encoding, self._settings.threads)
        self._copier.label_video(self._stream)
        self._copier.add_streams(self._output)
        self._output.start_encoding()

    def _last_packets(self) -> list[Any]:
        """Packets that only the end brings forth."""
        return []

    def _finish(self) -> None:
        self._mux(self._last_packets())
        if self._copier is not None:
            self._copier.copy_until(self._output, None)
            self._copier.close()
        self._output.close()

    def _discard(self, error: BaseException) -> None:
        """Close everything and remove the unfinished file."""
        if self._copier is not None:
            self._copier.close()
        if self._handle is not None:
            self._handle.abandon()
        self._output = self._stream = None
        self._aside.__exit__(type(error), error, error.__traceback__)

    @contextmanager
    def _errors(self) -> Generator[None]:
        """Turn FFmpeg's errors while writing into those of Personae."""
        try:
            yield
        except (av.error.FFmpegError, OSError) as error:
            refused = self._handle.error if self._handle is not None else None
            if refused is not None or isinstance(error, OSError):
                raise unwritable(self.path, refused or cast("OSError", error)) from error
            raise MediaUnsupported(
                f"{self.path} cannot be written as {self._format} with "
                f"{self.encoding.codec.name}: {error.strerror}. Try .mkv or another codec."
            ) from error
