"""Which streams, tags and chapters go along with a clip, and in which form."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.stream

from personae.errors import MediaUnsupported
from personae.video.opening import FORMATS
from personae.video.subtitles import STORED_AS, TEXT_CODECS
from personae.video.tags import chapters_in, file_tags, language_in, stream_tags

_PICTURE_FILES = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}

Container = Any
"""PyAV's containers and streams; its stubs leave half of their types unknown."""


@dataclass(slots=True)
class Carried:
    """One stream on its way from one container to the other.

    Attributes
    ----------
    output : av stream
    kind : "audio", "subtitle" or "cover"
    converts : (from, to) or None
        Kinds of text subtitles.
    last_dts : int or None
        Of the last packet, in the input's ticks.
    """

    output: Any
    kind: str
    converts: tuple[str, str] | None = None
    last_dts: int | None = None


@dataclass(slots=True)
class Cargo:
    """Streams by their index in the input, and what had to stay behind."""

    streams: dict[int, Carried] = field(default_factory=dict[int, Carried])
    notes: list[str] = field(default_factory=list[str])


def load(source: Container, output: Container, path: Path, picture: int, kept: Any) -> Cargo:
    """Announce in the output's header whatever goes along with the video stream.

    Parameters
    ----------
    source, output : PyAV containers
        The output's header must not have been written.
    path : Path
        Of the source.
    picture : int
        Index of the video stream, which is not carried.
    kept : TimeRange

    Raises
    ------
    MediaUnsupported
        If the output's container does not take a stream of sound.
    """
    output.metadata.update(file_tags(source.metadata))
    chapters = chapters_in(source.chapters(), kept)
    if chapters:
        output.set_chapters(chapters)
    cargo = Cargo()
    for stream in source.streams:
        if stream.index == picture:
            continue
        if stream.type == "attachment":
            _load_attachment(cargo, output, stream)
        elif stream.type == "video":
            _load_picture(cargo, output, stream, path)
        elif stream.type in ("audio", "subtitle"):
            _load_packets(cargo, output, stream, path)
        elif not _is_rebuilt(source, output, stream, picture):
            _leave(cargo, output, stream, "a data stream")
    return cargo


def _load_attachment(cargo: Cargo, output: Container, stream: Any) -> None:
    if output.format.name == "matroska":
        output.add_stream_from_template(stream)
    else:
        _leave(cargo, output, stream, f"the attached file {stream.name or ''}".strip())


def _load_packets(cargo: Cargo, output: Container, stream: Any, path: Path) -> None:
    """A stream of sound or subtitles, as it is, or as another kind of text."""
    codec = _codec_name(stream)
    converts = None
    try:
        made = _copy_of(output, stream)
    except ValueError as error:
        if stream.type == "audio":
            raise MediaUnsupported(_no_sound(output, stream, path, codec)) from error
        becomes = STORED_AS[output.format.name]
        if codec not in TEXT_CODECS:
            _leave(cargo, output, stream, f"a subtitle track ({codec})")
            return
        made = output.add_mux_stream(becomes, time_base=Fraction(1, 1000))
        converts = (codec, becomes)
        cargo.notes.append(
            f"Stream {stream.index}, a subtitle track, was converted from {codec} to {becomes}, "
            "without its styling."
        )
    _label(output, made, stream)
    cargo.streams[stream.index] = Carried(made, stream.type, converts)


def _codec_name(stream: Any) -> str:
    context = stream.codec_context
    if context is None:
        return "unknown"
    # Of sound the codec's name, not that of the decoder, which is "mp3float" for MP3.
    return context.codec.canonical_name if stream.type == "audio" else context.name


def _no_sound(output: Container, stream: Any, path: Path, codec: str) -> str:
    """Why sound does not go along, and what to do; it is never compressed anew."""
    if stream.codec_context is None:
        return (
            f"The sound of {path} (stream {stream.index}) is of a kind that is not known here; "
            "convert it to AAC or Opus first, or take it out."
        )
    return (
        f"A {output.format.name} file does not hold the sound of {path} ({codec}), which is never "
        "compressed anew; write to .mkv, which takes it unchanged, or convert it first."
    )


def _load_picture(cargo: Cargo, output: Container, stream: Any, path: Path) -> None:
    """Cover art. Other video streams would show the old faces, so they are left out."""
    if not stream.disposition & av.stream.Disposition.attached_pic:
        cargo.notes.append(
            f"Stream {stream.index}, a further video track, was left out: only one is swapped."
        )
        return
    codec = stream.codec_context.name if stream.codec_context is not None else "unknown"
    if output.format.name == "matroska" and codec in _PICTURE_FILES:
        name, mime = _PICTURE_FILES[codec]
        data = _attached_picture(path, stream.index)
        output.add_attachment(stream.metadata.get("filename", name), mime, data)
        return
    try:
        made = _copy_of(output, stream)
    except ValueError:
        _leave(cargo, output, stream, "the cover picture")
        return
    _label(output, made, stream)
    cargo.streams[stream.index] = Carried(made, "cover")


def _copy_of(output: Container, stream: Any) -> Any:
    """A stream of the same codec in the output; ValueError if it does not go in."""
    if stream.codec_context is None:
        raise ValueError(f"stream {stream.index} is of an unknown codec")
    return output.add_stream_from_template(stream, opaque=True)


def _label(output: Container, made: Any, stream: Any) -> None:
    made.metadata.update(stream_tags(stream.metadata))
    if stream.language is not None:
        made.metadata["language"] = language_in(output.format.name, stream.language)
    made.disposition = stream.disposition


def _attached_picture(path: Path, index: int) -> bytes:
    """The bytes of cover art, which Matroska wants before its first packet."""
    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    source: Any = av.open(str(path), container_options=options)
    with source:
        for packet in source.demux(source.streams[index]):
            return bytes(packet)
    return b""


def _is_rebuilt(source: Container, output: Container, stream: Any, picture: int) -> bool:
    """Whether the output gets this data stream anyway: a list of chapters or a time code."""
    if source.chapters() and stream.name in (None, "bin_data"):
        return True
    # Matroska keeps the time code as a tag, MP4 and MOV make a stream of it again.
    timed = "timecode" in stream.metadata and "timecode" in source.streams[picture].metadata
    return timed and output.format.name != "webm"


def _leave(cargo: Cargo, output: Container, stream: Any, what: str) -> None:
    cargo.notes.append(
        f"Stream {stream.index}, {what}, was left out: it does not go into {output.format.name}."
    )
