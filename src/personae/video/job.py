"""One clip from file to file: read, follow, render, write."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from personae.engine.casting import Cast
from personae.engine.following import PlannedFrame
from personae.engine.gate import Gate
from personae.engine.label import LabelPainter
from personae.engine.pipeline import Engine
from personae.engine.types import SceneFrame
from personae.errors import FaceNotFound, InvalidRequest
from personae.video.animation_writing import AnimationWriter
from personae.video.animations import AnimationFrame, AnimationReader
from personae.video.codecs import EncodeSettings
from personae.video.files import Finish
from personae.video.gating import ClipGate, Look
from personae.video.integrity import Damage
from personae.video.reader import VideoReader
from personae.video.sizing import SizeLimit, fit_pixels
from personae.video.stages import run_batches
from personae.video.writer import VideoWriter

QUEUE_FRAMES = 4


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Attributes
    ----------
    frames_done : int
    frames_total : int or None
        As far as the file tells; None when it does not.
    elapsed_s : float, seconds
    fps : float
        Frames per second so far.
    remaining_s : float or None, seconds
    """

    frames_done: int
    frames_total: int | None
    elapsed_s: float
    fps: float
    remaining_s: float | None


@dataclass(frozen=True, slots=True)
class ClipReport:
    """What came of a clip.

    Attributes
    ----------
    frames : int
        Written.
    frames_lost : int
        That should have been in the scene and did not decode.
    faces_swapped : int
        Over all frames.
    notes : tuple of str
        Everything a user should know: what was lost, dropped or changed.
    restorer, label : str or None
        What restored the faces, and what was written over every frame; filled in by whoever chose
        it.
    gate : dict or None
        What the content gate saw, as `engine.gate.Gate.report` tells it; None if it was off.
    """

    frames: int
    frames_lost: int
    faces_swapped: int
    notes: tuple[str, ...]
    restorer: str | None = None
    label: str | None = None
    gate: dict[str, dict[str, float]] | None = None


@dataclass(frozen=True, slots=True)
class ClipOptions:
    """How a clip is read, rendered and written.

    ``threads``: None takes one per core; what comes out does not depend on it. ``mark``: the id
    that the new faces carry invisibly; None leaves them unmarked. ``finish``: the last step on the
    complete output, before it gets its name. ``renderers``: threads that render, where that is not
    what ``threads`` says.
    """

    start_s: float | None = None
    end_s: float | None = None
    strength: float = 1.0
    restore: float = 0.0
    mark: int | None = None
    max_size: SizeLimit | None = None
    threads: int | None = None
    encode: EncodeSettings = field(default_factory=EncodeSettings)
    quality: int | None = None
    painter: LabelPainter | None = None
    progress: Callable[[Progress], None] | None = None
    should_stop: Callable[[], bool] | None = None
    finish: Finish | None = None
    gate: Gate | None = None
    renderers: int | None = None

    @property
    def workers(self) -> int:
        """How many threads render."""
        if self.renderers is not None:
            return self.renderers
        cores = self.threads or os.cpu_count() or 1
        # One core is left to the reader, the tracker and the encoder.
        return max(1, min(16, cores - 1))


def swap_clip(
    engine: Engine, scene: Path, output: Path, cast: Cast, options: ClipOptions
) -> ClipReport:
    """Swap faces in a video.

    Raises
    ------
    FaceNotFound
        With role "scene", if no frame shows a face that the cast wants; no output is left.
    MediaError, InvalidRequest, Canceled, PolicyRefused
    """
    gate = ClipGate(options.gate)
    with VideoReader(
        scene,
        start_s=options.start_s,
        end_s=options.end_s,
        threads=options.threads or 0,
        max_size=options.max_size,
    ) as reader:
        with VideoWriter(output, reader.shape, options.encode, finish=options.finish) as writer:
            total = reader.frames_expected
            done = _run(engine, reader, cast, options, gate, writer.write, total)
            check_cast(cast, scene)
        damage = reader.damage
        notes = writer.report.notes if writer.report else ()
    notes += missing_notes(cast.missing())
    report = clip_report(scene, done, damage, cast.faces_cast, notes)
    return replace(report, gate=gate.report())


def clip_report(
    scene: Path, frames: int, damage: Damage, faces_swapped: int, notes: tuple[str, ...]
) -> ClipReport:
    """The report on a video, whose damage is told of as a note and as frames lost."""
    if damage:
        notes += (f"{scene} is damaged: {_told(damage)}; what decodes was kept.",)
    # Damage that cannot be counted in frames is still a loss.
    lost = max(damage.frames_lost, int(bool(damage)))
    return ClipReport(frames, lost, faces_swapped, notes)


def _told(damage: Damage) -> str:
    """What is wrong with a file, in a few words."""
    parts = [
        (damage.truncated, "it is cut off"),
        (damage.frames_lost > 0, f"{damage.frames_lost} frames are lost"),
        (damage.frames_damaged > 0, f"{damage.frames_damaged} frames are damaged"),
        (damage.errors > 0, f"{damage.errors} packets do not decode"),
        (damage.timestamps_repaired > 0, f"{damage.timestamps_repaired} timestamps were mended"),
    ]
    return ", ".join(text for holds, text in parts if holds)


@dataclass(frozen=True, slots=True, eq=False)
class _AnimatedFrame:
    """An animation's frame with the engine's one view of it."""

    frame: AnimationFrame
    scene: SceneFrame


