"""How fast: the engine, a picture, a whole video, several faces."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

import personae
from benchmarks import scenes
from benchmarks.measure import Cost, cost
from personae import library, wiring
from personae.engine.canvas import RgbCanvas
from personae.engine.casting import Cast, Role
from personae.engine.mesh.render import FacePlan
from personae.video import job
from personae.video.frames import DecodedFrame
from personae.video.reader import VideoReader
from personae.video.stages import run_stages
from personae.video.writer import VideoWriter

CLIP_FRAMES = 500
Row = tuple[str, str, str, bool | None]
"""What, bar, measured, whether it holds."""


def engine_row(folder: Path, donor: personae.Donor) -> list[Row]:
    """CPU for one 220 px face in 720p frames, once tracking, on one thread."""
    clip = scenes.write(folder / "one.mp4", scenes.one_face((1280, 720), 220, 80))
    engine = wiring.engine()

    def once() -> tuple[float, float]:
        frames = read(clip)
        cast = Cast([Role(donor.mesh, "all")])
        start = time.process_time()
        planned = list(engine.follow(iter(frames), cast, 1.0))
        middle = time.process_time()
        for one in planned:
            engine.render_into(one.frame.scene.canvas, one.plans)
        return middle - start, time.process_time() - middle

    once()
    follow, render = (
        min(parts) / 80 * 1e3 for parts in zip(*(once() for _ in range(3)), strict=True)
    )
    total = follow + render
    text = f"{total:.1f} ms (follow {follow:.1f}, render {render:.1f})"
    return [("one 220 px face at 720p, engine only, CPU a frame", "<= 25 ms", text, total <= 25)]


def picture_row(folder: Path, donor: personae.Donor) -> list[Row]:
    """A 1024 x 1024 JPEG from file to file, donor prepared, models loaded."""
    source, output = folder / "picture.jpg", folder / "swapped.jpg"
    picture = Image.fromarray(scenes.collins()).resize((1024, 1024), Image.Resampling.LANCZOS)
    picture.save(source, quality=92)
    library.swap_file(source, output, donor)
    spent = cost(lambda: library.swap_file(source, output, donor), repeats=7)
    ms = spent.wall_s * 1e3
    return [("picture 1024 x 1024, one face, file to file", "<= 150 ms", f"{ms:.0f} ms", ms <= 150)]


def video_rows(folder: Path, donor: personae.Donor) -> list[Row]:
    """The whole job against its stages run alone, and the pipeline without face work."""
    clip = scenes.write(folder / "video.mp4", scenes.one_face((1280, 720), 220, CLIP_FRAMES))
    alone = stages_alone(clip, folder, donor)
    cores = usable_cores()
    total = sum(one.cpu_s for one in alone.values())
    bound = max(total / cores, *(one.wall_s for one in alone.values()))

    def whole() -> None:
        job.swap_clip(
            wiring.engine(),
            clip,
            folder / "job.mp4",
            Cast([Role(donor.mesh, "all")]),
            job.ClipOptions(),
        )

    def through() -> None:
        with VideoReader(clip) as reader, VideoWriter(folder / "p.mp4", reader.shape) as writer:
            run_stages(reader, iter, same, writer.write, workers=1)

    spent = cost(whole, repeats=2)
    passed = cost(through, repeats=2)
    ratio = spent.wall_s / bound
    overhead = passed.cpu_s / (alone["decode"].cpu_s + alone["encode"].cpu_s)
    parts = ", ".join(f"{name} {one.cpu_s * 1e3 / CLIP_FRAMES:.1f}" for name, one in alone.items())
    return [
        (
            "whole video job, wall / max(CPU / cores, slowest stage)",
            "<= 1.15",
            f"{ratio:.2f} ({CLIP_FRAMES / spent.wall_s:.0f} fps; CPU ms a frame: {parts})",
            ratio <= 1.15,
        ),
        (
            "pipeline without face work, CPU / (decode + encode)",
            "<= 1.25",
            f"{overhead:.2f}",
            overhead <= 1.25,
        ),
    ]


def stages_alone(clip: Path, folder: Path, donor: personae.Donor) -> dict[str, Cost]:
    """Each stage by itself, nothing beside it, with the threads that the job gives it.

    Every repetition of following and rendering starts from frames that were just decoded, as in
    a job: a frame's planes are copied when it is first written, so that rendering into the same
    frames a second time would cost less than it does in truth.
    """
    engine = wiring.engine()
    with VideoReader(clip) as reader:
        shape = reader.shape
    frames: list[DecodedFrame] = []
    cast = Cast([Role(donor.mesh, "all")])
    plans: list[tuple[FacePlan, ...]] = []

    def fresh() -> None:
        frames.clear()
        frames.extend(read(clip))

    def follow() -> None:
        plans[:] = [one.plans for one in engine.follow(iter(frames), cast, 1.0)]

    def render() -> None:
        for frame, planned in zip(frames, plans, strict=True):
            engine.render_into(frame.scene.canvas, planned)

    def encode() -> None:
        with VideoWriter(folder / "encode.mp4", shape) as writer:
            for frame in frames:
                writer.write(frame)

    # The encoder comes last and without fresh frames: it takes what was rendered.
    return {
        "decode": cost(lambda: read_through(clip), repeats=2),
        "follow": cost(follow, repeats=2, prepare=fresh),
        "render": cost(render, repeats=2, prepare=fresh),
        "encode": cost(encode, repeats=2),
    }


def faces_row(folder: Path, donor: personae.Donor) -> list[Row]:
    """CPU of the engine for 1, 2, 4 and 8 faces of one size."""
    engine = wiring.engine()
    spent: dict[int, float] = {}
    for count in (1, 2, 4, 8):
        clip = scenes.write(
            folder / f"faces{count}.mp4", scenes.several_faces((1920, 1080), count, 40)
        )
        frames = read(clip)
        cast = Cast([Role(donor.mesh, "all")])
        start = time.process_time()
        swapped = 0
        for one in engine.follow(iter(frames), cast, 1.0):
            swapped += len(engine.render_into(one.frame.scene.canvas, one.plans))
        spent[count] = (time.process_time() - start) / 40 * 1e3
        if swapped != 40 * count:
            raise RuntimeError(f"{swapped} faces swapped instead of {40 * count}")
    text = ", ".join(f"{count}: {ms:.1f} ms" for count, ms in spent.items())
    linear = all(spent[count] <= spent[1] * count * 1.05 for count in spent)
    return [("several faces, engine CPU a frame at 1080p", "no more than linear", text, linear)]


def embedding_row() -> list[Row]:
    """CPU of one embedding."""
    engine = wiring.engine()
    canvas = RgbCanvas(scenes.hopper().copy())
    face = engine.faces(canvas)[0]
    engine.embed(canvas, face.landmarks)
    spent = cost(lambda: [engine.embed(canvas, face.landmarks) for _ in range(10)], repeats=3)
    ms = spent.cpu_s * 100
    return [("embedding, CPU a face on one thread", "<= 30 ms", f"{ms:.1f} ms", ms <= 30)]


def read(clip: Path) -> list[DecodedFrame]:
    with VideoReader(clip) as reader:
        return list(reader)


def read_through(clip: Path) -> None:
    with VideoReader(clip) as reader:
        for _ in reader:
            pass


def same(frame: DecodedFrame) -> DecodedFrame:
    return frame


def usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def rows(folder: Path) -> Iterator[Row]:
    """Every row about speed."""
    donor = personae.prepare_donor(np.ascontiguousarray(scenes.hopper()))
    yield from engine_row(folder, donor)
    yield from video_rows(folder, donor)
    yield from picture_row(folder, donor)
    yield from faces_row(folder, donor)
    yield from embedding_row()
