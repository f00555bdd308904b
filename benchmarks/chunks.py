"""What chunks cost, and what a second worker brings.

Workers are processes of their own, each on one core with one thread, as on a machine for one
worker; the parent only hands out the steps.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import scenes
from personae.chunked import plan_chunks
from personae.video.chunk_plan import PIECES

PART_FRAMES, PARTS = 63, 32
"""Frames from key frame to key frame, and how many times over: 80 seconds."""
Row = tuple[str, str, str, bool | None]
Step = tuple[str, int]


class Worker:
    """A process on one core; `do` runs one step in it and gives its CPU seconds."""

    def __init__(self, core: int, job: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.chunks", str(core), json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.do("ready", 0)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def do(self, step: str, index: int) -> float:
        """Run a step to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([step, index]) + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


@dataclass
class Spent:
    """Seconds by the clock, and of processor time in all workers, of each step."""

    wall_s: float
    cpu_of: dict[Step, float]

    @property
    def cpu_s(self) -> float:
        """Of all steps."""
        return sum(self.cpu_of.values())


def alone(worker: Worker, steps: list[Step]) -> Spent:
    """Do steps one after the other."""
    start = time.perf_counter()
    cpu_of = {step: worker.do(*step) for step in steps}
    return Spent(time.perf_counter() - start, cpu_of)


def shared(workers: list[Worker], count: int) -> Spent:
    """Let several workers take what is ready, analyses first, and join."""
    start = time.perf_counter()
    cpu_of = {("plan", 0): workers[0].do("plan", 0)}
    with ThreadPoolExecutor(len(workers)) as pool:
        idle, steps = list(workers), _Steps(count)
        running: dict[Future[float], tuple[Worker, Step]] = {}
        while steps.left or running:
            while idle and (step := steps.take()) is not None:
                worker = idle.pop()
                running[pool.submit(worker.do, *step)] = (worker, step)
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                worker, step = running.pop(done)
                idle.append(worker)
                cpu_of[step] = done.result()
                steps.end(step)
    cpu_of["join", 0] = workers[0].do("join", 0)
    return Spent(time.perf_counter() - start, cpu_of)


def undisturbed(cpu_of: dict[Step, float], count: int, workers: int) -> float:
    """Seconds that `shared` takes where every step has its core to itself."""
    now, steps = 0.0, _Steps(count)
    running: list[tuple[float, Step]] = []
    while steps.left or running:
        while len(running) < workers and (step := steps.take()) is not None:
            running.append((now + cpu_of[step], step))
        running.sort()
        now, step = running.pop(0)
        steps.end(step)
    return now + cpu_of["plan", 0] + cpu_of["join", 0]


