"""Runs through the video pipeline without an engine, and a close look at what comes out."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from personae.video.codecs import EncodeSettings
from personae.video.frames import DecodedFrame, plane_samples
from personae.video.reader import VideoReader
from personae.video.stages import run_stages
from personae.video.writer import VideoWriter, WriteReport

LOSSLESS = EncodeSettings(crf=0, preset="ultrafast")


def unchanged(frames: Iterator[DecodedFrame]) -> Iterator[DecodedFrame]:
    yield from frames


def identity(frame: DecodedFrame) -> DecodedFrame:
    return frame


def pass_through(
    scene: Path, output: Path, settings: EncodeSettings = LOSSLESS, **reading: Any
) -> WriteReport:
    """Decode a clip and encode it again, through all stages, with no edit."""
    with (
        VideoReader(scene, **reading) as reader,
        VideoWriter(output, reader.shape, settings) as writer,
    ):
        run_stages(reader, unchanged, identity, writer.write)
    assert writer.report is not None
    return writer.report


def times(path: Path, **reading: Any) -> list[Fraction]:
    """Presentation times of every frame, in exact seconds."""
    with VideoReader(path, **reading) as reader:
        return [frame.pts * frame.time_base for frame in reader]


def planes(path: Path, **reading: Any) -> list[list[NDArray[Any]]]:
    """The decoded samples of every frame: copies of Y, Cb, Cr."""
    with VideoReader(path, **reading) as reader:
        bits = reader.shape.form.bits
        return [[plane_samples(p, bits).copy() for p in f.video.planes] for f in reader]


def same_planes(first: list[list[NDArray[Any]]], second: list[list[NDArray[Any]]]) -> bool:
    """Whether two clips have the same frames, bit for bit."""
    return len(first) == len(second) and all(
        len(a) == len(b) and all(np.array_equal(p, q) for p, q in zip(a, b, strict=True))
        for a, b in zip(first, second, strict=True)
    )


def packets(path: Path, kind: str, which: int = 0) -> list[tuple[Fraction, bytes]]:
    """Times and bytes of one stream's packets, without MP4's empty lines between subtitles."""
    with av.open(str(path)) as container:
        stream = container.streams.get({kind: which})[0]
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in container.demux(stream)
            if packet.size and packet.pts is not None and bytes(packet) != b"\0\0"
        ]


def leftovers(folder: Path) -> list[str]:
    """Names of everything in a folder, to see that nothing half-written stays."""
    return sorted(p.name for p in folder.iterdir())
