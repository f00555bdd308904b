"""What running networks costs: 8 bits, threads, batches, loading. ``make bench-models``.

All networks are stand-ins of the published shapes and about the published arithmetic, which is
printed: ratios of one run say something, seconds only of this machine.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.measure import cost, in_child, machine
from benchmarks.stand_ins import StandIn, install_stand_ins
from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.adapters.networks.derived import batched, prepared
from personae.adapters.networks.loading import Loader, network_part
from personae.adapters.networks.quantising import quantize
from personae.adapters.networks.samples import make_samples, portraits
from personae.engine.cards import card
from personae.engine.session import OnnxModel
from personae.engine.sessions.pool import NetworkPool
from personae.engine.sessions.providers import parse_providers
from personae.quantizing import built_in_pictures

SWAPPER = card("inswapper_128")
Row = tuple[str, str, str, bool | None]


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 if a bar is missed."""
    if arguments[:1] == ["loading"]:
        print(json.dumps(_loading(Path(arguments[1]), arguments[2] == "yes")))
        return 0
    table = Table("what", "bar", "measured", "", title=f"{machine()}; stand-ins")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for what, bar, measured, holds in rows(Path(folder)):
            missed += holds is False
            verdict = "" if holds is None else "yes" if holds else "MISSED"
            table.add_row(what, bar, measured, verdict)
            print(f"{what}: {measured}", file=sys.stderr, flush=True)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    return 1 if missed else 0


def rows(folder: Path) -> Iterator[Row]:
    """What is measured, its bar, the result, and whether it holds."""
    (made,) = install_stand_ins(folder, [SWAPPER], "full")
    yield "inswapper's stand-in", "", told(made), None
    path = ModelStore(folder).path(SWAPPER, network_part(SWAPPER).name)
    ready = prepared(path)
    assert ready is not None
    model = OnnxModel(ready, prepared=True)
    own = cost(lambda: model(*inputs(1)), 3)
    yield "one swap, one thread, 32 bits", "", f"{own.cpu_s:.2f} s of CPU", None
    yield eight_bits_row(path, folder / "int8.onnx", model)
    yield from layout_rows(ready)
    yield batch_row(path, model)
    yield from loading_rows(path, ready)
    yield first_row(folder)


def told(made: StandIn) -> str:
    return f"{made.macs / 1e9:.1f} GMAC, {made.parameters / 1e6:.1f} M weights"


def inputs(items: int) -> list[np.ndarray]:
    """Noise of the right shapes: costs do not depend on it."""
    random = np.random.default_rng(1)
    return [
        random.uniform(0, 1, (items, *tensor.shape[1:])).astype(np.float32)
        for tensor in SWAPPER.part("graph").inputs
    ]


def eight_bits_row(path: Path, target: Path, original: OnnxModel) -> Row:
    """Calibrated as `personae models quantize` does, without the judging."""
    engine = wiring.engine()
    random = np.random.default_rng(2)

    def vector(_: object) -> np.ndarray:
        made = random.standard_normal((1, 512)).astype(np.float32)
        return made / np.float32(np.linalg.norm(made))

    people = portraits(built_in_pictures(), engine.faces)
    samples = make_samples(SWAPPER, people, vector)[0]
    quantize(path, target, [dict(one.inputs) for one in samples])
    small = OnnxModel(target)
    given = inputs(1)
    ratios = [
        cost(lambda: original(*given)).cpu_s / cost(lambda: small(*given)).cpu_s for _ in range(4)
    ]
    ratio = float(np.median(ratios))
    return "one swap: 32 bits over 8 bits", ">= 3", f"{ratio:.2f}", ratio >= 3