class _Steps:
    """What is ready to be done, analyses first."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._analysed = self._rendering = 0
        self._analysing = False

    @property
    def left(self) -> bool:
        return self._rendering < self._count

    def take(self) -> Step | None:
        if self._analysed < self._count and not self._analysing:
            self._analysing = True
            return "analyse", self._analysed
        if self._rendering < self._analysed:
            self._rendering += 1
            return "render", self._rendering - 1
        return None

    def end(self, step: Step) -> None:
        if step[0] == "analyse":
            self._analysed, self._analysing = self._analysed + 1, False


def rows(folder: Path) -> Iterator[Row]:
    """What chunks cost one worker, and what a second one brings."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        yield ("chunks on two workers", ">= 1.8", "no two cores to tell apart here", None)
        return
    photo = folder / "donor.png"
    Image.fromarray(np.ascontiguousarray(scenes.hopper())).save(photo)
    part = scenes.write(folder / "part.mp4", scenes.one_face((1280, 720), 220, PART_FRAMES))
    clip = scenes.repeat(folder / "long.mp4", part, PARTS)
    count = len(plan_chunks(clip, pieces=PIECES).chunks)
    job = {"scene": str(clip), "photo": str(photo), "folder": str(folder)}
    go = [("plan", 0), *(("both", index) for index in range(count)), ("join", 0)]
    before = os.getloadavg()[0]
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(core, job)) for core in cores[:2]]
        # Whatever disturbs comes and goes: the whole job before and after that in chunks.
        wholes = [alone(workers[0], [("whole", 0)])]
        one = alone(workers[0], go)
        made = (folder / "joined.mp4").read_bytes()
        wholes.append(alone(workers[0], [("whole", 0)]))
        two = shared(workers, count)
        same = (folder / "joined.mp4").read_bytes() == made
        together = _both(workers)
    load = f"load before and after {before:.1f}, {os.getloadavg()[0]:.1f}"
    whole_cpu, whole_wall = (
        sum(numbers) / 2 for numbers in zip(*((w.cpu_s, w.wall_s) for w in wholes), strict=True)
    )
    ratio, gain = one.cpu_s / whole_cpu, one.wall_s / two.wall_s
    yield (
        f"a job in {count} chunks against a whole one, CPU of one worker",
        "<= 1.05",
        f"{ratio:.3f} (by the clock {one.wall_s / whole_wall:.3f}; CPU as two workers share it "
        f"{two.cpu_s / whole_cpu:.3f}; {load})",
        ratio <= 1.05,
    )
    ideal = one.cpu_s / undisturbed(two.cpu_of, count, 2)
    yield (
        "two workers against one, each on a core of its own",
        ">= 1.8",
        f"{gain:.2f} ({two.wall_s:.1f} s and {one.wall_s:.1f} s; by CPU time, as if undisturbed "
        f"{ideal:.2f}; two jobs that share nothing but the machine "
        f"{2 * whole_wall / together:.2f}; {'same bytes' if same else 'OTHER BYTES'})",
        gain >= 1.8 and same,
    )


def _both(workers: list[Worker]) -> float:
    """Seconds by the clock for a whole job on each worker at once."""
    start = time.perf_counter()
    with ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(lambda numbered: numbered[1].do("whole", numbered[0]), enumerate(workers)))
    return time.perf_counter() - start


def _serve(core: int, job: dict[str, str]) -> None:
    """The worker's side: one step a line."""
    # Before any library starts its threads.
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    steps = _steps(job)
    for line in sys.stdin:
        step, index = json.loads(line)
        start = time.process_time()
        steps[step](index)
        print(time.process_time() - start, flush=True)


def _steps(job: dict[str, str]) -> dict[str, Callable[[int], Any]]:
    from personae import chunked, library
    from personae.requests.mappings import parts_of
    from personae.requests.options import SwapOptions

    scene, folder = Path(job["scene"]), Path(job["folder"])
    donor = library.prepare_donor(job["photo"])
    parts = parts_of(donor, "all", None)
    options = SwapOptions(threads=1)

    def plan() -> chunked.ChunkPlan:
        return chunked.plan_chunks(scene, pieces=PIECES)

    chunks = plan().chunks

    def path(kind: str, index: int) -> Path:
        return folder / f"{kind}{index}.mp4"

    def analyse(index: int, output: Path | None = None) -> None:
        chunked.analyse_chunk(
            scene,
            chunks[index],
            parts,
            options,
            state_in=path("state", index - 1) if index else None,
            state_out=path("state", index),
            plans_out=path("plans", index),
            output=output,
        )

    def render(index: int) -> None:
        chunked.render_chunk(
            scene,
            chunks[index],
            parts,
            options,
            plans=[path("plans", index)],
            output=path("chunk", index),
        )

    return {
        "ready": lambda _: None,
        "plan": lambda _: plan(),
        "analyse": analyse,
        "render": render,
        "both": lambda index: analyse(index, path("chunk", index)),
        "join": lambda _: chunked.join_chunks(
            scene,
            plan(),
            [path("chunk", index) for index in range(len(chunks))],
            options,
            folder / "joined.mp4",
        ),
        "whole": lambda index: library.swap_video(
            scene, folder / f"whole{index}.mp4", donor, face="all", options=options
        ),
    }


if __name__ == "__main__":
    _serve(int(sys.argv[1]), json.loads(sys.argv[2]))