def swap_animation(
    engine: Engine, scene: Path, output: Path, cast: Cast, options: ClipOptions
) -> ClipReport:
    """Swap faces in a GIF, WebP or APNG; durations, loops and transparency are kept.

    Raises
    ------
    FaceNotFound, MediaError, InvalidRequest, Canceled, PolicyRefused
        As `swap_clip`.
    """
    gate = ClipGate(options.gate)
    with AnimationReader(scene, role="scene") as reader:
        quality = options.quality
        if quality is None and reader.lossy:
            quality = 90
        size = reader.size_wh if options.max_size is None else options.max_size.fit(reader.size_wh)
        with AnimationWriter(
            output,
            size,
            plays=reader.plays,
            quality=quality,
            icc=reader.icc,
            finish=options.finish,
        ) as writer:
            frames = _animated(reader, size, options)
            total = None if options.start_s or options.end_s else reader.frames
            done = _run(
                engine, frames, cast, options, gate, lambda item: writer.write(item.frame), total
            )
            if not done:
                raise InvalidRequest(f"{scene} has no frame in that range; choose an earlier one.")
            check_cast(cast, scene)
        lost = reader.frames_lost
    # From GIF to GIF nothing is lost but colours of the new face, which always share a palette.
    notes = missing_notes(cast.missing()) + (() if reader.format == "GIF" else writer.notes)
    if lost:
        notes += (f"{scene} is damaged: {lost} frames did not decode.",)
    return ClipReport(done, lost, cast.faces_cast, notes, gate=gate.report())


def _animated(
    reader: AnimationReader, size_wh: tuple[int, int], options: ClipOptions
) -> Iterator[_AnimatedFrame]:
    """The frames of the range, numbered from 0 and scaled down to a size."""
    number = 0
    start, end = options.start_s or 0.0, options.end_s
    for frame in reader:
        if frame.time_s < start:
            continue
        if end is not None and frame.time_s >= end:
            return
        if size_wh != reader.size_wh:
            rgb, alpha = fit_pixels(frame.rgb, frame.alpha, size_wh)
            frame = replace(frame, rgb=rgb, alpha=alpha, scene_rgb=None)
        if options.painter is not None and frame.alpha is not None:
            frame = replace(frame, alpha=frame.alpha.copy())  # The label makes it opaque.
        view = frame.scene_frame()
        yield _AnimatedFrame(frame, SceneFrame(number, view.time_s, view.canvas))
        number += 1


def _run(
    engine: Engine,
    frames: Any,
    cast: Cast,
    options: ClipOptions,
    gate: ClipGate,
    write: Callable[[Any], None],
    total: int | None,
) -> int:
    """Stream frames through the engine into `write`; how many there were."""

    def render(planned: list[PlannedFrame[Any]]) -> list[tuple[Any, list[Look]]]:
        looks = [gate.look("scene", one.frame.scene) for one in planned]
        engine.render_all(
            [(one.frame.scene.canvas, one.plans) for one in planned], options.restore, options.mark
        )
        for one, seen in zip(planned, looks, strict=True):
            if options.painter is not None:
                alpha = one.frame.frame.alpha if isinstance(one.frame, _AnimatedFrame) else None
                options.painter.cover_into(one.frame.scene.canvas, alpha)
            seen += gate.look("output", one.frame.scene)
        return [(one.frame, seen) for one, seen in zip(planned, looks, strict=True)]

    def follow(source: Iterator[Any]) -> Iterator[PlannedFrame[Any]]:
        return engine.follow(gate.mark(source), cast, options.strength)

    def keep(done: tuple[Any, list[Look]]) -> None:
        gate.judge(done[1])
        write(done[0])

    return run_batches(
        frames,
        follow,
        render,
        keep,
        workers=options.workers,
        queue_frames=QUEUE_FRAMES,
        batch=engine.batch,
        should_stop=options.should_stop,
        on_progress=reporter(options.progress, total),
    )


def reporter(
    progress: Callable[[Progress], None] | None, total: int | None
) -> Callable[[int], None] | None:
    """Turn a frame count into `Progress`."""
    if progress is None:
        return None
    started = time.monotonic()

    def report(done: int) -> None:
        elapsed = max(1e-6, time.monotonic() - started)
        fps = done / elapsed
        remaining = None if total is None else max(0, total - done) / max(fps, 1e-6)
        progress(Progress(done, total, elapsed, fps, remaining))

    return report


def missing_notes(names: Sequence[str]) -> tuple[str, ...]:
    """A note for each reference whose person never appeared."""
    return tuple(f"Nobody in the scene looks like {name}." for name in names)


def check_cast(cast: Cast, scene: Path) -> None:
    """Fail when nobody was swapped, and say why."""
    if cast.faces_cast:
        return
    if not cast.most_faces:
        raise FaceNotFound("scene", f"No face was found in the scene {scene}; nothing was swapped.")
    numbers = [choice for choice in cast.unanswered() if isinstance(choice, int)]
    if numbers:
        raise InvalidRequest(
            f"{scene} has no face number {numbers[0]}: at most {cast.most_faces} are seen at "
            "once, and counting starts at 0."
        )
    raise FaceNotFound(
        "scene",
        f"Nobody in the scene {scene} looks like the reference faces; nothing was swapped.",
    )
