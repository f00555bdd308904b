"""The jobs ``analyse_chunk``, ``render_chunk`` and ``join``: see `chunked`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from personae import chunked
from personae.media_child.engines import setup_of
from personae.media_child.jobs import Context, call_files
from personae.media_child.mappings import parts_of_job
from personae.media_child.swapping import options_of
from personae.requests.mappings import Parts
from personae.requests.options import SwapOptions
from personae.video.job import Progress


def analyse_chunk(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Decide what happens in ``chunk``, from ``state_in`` to ``state_out`` and ``plans_out``.

    With ``output`` the chunk is rendered at once, as ``render_chunk`` would.
    """
    options = options_of(job)
    parts = _parts(job, context, options)
    context.enter("analyse")
    before, output = job["state_in"], job.get("output")
    analysis = chunked.analyse_chunk(
        Path(job["scene"]),
        chunked.Chunk.from_json(job["chunk"]),
        parts,
        options,
        state_in=None if before is None else Path(before),
        state_out=Path(job["state_out"]),
        plans_out=Path(job["plans_out"]),
        output=None if output is None else Path(output),
        progress=_reporter(context, "analyse"),
        should_stop=context.should_stop,
    )
    return asdict(analysis)


def render_chunk(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Render ``chunk`` by its own of ``plans``, into the working file ``output``."""
    options = options_of(job)
    parts = _parts(job, context, options)
    context.enter("render")
    frames = chunked.render_chunk(
        Path(job["scene"]),
        chunked.Chunk.from_json(job["chunk"]),
        parts,
        options,
        plans=[Path(path) for path in job["plans"]],
        output=Path(job["output"]),
        progress=_reporter(context, "render"),
        should_stop=context.should_stop,
    )
    return {"frames": frames}


def join(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Make ``output`` of the rendered ``chunks``, which are those of ``plan``."""
    context.enter("join")
    options = options_of(job)
    setup = setup_of(options, runs=False)
    report = chunked.join_chunks(
        Path(job["scene"]),
        chunked.ChunkPlan.from_json(job["plan"]),
        [Path(path) for path in job["chunks"]],
        options,
        Path(job["output"]),
        progress=_reporter(context, "join"),
        should_stop=context.should_stop,
    )
    return {
        "kind": "video",
        "frames": report.frames,
        "frames_lost": report.frames_lost,
        "faces_swapped": report.faces_swapped,
        "engine": setup.engine,
        "restorer": report.restorer,
        "label": report.label,
        "gate": report.gate,
        "warnings": list(report.notes),
    }


def _parts(job: Mapping[str, Any], context: Context, options: SwapOptions) -> Parts:
    """Roles whose names, and warnings, may be read by clients: they travel with the state."""
    parts = parts_of_job(job, context, options.gate_donor, setup_of(options))
    roles = [replace(role, name=call_files(role.name, job)) for role in parts.roles]
    warnings = tuple(call_files(text, job) for text in parts.warnings)
    return replace(parts, roles=tuple(roles), warnings=warnings)


def _reporter(context: Context, phase: str) -> Callable[[Progress], None]:
    def report(told: Progress) -> None:
        context.report(phase, told.frames_done, told.frames_total, told.fps, told.remaining_s)

    return report
