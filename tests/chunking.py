"""Clips cut into chunks, worked on in any order, and joined; with and without an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from personae import chunked
from personae.requests.mappings import Parts
from personae.requests.options import SwapOptions
from personae.video.chunk_encoding import CHUNK, ChunkWriter
from personae.video.chunk_joining import join_chunks
from personae.video.chunk_plan import Chunk, ChunkPlan, plan_chunks
from personae.video.chunk_reading import ChunkReader
from personae.video.codecs import EncodeSettings
from personae.video.frames import plane_samples
from personae.video.job import ClipOptions, ClipReport
from personae.video.records import RecordReader

Planes = list[NDArray[Any]]
SOUND = {"errors": 0, "frames_damaged": 0, "timestamps_repaired": 0}


def chunk_planes(scene: Path, chunk: Chunk, **reading: Any) -> list[tuple[int, Planes]]:
    """Time and decoded samples of every frame of a chunk."""
    with ChunkReader(scene, chunk, **reading) as reader:
        bits = reader.shape.form.bits
        return [
            (frame.pts, [plane_samples(p, bits).copy() for p in frame.video.planes])
            for frame in reader
        ]


def encode_chunks(
    scene: Path, folder: Path, plan: ChunkPlan, options: ClipOptions, suffix: str
) -> list[Path]:
    """Encode every chunk without an edit, the last one first."""
    paths = [folder / f"chunk{chunk.index}{suffix}" for chunk in plan.chunks]
    for chunk, path in reversed(list(zip(plan.chunks, paths, strict=True))):
        reading = {"start_s": options.start_s, "end_s": options.end_s}
        with (
            ChunkReader(scene, chunk, **reading) as reader,
            ChunkWriter(path, chunk.index, reader.shape, options.encode) as writer,
        ):
            for frame in reader:
                writer.write(frame)
            writer.footer = {"faces_cast": 1, "missing": [], "warnings": [], "damage": SOUND}
    return paths


def pass_through_chunks(
    scene: Path,
    output: Path,
    settings: EncodeSettings,
    target_s: float = 0.4,
    least: int = 2,
    **reading: Any,
) -> ClipReport:
    """What `passes.pass_through` does, in at least `least` chunks."""
    plan = plan_chunks(scene, target_s=target_s, **reading)
    assert len(plan.chunks) >= least
    options = ClipOptions(encode=settings, **reading)
    paths = encode_chunks(scene, output.parent, plan, options, output.suffix)
    report = join_chunks(scene, plan, paths, options, output)
    for path in paths:
        path.unlink()
    return report


class Job:
    """A swap in chunks whose steps a test runs as it likes; files lie in `folder`."""

    def __init__(
        self,
        scene: Path,
        folder: Path,
        parts: Callable[[], Parts],
        options: SwapOptions,
        *,
        target_s: float = 0.5,
        suffix: str = ".mp4",
    ) -> None:
        self.scene = scene
        self.folder = folder
        self.parts = parts
        self.options = options
        self.suffix = suffix
        range_s = {"start_s": options.start_s, "end_s": options.end_s}
        self.plan = chunked.plan_chunks(scene, target_s=target_s, **range_s)
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, kind: str, index: int) -> Path:
        return self.folder / f"{kind}{index}{self.suffix if kind == 'chunk' else ''}"

    def analyse(self, index: int, *, render: bool = False) -> chunked.ChunkAnalysis:
        return chunked.analyse_chunk(
            self.scene,
            self.plan.chunks[index],
            self.parts(),
            self.options,
            state_in=self.path("state", index - 1) if index else None,
            state_out=self.path("state", index),
            plans_out=self.path("plans", index),
            output=self.path("chunk", index) if render else None,
        )

    def render(self, index: int) -> int:
        return chunked.render_chunk(
            self.scene,
            self.plan.chunks[index],
            self.parts(),
            self.options,
            plans=[self.path("plans", index)],
            output=self.path("chunk", index),
        )

    def join(self, output: Path) -> ClipReport:
        chunks = [self.path("chunk", chunk.index) for chunk in self.plan.chunks]
        return chunked.join_chunks(self.scene, self.plan, chunks, self.options, output)

    def run(self, output: Path, order: Sequence[int] | None = None) -> ClipReport:
        """Everything, rendering in the order asked for."""
        numbers = [chunk.index for chunk in self.plan.chunks]
        for index in numbers:
            self.analyse(index)
        for index in order or numbers:
            self.render(index)
        return self.join(output)


def decoded_alone(path: Path, codec: str, bits: int = 8) -> list[Planes]:
    """The frames of an encoded chunk, by a decoder that knows of no other."""
    with RecordReader(path, CHUNK) as file:
        decoder: Any = av.CodecContext.create({"av1": "libdav1d"}.get(codec, codec), "r")
        decoder.extradata = file.header["encoder"]["extradata"] or None
        packets: list[Any] = []
        for record in file:
            packet = av.Packet(record["data"])
            packet.pts = record["pts"]
            packets.append(packet)
    frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    return [[plane_samples(plane, bits).copy() for plane in frame.planes] for frame in frames]


def stream_times(path: Path) -> list[tuple[int, int]]:
    """Presentation and decoding time of every packet of the picture, in file order."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [(p.pts, p.dts) for p in container.demux(stream) if p.size]


def picture_bytes(path: Path) -> bytes:
    """All packets of the picture, one after the other."""
    with av.open(str(path)) as container:
        return b"".join(bytes(p) for p in container.demux(container.streams.video[0]))


def equal(one: Sequence[Planes], other: Sequence[Planes]) -> bool:
    """Whether two clips have the same frames, bit for bit."""
    return len(one) == len(other) and all(
        all(map(np.array_equal, a, b)) for a, b in zip(one, other, strict=True)
    )
