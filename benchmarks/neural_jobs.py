"""Whole jobs with neural engines, on networks that stand in for the published ones.

``python -m benchmarks.neural_jobs`` prints the table. The full stand-ins have the published
arithmetic (174.7 GMAC for `inswapper_128`), the small ones next to none. One thread runs one
network at a time, so that processor time inside the networks is what their calls take; it is read
from each thread's own clock.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks import scenes
from benchmarks.measure import Cost, cost, in_child, machine, peak_rss_mb
from benchmarks.speed import Row, read_through
from benchmarks.stand_ins import install_stand_ins
from personae import wiring
from personae.engine.cards import card
from personae.engine.faces.embedder import Embedder
from personae.engine.faces.finder import FaceFinder
from personae.engine.session import OnnxModel, TfLiteModel
from personae.engine.sessions.pool import SharedNetwork
from personae.video.reader import VideoReader
from personae.video.writer import VideoWriter

ENGINE = "inswapper_128"
NEEDED = (ENGINE, "arcface_w600k_r50")
GATES = ("gate_donor", "gate_scene", "gate_output")
FULL_FRAMES, SMALL_FRAMES = 12, 500


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
        watched = {
            (SharedNetwork, "__call__"): lambda one: one.name,
            (TfLiteModel, "__call__"): lambda one: "embedded",
            (OnnxModel, "__call__"): lambda one: "runtime",
            (FaceFinder, "find_quickly"): lambda one: "searches",
            (Embedder, "embed"): lambda one: "embeddings",
        }
        kept = {key: getattr(*key) for key in watched}

        def timed(name_of, original):
            def call(one, *arguments, **more):
                start = time.thread_time()
                try:
                    return original(one, *arguments, **more)
                finally:
                    self.note(name_of(one), time.thread_time() - start)

            return call

        for (kind, name), name_of in watched.items():
            setattr(kind, name, timed(name_of, kept[kind, name]))
        try:
            yield
        finally:
            for (kind, name), original in kept.items():
                setattr(kind, name, original)

    @property
    def networks_s(self) -> float:
        """In all networks together, the embedded ones included."""
        return self.cpu_s.get("embedded", 0.0) + self.cpu_s.get("runtime", 0.0)


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
    each = 1e3 / SMALL_FRAMES
    ratio = (spent.cpu_s - inside.networks_s) / bare.cpu_s
    yield (
        "near-zero models, whole job less all networks, CPU over decode and encode alone",
        "<= 1.35",
        f"{ratio:.2f} ({spent.cpu_s * each:.1f} less {inside.networks_s * each:.1f} over "
        f"{bare.cpu_s * each:.1f} ms a frame)",
        ratio <= 1.35,
    )
    raw = spent.cpu_s / bare.cpu_s
    yield "the same with the embedded detector, landmarks and embedder", "", f"{raw:.2f}", None
    searches = inside.calls.get("searches", 0)
    yield (
        "searches for faces, a frame, while tracking",
        "<= 0.20",
        f"{searches / SMALL_FRAMES:.3f} ({searches} in {SMALL_FRAMES})",
        searches / SMALL_FRAMES <= 0.2,
    )
    known = inside.calls.get("embeddings", 0)
    yield ("embeddings, one person over the whole clip", "1 a track", f"{known}", known <= 3)


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
    """Networks of the published arithmetic: what is outside them, and how full the cores are."""
    clip = scenes.write(folder / "few.mp4", scenes.one_face((1280, 720), 220, FULL_FRAMES))
    output = folder / "few_out.mp4"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    with models("full"):
        swap(clip, output)  # Loads, and leaves the networks warm.
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
    bare = decode_and_encode(clip, folder)
    best = (models_s + bare.cpu_s) / cores
    yield (
        "whole job, wall over the models', decoder's and encoder's CPU spread evenly on the cores",
        "<= 1.10",
        f"{wall / best:.2f} ({wall:.1f} s)",
        wall / best <= 1.10,
    )


def picture_rows(folder: Path) -> Iterator[Row]:
    """One picture in a warm process, and a crop four times as large as the network's."""
    from personae import library

    source, output = folder / "scene.jpg", folder / "swapped.jpg"
    Image.fromarray(next(scenes.one_face((1280, 720), 220, 1))).save(source, quality=92)
    quiet: Any = {"mark": None, "manifest": False, **dict.fromkeys(GATES)}
    with models("full"):
        donor = library.prepare_donor(scenes.hopper(), gate_donor=None)

        def once(boost_px: int) -> tuple[float, float, int]:
            inside = Inside()
            start = time.process_time()
            with inside.watching():
                library.swap_file(source, output, donor, engine=ENGINE, boost_px=boost_px, **quiet)
            spent = time.process_time() - start
            return spent, sum(inside.cpu_s.get(n, 0.0) for n in NEEDED), inside.calls[ENGINE]

        once(128)
        spent, networks, _ = min(once(128) for _ in range(3))
        boosted, tiles_s, calls = once(512)
    yield (
        "a picture in a warm worker, file to file, CPU over the models' own",
        "<= 1.15",
        f"{spent / networks:.3f} ({spent * 1e3:.0f} over {networks * 1e3:.0f} ms)",
        spent / networks <= 1.15,
    )
    swapper = min(networks, tiles_s / calls)
    yield (
        "boost to 512 of 128, whole picture, CPU over 16 single tiles",
        "<= 1.1",
        f"{boosted / (16 * swapper):.3f} ({calls} tiles)",
        boosted / (16 * swapper) <= 1.1,
    )


def memory_rows(folder: Path) -> Iterator[Row]:
    """Ten times the frames in the same memory, on networks that hold next to nothing."""
    peaks: list[float] = []
    for count in (60, 600):
        clip = scenes.write(folder / f"m{count}.mp4", scenes.one_face((1280, 720), 220, count))
        peaks.append(in_child("benchmarks.neural_jobs", "memory", str(clip))["peak_mb"])
    more = peaks[1] / peaks[0] - 1
    text = f"{more * 100:+.1f} % ({peaks[0]:.0f} and {peaks[1]:.0f} MB)"
    yield "memory of a 10 times longer clip", "within 5 %", text, abs(more) <= 0.05


def _peak(clip: Path) -> None:
    with models("small"):
        swap(clip, clip.with_suffix(".out.mp4"))
    print(json.dumps({"peak_mb": peak_rss_mb()}))


def main(arguments: Sequence[str]) -> int:
    """Print the table; with arguments, only rows of those parts: small, full, picture, memory."""
    if arguments[:1] == ["memory"] and len(arguments) == 2:
        _peak(Path(arguments[1]))
        return 0
    parts = {
        "small": near_zero_rows,
        "full": full_rows,
        "picture": picture_rows,
        "memory": memory_rows,
    }
    print(machine())
    held = True
    with tempfile.TemporaryDirectory() as temporary:
        for name, rows in parts.items():
            if arguments and name not in arguments:
                continue
            for what, bar, measured, holds in rows(Path(temporary)):
                verdict = "MISSED" if holds is False else ""
                print(f"{what} | {bar} | {measured} | {verdict}", flush=True)
                held &= holds is not False
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
