"""Whole jobs with neural engines, on networks that stand in for the published ones.

``python -m benchmarks.neural_jobs`` prints the table. The full stand-ins have the published
arithmetic (174.7 GMAC for `inswapper_128`), the small ones next to none. One thread runs one
network at a time, so that processor time inside the networks is what their calls take; it is read
from each thread's own clock.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import scenes
from benchmarks.measure import Cost, cost, in_child, machine
from benchmarks.speed import Row, read_through
from benchmarks.stand_ins import install_stand_ins
from personae import engines, wiring
from personae.engine.cards import card
from personae.engine.faces.blazeface import BlazeFace
from personae.engine.faces.embedder import Embedder
from personae.engine.sessions.pool import SharedNetwork
from personae.video.reader import VideoReader
from personae.video.writer import VideoWriter

ENGINE = "inswapper_128"
NEEDED = (ENGINE, "arcface_w600k_r50")
FULL_FRAMES, SMALL_FRAMES = 6, 250


class Inside:
    """How long calls of networks took, by name: processor time of the calling threads."""

    def __init__(self) -> None:
        self.cpu_s: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self._lock = threading.Lock()

    def note(self, name: str, spent: float) -> None:
        with self._lock:
            self.cpu_s[name] = self.cpu_s.get(name, 0.0) + spent
            self.calls[name] = self.calls.get(name, 0) + 1

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Have every call noted while the block runs; only a benchmark may do this."""
        kept = SharedNetwork.__call__, BlazeFace.find, Embedder.embed

        def timed(name_of, original):
            def call(one, *arguments, **more):
                start = time.thread_time()
                try:
                    return original(one, *arguments, **more)
                finally:
                    self.note(name_of(one), time.thread_time() - start)

            return call

        SharedNetwork.__call__ = timed(lambda one: one.name, kept[0])
        BlazeFace.find = timed(lambda one: "detector", kept[1])
        Embedder.embed = timed(lambda one: "embedder", kept[2])
        try:
            yield
        finally:
            SharedNetwork.__call__, BlazeFace.find, Embedder.embed = kept


@contextmanager
def models(size: str) -> Iterator[Path]:
    """A models folder with the embedded models and stand-ins, for as long as the block runs."""
    real = wiring.models_dir()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in wiring.ENGINE_MODELS:
            shutil.copytree(real / name, folder / name)
        install_stand_ins(folder, [card(name) for name in NEEDED], size)  # type: ignore[arg-type]
        before = os.environ.get(wiring.MODELS_DIR_VARIABLE)
        os.environ[wiring.MODELS_DIR_VARIABLE] = str(folder)
        try:
            yield folder
        finally:
            if before is None:
                del os.environ[wiring.MODELS_DIR_VARIABLE]
            else:
                os.environ[wiring.MODELS_DIR_VARIABLE] = before


def swap(clip: Path, output: Path, threads: int | None = None) -> int:
    """One job as `personae swap` runs it, without marks, manifests and the content gate."""
    from personae import library

    donor = library.prepare_donor(scenes.hopper(), gate_donor=None)
    report = library.swap_file(
        clip, output, donor, engine=ENGINE, mark=None, manifest=False, gate_donor=None,
        gate_scene=None, gate_output=None, threads=threads,
    )  # fmt: skip
    return report.faces_swapped


def near_zero_rows(folder: Path) -> Iterator[Row]:
    """Networks that cost next to nothing, as on a fast GPU: what is left is ours."""
    clip = scenes.write(folder / "one.mp4", scenes.one_face((1280, 720), 220, SMALL_FRAMES))
    output = folder / "out.mp4"
    with models("small"):
        swap(clip, output)
        bare = decode_and_encode(clip, folder)
        inside = Inside()
        with inside.watching():
            swap(clip, output)
        spent = cost(lambda: swap(clip, output), repeats=2)
    ratio = spent.cpu_s / bare.cpu_s
    each = 1e3 / SMALL_FRAMES
    yield (
        "near-zero models, whole job, CPU over decode and encode alone",
        "<= 1.35",
        f"{ratio:.2f} ({spent.cpu_s * each:.1f} over {bare.cpu_s * each:.1f} ms a frame; inside "
        f"{ENGINE} {inside.cpu_s[ENGINE] * each:.1f})",
        ratio <= 1.35,
    )
    frames = inside.calls.get("detector", 0) / 2 / SMALL_FRAMES
    yield (
        "searches by the detectors, a frame, while tracking",
        "<= 0.20",
        f"{frames:.3f} ({inside.calls.get('detector', 0)} calls of two detectors)",
        frames <= 0.2,
    )
    known = inside.calls.get("embedder", 0)
    yield ("embeddings, one person over the whole clip", "1 a track", f"{known}", known <= 2)


def decode_and_encode(clip: Path, folder: Path) -> Cost:
    """The same decoder and encoder, with nothing between them."""
    with VideoReader(clip) as reader:
        shape = reader.shape
        frames = list(reader)

    def encode() -> None:
        with VideoWriter(folder / "bare.mp4", shape) as writer:
            for frame in frames:
                writer.write(frame)

    decoding = cost(lambda: read_through(clip), repeats=2)
    encoding = cost(encode, repeats=2)
    return Cost(decoding.wall_s + encoding.wall_s, decoding.cpu_s + encoding.cpu_s)


def full_rows(folder: Path) -> Iterator[Row]:
    """Networks of the published arithmetic: what is not inside them, and how well cores are used."""
    clip = scenes.write(folder / "few.mp4", scenes.one_face((1280, 720), 220, FULL_FRAMES))
    output = folder / "few_out.mp4"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    with models("full"):
        swap(clip, output)  # Loads, and leaves the networks warm.
        engine = engines.engine_for(engines.setup_for(engines.Wish(engine=ENGINE)))
        del engine
        inside = Inside()
        wall, cpu = time.perf_counter(), time.process_time()
        with inside.watching():
            swap(clip, output)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    models_s = sum(inside.cpu_s.get(name, 0.0) for name in NEEDED)
    outside = (cpu - models_s) / models_s
    yield (
        f"CPU outside the models over inside, one 720p face, {ENGINE}-sized",
        "<= 0.05",
        f"{outside:.3f} ({(cpu - models_s) / FULL_FRAMES * 1e3:.0f} over "
        f"{models_s / FULL_FRAMES * 1e3:.0f} ms a frame)",
        outside <= 0.05,
    )
    best = max(cpu / cores, models_s / cores)
    yield (
        "whole job, wall over all CPU spread evenly on the cores",
        "<= 1.10",
        f"{wall / best:.2f} ({wall:.1f} s)",
        wall / best <= 1.10,
    )


def main(arguments: Sequence[str]) -> int:
    """Print the table; with arguments, only rows of those parts: small, full."""
    parts = {"small": near_zero_rows, "full": full_rows}
    print(machine())
    held = True
    with tempfile.TemporaryDirectory() as temporary:
        for name, rows in parts.items():
            if arguments and name not in arguments:
                continue
            for what, bar, measured, holds in rows(Path(temporary)):
                print(f"{what} | {bar} | {measured} | {'' if holds else 'MISSED'}", flush=True)
                held &= holds is not False
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
