"""The steps of a chunked job: analyse every chunk in turn, render them in any order, join them.

    analyse 0 ─► analyse 1 ─► analyse 2 …   each from the state of the one before
        └► render 0   └► render 1   …       each from its plans alone, on any machine
                            └► join

The frames that come out of it, before they are encoded, are those of `job.swap_clip`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personae.engine.casting import Cast
from personae.engine.following import Follower, PlannedFrame
from personae.engine.pipeline import Engine
from personae.engine.plans import EngineDonor, FacePlan
from personae.engine.track.window import LOOKAHEAD
from personae.errors import Canceled, InvalidRequest, TaskFailed
from personae.video.chunk_encoding import ChunkWriter
from personae.video.chunk_files import (
    ChunkState,
    PlanReader,
    PlanWriter,
    chunk_of_plans,
    load_state,
)
from personae.video.chunk_passing import ChunkPass, with_plans
from personae.video.chunk_plan import Chunk
from personae.video.chunk_reading import BACKS_S, ChunkReader, until, verified
from personae.video.frames import DecodedFrame
from personae.video.gating import ClipGate, Look, plain_seen, seen_of
from personae.video.integrity import Damage
from personae.video.job import QUEUE_FRAMES, ClipOptions, Progress, check_cast, reporter
from personae.video.records import reading
from personae.video.stages import run_batches


@dataclass(frozen=True, slots=True)
class ChunkAnalysis:
    """What came of analysing a chunk.

    Attributes
    ----------
    frames : int
        That decode in it.
    faces_swapped : int
        That its plans will swap.
    decided_to : int
        The number of the first frame, by the plan, that is not decided on: always the chunk's end.
    """

    frames: int
    faces_swapped: int
    decided_to: int


@dataclass(frozen=True, slots=True, eq=False)
class _Done:
    """A frame that was decided on, and rendered if anybody wants it.

    ``looks``: what the content gate saw of it; ``later``: it wants to see what comes of it.
    """

    pts: int
    plans: tuple[FacePlan, ...]
    frame: DecodedFrame | None
    looks: list[Look]
    later: bool


def analyse_chunk(
    engine: Engine,
    scene: Path,
    chunk: Chunk,
    cast: Cast,
    options: ClipOptions,
    *,
    donors: Sequence[EngineDonor],
    warnings: Sequence[str] = (),
    state_in: Path | None,
    state_out: Path,
    plans_out: Path,
    output: Path | None = None,
) -> ChunkAnalysis:
    """Decide what happens in a chunk's frames, a few of the next chunk's having been seen.

    Parameters
    ----------
    cast : Cast
        Fresh, with the same roles for every chunk.
    donors : sequence of EngineDonor
        The roles', in order.
    warnings : sequence of str
        What the end report shall say besides.
    state_in : Path or None
        What analysing the chunk before left; None for the first.
    state_out, plans_out : Path
        Written.
    output : Path, optional
        Then the chunk is rendered at once as well, as `render_chunk` would: that saves decoding it
        twice, but the next chunk has to wait for longer.

    Raises
    ------
    FaceNotFound, InvalidRequest
        Over the last chunk, if nobody was swapped in the whole clip.
    MediaError, Canceled, PolicyRefused
    TaskFailed
        If the state cannot be used.
    """
    before, follower = _resumed(engine, chunk, cast, options.strength, state_in, len(donors))
    cast_before = cast.faces_cast
    gate = ClipGate(options.gate, None if before is None else seen_of(before.seen))
    with ExitStack() as stack:
        reader, frames, back_s = _opened(scene, chunk, options, before, stack)
        analysis = ChunkPass(follower, chunk, before)
        plans = stack.enter_context(PlanWriter(plans_out, chunk, donors, back_s))
        writer = None
        if output is not None:
            writer = stack.enter_context(
                ChunkWriter(output, chunk.index, reader.shape, options.encode)
            )

        def render(planned: list[PlannedFrame[DecodedFrame]]) -> list[_Done]:
            seen = [gate.look("scene", one.frame.scene) for one in planned]
            if writer is None:
                return _left_for_later(planned, seen, gate)
            _render_into(engine, planned, options)
            return _rendered(planned, seen, gate)

        def keep(done: _Done) -> None:
            gate.judge(done.looks)
            plans.write(done.pts, done.plans, look=done.later)
            if writer is not None and done.frame is not None:
                writer.write(done.frame)

        def follow(source: Iterator[DecodedFrame]) -> Iterator[PlannedFrame[DecodedFrame]]:
            return analysis.follow(gate.mark(source))

        count = _run(engine, frames, follow, render, keep, chunk, options)
        if chunk.last:
            check_cast(cast, scene)
        footer = _footer(cast, warnings) | {"seen": plain_seen(gate.seen)}
        plans.finish(footer)
        if writer is not None:
            writer.footer = {**footer, "damage": _plain_damage(reader.damage)}
        state = ChunkState(
            follower.snapshot(),
            cast.snapshot(),
            analysis.left(reader.shape.form.bits),
            analysis.next_number,
            plain_seen(gate.seen),
        )
        state.save(state_out, chunk, len(donors))
    return ChunkAnalysis(count, cast.faces_cast - cast_before, chunk.first_frame + chunk.frames)


def _left_for_later(
    planned: Sequence[PlannedFrame[DecodedFrame]], seen: Sequence[list[Look]], gate: ClipGate
) -> list[_Done]:
    """Frames that `render_chunk` will render."""
    return [
        _Done(one.frame.pts, one.plans, None, looks, gate.is_marked("output", one.frame.scene))
        for one, looks in zip(planned, seen, strict=True)
    ]


def _rendered(
    planned: Sequence[PlannedFrame[DecodedFrame]], seen: Sequence[list[Look]], gate: ClipGate
) -> list[_Done]:
    """Frames that were rendered at once; the gate looks at what came of them."""
    return [
        _Done(
            one.frame.pts,
            one.plans,
            one.frame,
            looks + gate.look("output", one.frame.scene),
            later=False,
        )
        for one, looks in zip(planned, seen, strict=True)
    ]


def render_chunk(
    engine: Engine,
    scene: Path,
    chunk: Chunk,
    plans: Sequence[Path],
    donors: Sequence[EngineDonor],
    options: ClipOptions,
    *,
    output: Path,
) -> int:
    """Render and encode the picture of a chunk by its plans; how many frames there are.

    Parameters
    ----------
    plans : sequence of Path
        Files of plans, the chunk's among them.
    donors : sequence of EngineDonor
        As they were given to `analyse_chunk`.
    output : Path
        Working file for `join_chunks`; its ending is that of the whole job's output.

    Raises
    ------
    MediaError, Canceled, PolicyRefused
    TaskFailed
        If the plans cannot be used.
    """
    mine = next((path for path in plans if chunk_of_plans(path) == chunk.index), None)
    if mine is None:
        raise TaskFailed(f"There are no plans for chunk {chunk.index}.")
    with PlanReader(mine, chunk, donors) as planned, ExitStack() as stack:
        reader = stack.enter_context(_reader(scene, chunk, options, planned.back_s))
        writer = stack.enter_context(ChunkWriter(output, chunk.index, reader.shape, options.encode))

        records = iter(planned)
        gate = ClipGate(options.gate)

        def follow(source: Iterator[DecodedFrame]) -> Iterator[PlannedFrame[DecodedFrame]]:
            return with_plans(source, records)

        def render(
            some: list[PlannedFrame[DecodedFrame]],
        ) -> list[tuple[DecodedFrame, list[Look]]]:
            _render_into(engine, some, options)
            wanted = planned.looks if options.gate is not None else ()
            return [
                (
                    one.frame,
                    [gate.score("output", one.frame.scene)] if one.frame.pts in wanted else [],
                )
                for one in some
            ]

        def keep(done: tuple[DecodedFrame, list[Look]]) -> None:
            gate.judge(done[1])
            writer.write(done[0])

        count = _run(engine, iter(reader), follow, render, keep, chunk, options)
        for _ in records:  # up to the footer, which has to be sound as well
            pass
        writer.footer = {
            **planned.footer,
            "damage": _plain_damage(reader.damage),
            "seen_rendering": plain_seen(gate.seen),
        }
    return count


def _render_into(
    engine: Engine, planned: Sequence[PlannedFrame[DecodedFrame]], options: ClipOptions
) -> None:
    frames = [(one.frame.scene.canvas, one.plans) for one in planned]
    engine.render_all(frames, options.restore, options.mark)
    if options.painter is not None:
        for canvas, _ in frames:
            options.painter.cover_into(canvas)


def _run(
    engine: Engine,
    frames: Iterator[DecodedFrame],
    follow: Callable[[Iterator[DecodedFrame]], Iterator[PlannedFrame[DecodedFrame]]],
    render: Callable[[list[PlannedFrame[DecodedFrame]]], Sequence[Any]],
    sink: Callable[[Any], None],
    chunk: Chunk,
    options: ClipOptions,
) -> int:
    return run_batches(
        frames,
        follow,
        render,
        sink,
        workers=options.workers,
        queue_frames=QUEUE_FRAMES,
        batch=engine.batch,
        should_stop=options.should_stop,
        on_progress=reporter(options.progress, chunk.frames),
    )


def _resumed(
    engine: Engine,
    chunk: Chunk,
    cast: Cast,
    strength: float,
    state_in: Path | None,
    roles: int,
) -> tuple[ChunkState | None, Follower[DecodedFrame]]:
    """The state before a chunk, and a follower and a cast that stand there."""
    if (state_in is None) != (chunk.index == 0):
        raise InvalidRequest(
            f"Chunk {chunk.index} is analysed from the state after the chunk before it, and only "
            "the first from none."
        )
    if state_in is None:
        return None, engine.follower(cast, strength)
    state = load_state(state_in, chunk, roles)
    with reading(state_in):
        cast.restore(state.cast)
        return state, engine.follower(cast, strength, state.follower)


def _reader(
    scene: Path, chunk: Chunk, options: ClipOptions, back_s: float | None, *, beyond: bool = False
) -> ChunkReader:
    return ChunkReader(
        scene,
        chunk,
        start_s=options.start_s,
        end_s=options.end_s,
        threads=options.threads or 0,
        max_size=options.max_size,
        back_s=back_s,
        beyond=beyond,
        on_skip=lambda: _on_the_way(chunk, options),
    )


def _on_the_way(chunk: Chunk, options: ClipOptions) -> None:
    """Say that the frames before a chunk are being decoded, which may take long."""
    if options.should_stop is not None and options.should_stop():
        raise Canceled("The work was stopped on request; no output was written.")
    if options.progress is not None:
        options.progress(Progress(0, chunk.frames, 0.0, 0.0, None))


def _opened(
    scene: Path,
    chunk: Chunk,
    options: ClipOptions,
    before: ChunkState | None,
    stack: ExitStack,
) -> tuple[ChunkReader, Iterator[DecodedFrame], float | None]:
    """A reader whose frames join on to those that were seen, its frames, and how far back it is."""
    backs = iter(BACKS_S)
    used: list[float | None] = []

    def readers() -> Generator[ChunkReader]:
        for back_s in backs:
            used.append(back_s)
            yield _reader(scene, chunk, options, back_s, beyond=True)

    expected = [] if before is None else [(one.pts, one.digest) for one in before.waiting]
    reader, frames = verified(readers(), expected)
    stack.enter_context(reader)
    return reader, until(frames, chunk.end_pts, LOOKAHEAD), used[-1]


def _footer(cast: Cast, warnings: Sequence[str]) -> dict[str, Any]:
    """What the end report needs to know of all chunks so far."""
    return {
        "faces_cast": cast.faces_cast,
        "missing": cast.missing(),
        "warnings": list(warnings),
    }


def _plain_damage(damage: Damage) -> dict[str, int]:
    return {
        "errors": damage.errors,
        "frames_damaged": damage.frames_damaged,
        "timestamps_repaired": damage.timestamps_repaired,
    }
