"""Chunks become the output: packets in a row, everything else carried over, one report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from personae.engine.gate import GateRole, Seen
from personae.errors import Canceled, FaceNotFound, TaskFailed
from personae.video.chunk_encoding import (
    ChunkJoiner,
    decoding_times,
    look_through,
    packets_of_chunk,
)
from personae.video.chunk_plan import ChunkPlan
from personae.video.gating import CLIP_ROLES, ClipGate, seen_of
from personae.video.job import ClipOptions, ClipReport, clip_report, missing_notes, reporter
from personae.video.reader import VideoReader
from personae.video.records import reading


def join_chunks(
    scene: Path, plan: ChunkPlan, chunks: Sequence[Path], options: ClipOptions, output: Path
) -> ClipReport:
    """Write the output from its rendered chunks; nothing is encoded again.

    Parameters
    ----------
    scene : Path
        Its sound, subtitles, chapters and tags are carried over.
    plan : ChunkPlan
    chunks : sequence of Path
        What `render_chunk` wrote, in order.
    options : ClipOptions
        As for all other steps.
    output : Path

    Returns
    -------
    ClipReport
        Of the whole, as `swap_clip` gives it; the warnings that the analysis was given come first.

    Raises
    ------
    FaceNotFound
        If nobody was swapped.
    InvalidRequest, MediaError, Canceled, PolicyRefused
    TaskFailed
        If a chunk is missing, damaged, or encoded in another way.
    """
    if len(chunks) != len(plan.chunks):
        raise TaskFailed(f"There are {len(chunks)} chunks; the plan has {len(plan.chunks)}.")
    on_progress = reporter(options.progress, plan.frames_total) or _nobody
    looks: list[tuple[dict[str, Any], list[int], dict[str, Any]]] = []
    for index, path in enumerate(chunks):
        _check_wanted(options.should_stop)
        on_progress(0)  # all of the chunk is read; nothing of it is written yet
        looks.append(look_through(path, index))
    pts = [one for _, times, _ in looks for one in times]
    footers = [footer for _, _, footer in looks]
    with reading(chunks[-1]):
        cast, missing = int(footers[-1]["faces_cast"]), list(footers[-1]["missing"])
        warnings = tuple(str(text) for text in footers[-1]["warnings"])
        reordered = int(looks[0][0]["encoder"]["reordered"])
        gate = ClipGate(options.gate, _seen(footers))
    gate.check()
    if not cast:
        raise FaceNotFound("scene", f"Nobody in the scene {scene} was swapped.")
    _check_order(chunks, [times for _, times, _ in looks])
    with VideoReader(
        scene, start_s=options.start_s, end_s=options.end_s, max_size=options.max_size
    ) as reader:
        with ChunkJoiner(output, reader.shape, options.encode) as joiner:
            for path, (header, _, _) in zip(chunks, looks, strict=True):
                if not joiner.matches(header):
                    raise TaskFailed(
                        f"{path.name} was encoded with other settings, or by another build of "
                        "the encoder; render it again."
                    )
            _add(joiner, chunks, decoding_times(pts, reordered), options.should_stop, on_progress)
        _add_damage(reader, plan, footers, pts)
        notes = joiner.report.notes if joiner.report else ()
    notes = (*warnings, *notes, *missing_notes(missing))
    report = clip_report(scene, len(pts), reader.damage, cast, notes)
    return replace(report, gate=gate.report())


def _seen(footers: Sequence[dict[str, Any]]) -> dict[GateRole, Seen]:
    """What the content gate saw, in the analyses and where chunks were rendered apart."""
    seen = seen_of(footers[-1].get("seen"))
    for footer in footers:
        rendering = seen_of(footer.get("seen_rendering"))
        seen |= {role: seen[role].joined(rendering[role]) for role in CLIP_ROLES}
    return seen


def _add(
    joiner: ChunkJoiner,
    chunks: Sequence[Path],
    dts: Sequence[int],
    should_stop: Callable[[], bool] | None,
    on_progress: Callable[[int], None],
) -> None:
    at = 0
    for path in chunks:
        for record in packets_of_chunk(path):
            if at % 32 == 0:
                _check_wanted(should_stop)
            joiner.add(record, dts[at])
            at += 1
            on_progress(at)


def _check_wanted(should_stop: Callable[[], bool] | None) -> None:
    if should_stop is not None and should_stop():
        raise Canceled("The work was stopped on request; no output was written.")


def _nobody(done: int) -> None:
    del done


def _check_order(chunks: Sequence[Path], times: Sequence[Sequence[int]]) -> None:
    """See that every chunk comes after the one before, as decoding times rely on."""
    last: int | None = None
    for path, some in zip(chunks, times, strict=True):
        if some and last is not None and min(some) <= last:
            raise TaskFailed(f"{path.name} overlaps with the chunk before it; render it again.")
        last = max(some, default=last)


def _add_damage(
    reader: VideoReader, plan: ChunkPlan, footers: Sequence[dict[str, Any]], pts: Sequence[int]
) -> None:
    """Sum up what was wrong with the file."""
    damage = reader.damage
    damage.errors = sum(int(one["damage"]["errors"]) for one in footers)
    damage.frames_damaged = sum(int(one["damage"]["frames_damaged"]) for one in footers)
    _, _, shift = reader.ticks
    step = max(1, round(1 / (reader.shape.frame_rate * reader.shape.time_base)))
    end = (max(pts) if pts else 0) + shift + step
    reader.count_losses(len(pts), plan.discarded, end)
