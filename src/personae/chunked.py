"""Long videos in chunks, from file to file: what `library.swap_video` does, in steps.

A plan is made first, from the file alone. Analysing goes from chunk to chunk, each step from the
state file of the one before; rendering a chunk needs its plan file only, so it can be done by any
process, in any order, again and again, with the same bytes. Joining writes the output. Every step
must be given the same scene, parts and options, but files may have other names each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from personae import engines
from personae.engine.casting import Cast
from personae.errors import InvalidRequest
from personae.requests.checks import refuse_options, refuse_same
from personae.requests.mappings import Parts
from personae.requests.options import SwapOptions
from personae.results import restoring
from personae.swapping import gate_of
from personae.video import chunk_joining, chunk_work
from personae.video.chunk_plan import TARGET_S, Chunk, ChunkPlan
from personae.video.chunk_plan import plan_chunks as plan_file
from personae.video.chunk_work import ChunkAnalysis
from personae.video.job import ClipOptions, ClipReport, Progress
from personae.video.sniffing import sniff

__all__ = [
    "Chunk",
    "ChunkAnalysis",
    "ChunkPlan",
    "ClipReport",
    "analyse_chunk",
    "join_chunks",
    "plan_chunks",
    "render_chunk",
]


def plan_chunks(
    scene: Path,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    target_s: float = TARGET_S,
    pieces: int = 0,
    on_packet: Callable[[int], None] | None = None,
) -> ChunkPlan:
    """Cut a video, or a range of it, into chunks; loads no model.

    One chunk alone means: use `library.swap_video`. Animations always are one. Chunks are shorter
    than `target_s`, by up to 60 %, where the video would come to fewer than `pieces`. `on_packet`
    is told how many frames were found so far, and may raise.

    Raises
    ------
    InvalidRequest, MediaError
    """
    return plan_file(
        scene,
        start_s=start_s,
        end_s=end_s,
        target_s=target_s,
        pieces=pieces,
        on_packet=on_packet,
    )


def analyse_chunk(
    scene: Path,
    chunk: Chunk,
    parts: Parts,
    options: SwapOptions,
    *,
    state_in: Path | None,
    state_out: Path,
    plans_out: Path,
    output: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ChunkAnalysis:
    """Decide who is swapped in a chunk's frames, and where.

    Parameters
    ----------
    parts : Parts
        The names of its references and its warnings travel to the end report: they should be what
        a client may read.
    state_in : Path or None
        The ``state_out`` of the chunk before; None for the first.
    state_out, plans_out : Path
        Written, whole or not at all.
    output : Path, optional
        Then the chunk is rendered in the same go, as `render_chunk` would. That saves decoding it
        a second time: for where one worker is all there is.

    Raises
    ------
    FaceNotFound, InvalidRequest
        Over the last chunk, if nobody was swapped in the whole video.
    MediaError, ModelError, Canceled
    TaskFailed
        If the state file is damaged or another one's; the chunk before must be analysed again.
    """
    _check(scene, options)
    return chunk_work.analyse_chunk(
        engines.engine_for(options.setup),
        scene,
        chunk,
        Cast(parts.roles, parts.screen),
        _clip_options(options, parts, progress, should_stop),
        donors=[role.donor for role in parts.roles],
        warnings=parts.warnings,
        state_in=state_in,
        state_out=state_out,
        plans_out=plans_out,
        output=output,
    )


def render_chunk(
    scene: Path,
    chunk: Chunk,
    parts: Parts,
    options: SwapOptions,
    *,
    plans: Sequence[Path],
    output: Path,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> int:
    """Render and encode a chunk's picture into a working file; how many frames it has.

    Parameters
    ----------
    plans : sequence of Path
        ``plans_out`` of the chunk; others are ignored.
    output : Path
        Its ending must be that of the output of the whole job.

    Raises
    ------
    MediaError, ModelError, Canceled
    TaskFailed
        If the plans are damaged or missing; the chunk must be analysed again.
    """
    _check(scene, options)
    return chunk_work.render_chunk(
        engines.engine_for(options.setup),
        scene,
        chunk,
        plans,
        [role.donor for role in parts.roles],
        _clip_options(options, parts, progress, should_stop),
        output=output,
    )


def join_chunks(
    scene: Path,
    plan: ChunkPlan,
    chunks: Sequence[Path],
    options: SwapOptions,
    output: Path,
    *,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ClipReport:
    """Make the output of the rendered chunks, without encoding them again; loads no model.

    Raises
    ------
    FaceNotFound, InvalidRequest, MediaError, Canceled
    TaskFailed
        If a chunk is damaged, missing or encoded in another way; it must be rendered again.
    """
    _check(scene, options)
    refuse_same(scene, output)
    how = _clip_options(options, None, progress, should_stop)
    report = chunk_joining.join_chunks(scene, plan, chunks, how, output)
    setup = options.setup
    restore = setup.restoring(options.restore)
    restorer, notes = restoring(options.strength, restore, setup.restorer)
    label = None if how.painter is None else how.painter.label.text
    return replace(report, notes=(*report.notes, *notes), restorer=restorer, label=label)


def _check(scene: Path, options: SwapOptions) -> None:
    if sniff(scene) == "animation":
        raise InvalidRequest(f"{scene} is an animation, which is swapped as a whole.")
    refuse_options(scene, "a video, whose quality is crf", quality=options.quality)


def _clip_options(
    how: SwapOptions,
    parts: Parts | None,
    progress: Callable[[Progress], None] | None,
    should_stop: Callable[[], bool] | None,
) -> ClipOptions:
    return ClipOptions(
        start_s=how.start_s,
        end_s=how.end_s,
        strength=how.strength,
        restore=how.setup.restoring(how.restore),
        mark=how.mark,
        max_size=how.max_size,
        threads=how.threads,
        encode=how.encode,
        painter=how.painter,
        progress=progress,
        should_stop=should_stop,
        gate=gate_of(how) if parts is None else gate_of(how, parts.seen),
        renderers=engines.renderers(how.setup, how.threads),
    )