def layout_rows(ready: Path) -> Iterator[Row]:
    """Swaps by the clock, with the cores shared out in several ways."""
    ways = {
        "2 workers x 1 thread": (2, 1, "0"),
        "1 worker x 2 threads": (1, 2, "0"),
        "1 worker x 2 threads that spin": (1, 2, "1"),
        "2 workers x 2 threads that spin": (2, 2, "1"),
    }
    sessions = {name: _session(ready, way[1], way[2]) for name, way in ways.items()}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(3):
        for name, (workers, _, _) in ways.items():
            taken[name].append(_shared_out(sessions[name], workers, 4))
    best = {name: np.min(np.array(values), axis=0) for name, values in taken.items()}
    base = best["2 workers x 1 thread"]
    for name, (wall, cpu) in best.items():
        measured = f"{wall / base[0]:.2f} by the clock, {cpu / base[1]:.2f} of CPU"
        yield f"four swaps, {name}, over 2 x 1", "", measured, None


def _session(path: Path, threads: int, spinning: str) -> Callable[[], object]:
    import onnxruntime

    runtime = cast("Any", onnxruntime)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.intra_op.allow_spinning", spinning)
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    feed = dict(zip(names, inputs(1), strict=True))
    session.run(None, feed)
    return lambda: session.run(None, feed)


def _shared_out(work: Callable[[], object], workers: int, times: int) -> tuple[float, float]:
    """Seconds by the clock and of CPU for `times` runs by some threads."""
    left = iter(range(times))
    lock = threading.Lock()

    def worker() -> None:
        while True:
            with lock:
                if next(left, None) is None:
                    return
            work()

    threads = [threading.Thread(target=worker) for _ in range(workers)]
    wall, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - wall, time.process_time() - cpu


def batch_row(path: Path, single: OnnxModel) -> Row:
    """Four faces in one call over four calls, on the CPU."""
    free = batched(path)
    assert free is not None
    several = OnnxModel(prepared(free) or free, batch=4, prepared=prepared(free) is not None)
    four, one = inputs(4), inputs(1)
    together = cost(lambda: several(*four), 2).cpu_s
    alone = cost(lambda: [single(*one) for _ in range(4)], 2).cpu_s
    return "four faces in one call over four calls, on the CPU", "", f"{together / alone:.2f}", None


def loading_rows(path: Path, ready: Path) -> Iterator[Row]:
    """Memory of fresh processes that load the swapper and run it."""
    for what, file, how in (
        ("prepared", ready, "yes"),
        ("as published", path, "no"),
    ):
        found = in_child("benchmarks.neural_models", "loading", str(file), how)
        ratio = found["peak_mb"] / found["steady_mb"]
        measured = (
            f"{ratio:.2f} ({found['peak_mb']:.0f} over {found['steady_mb']:.0f} MB), loaded in "
            f"{found['load_s']:.2f} s"
        )
        bar, holds = ("<= 1.3", ratio <= 1.3) if how == "yes" else ("", None)
        yield f"peak of loading and first runs over steady state, {what}", bar, measured, holds


def _loading(path: Path, ready: bool) -> dict[str, float]:
    start = time.perf_counter()
    model = OnnxModel(path, prepared=ready)
    load_s = time.perf_counter() - start
    for _ in range(2):
        model(*inputs(1))
    return {"load_s": load_s, "peak_mb": _status_mb("VmHWM"), "steady_mb": _status_mb("VmRSS")}


def _status_mb(field: str) -> float:
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field)) / 1e3


def first_row(folder: Path) -> Row:
    """The first swap of a warm worker, through the pool, over the network's own time."""
    loader = Loader(ModelStore(folder), card, parse_providers("cpu"))
    network = NetworkPool(loader, 10**10).network(SWAPPER.name)
    given = inputs(1)
    start = time.perf_counter()
    network(*given)
    cold = time.perf_counter() - start
    raw = _session(prepared(network_path(folder)) or network_path(folder), 1, "0")
    ratios = [cost(lambda: network(*given)).cpu_s / cost(raw).cpu_s for _ in range(4)]
    ratio = float(np.median(ratios))
    measured = f"{ratio:.3f}; the very first with loading {cold:.2f} s"
    return "a swap in a warm worker over the network's own time", "<= 1.15", measured, ratio <= 1.15


def network_path(folder: Path) -> Path:
    return ModelStore(folder).path(SWAPPER, network_part(SWAPPER).name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
