"""Capacity tables: ``make bench-capacity``. What was measured, what is assumed, what follows."""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from benchmarks.capacity.checking import OVER_S, PICTURE_S, WORKERS, Seen, compare
from benchmarks.capacity.load import Load
from benchmarks.capacity.measured import Costs, Pixels, database_costs, pixels, postgres
from benchmarks.capacity.model import Model, Outcome, Site
from benchmarks.measure import machine

HOSTS = (1, 4, 16, 32, 64)
PICTURES_S, VIDEOS_S = 10.0, 200.0
"""How long is simulated: videos take long to come to a steady state."""
SWAP_GFLOP = 349.0
"""inswapper_128, by docs/21-running-models.md: 174.6 G multiplications and additions."""
FACES, FPS = 1.3, 25.0
"""Assumed: faces in a frame, frames in a second."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=10_000)
    parser.add_argument("--gpu-tflops", type=float, default=20.0, help="ASSUMED, reached by a GPU")
    parser.add_argument("--database-cores", type=int, default=8, help="ASSUMED")
    parser.add_argument("--store-gbit", type=float, default=10.0, help="ASSUMED")
    parser.add_argument("--slots", type=int, default=4, help="WORKER_SLOTS")
    parser.add_argument("--video-share", type=float, default=0.1)
    parser.add_argument("--no-check", action="store_true", help="no real run beside it")
    given = parser.parse_args()
    console = Console(width=110, soft_wrap=True, highlight=False)
    console.print(f"{machine()}\n")
    # The parts' own log, which would stand between the tables.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seen = pixels(folder)
        small = database_costs(f"sqlite:///{folder / 'measured.db'}", _made(folder / "sqlite"))
        with postgres(folder) as url:
            costs = database_costs(url, _made(folder / "postgres"))
            _print_costs(console, costs, small, seen)
            if not given.no_check:
                rates = (0.6, 0.9)
                pairs = [compare(url, _made(folder / f"real{rate}"), costs, rate) for rate in rates]
                _print_check(console, pairs)
    _simulate(console, given, costs, seen)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _site(given: argparse.Namespace, seen: Pixels, workers: int) -> Site:
    swap_s = SWAP_GFLOP / 1e3 / given.gpu_tflops
    return Site(
        workers=workers,
        slots=given.slots,
        # Detection, gate, decoding and encoding stay with the host's processor: as much as the
        # embedded engine's whole picture took here, on cores of its own beside the GPU.
        picture_s=FACES * swap_s,
        video_second_s=FPS * FACES * swap_s,
        database_cores=given.database_cores,
        store_bytes_per_s=given.store_gbit * 1e9 / 8,
        picture_bytes=seen.picture_bytes,
        video_second_bytes=seen.video_second_bytes,
    )


def _rate(site: Site, load: Load, use: float) -> float:
    """Tasks a second that use the workers to that share."""
    video_s = load.video_share * load.video_mean_s * site.video_second_s
    return use * site.workers / ((1 - load.video_share) * site.picture_s + video_s)


def _simulate(console: Console, given: argparse.Namespace, costs: Costs, seen: Pixels) -> None:
    base = Load(given.tenants, 1.0, video_share=given.video_share)

    def runs(load: Load, use: float, **how: bool) -> Iterable[tuple[int, float, Outcome]]:
        for workers in HOSTS:
            site = _site(given, seen, workers)
            rate = _rate(site, load, use)
            model = Model(site, replace(load, tasks_per_s=rate), costs, **how)
            yield workers, rate, model.run(VIDEOS_S if load.video_share else PICTURES_S)

    pictures = replace(base, video_share=0.0)
    _print_runs(console, "Pictures and videos, workers 80 % used", runs(base, 0.8))
    _print_runs(console, "Pictures alone, workers 80 % used", runs(pictures, 0.8))
    _print_runs(console, "Pictures alone, twice what the workers can do", runs(pictures, 2.0))
    _print_runs(
        console,
        "The same, if full workers asked who waits (as before docs/decisions/0028)",
        runs(pictures, 2.0, full_workers_look=True),
    )
    _print_runs(
        console, "The same load, one line for everybody (not what the service does)",
        runs(pictures, 2.0, fair=False),
    )  # fmt: skip
    _print_limits(console, given, costs, seen, base)


def _print_limits(
    console: Console, given: argparse.Namespace, costs: Costs, seen: Pixels, load: Load
) -> None:
    """What each part alone carries, before anything else gives way."""
    cores = given.database_cores
    picture_s = costs.submit_s + costs.task_s + 4 * costs.read_s + costs.list_s
    pictures = cores / picture_s
    each = load.video_mean_s
    pieces = max(1.0, each / 10.0)
    store = given.store_gbit * 1e9 / 8
    idle = 0.1 * cores / max(costs.idle_s, 1e-9)
    table = _table("What each part carries alone, if nothing else gives way", "part", "carries")
    for row in (
        (f"PostgreSQL, {cores} cores", f"{pictures:,.0f} pictures/s"),
        (
            f"PostgreSQL, {cores} cores",
            f"{cores / (costs.submit_s + costs.task_s + pieces * costs.piece_s):,.0f} "
            f"videos/s of {each:.0f} s",
        ),
        ("PostgreSQL: idle workers that use a tenth of it", f"{idle:,.0f} workers"),
        (
            "PostgreSQL: tenants that may wait at once, at 100 claims/s and half of it",
            f"{max(0.0, 0.5 * cores / 100 - costs.list_s) / max(costs.list_each_s, 1e-12):,.0f}",
        ),
        (
            f"storage, {given.store_gbit:.0f} Gbit/s",
            f"{store / seen.picture_bytes:,.0f} pictures/s",
        ),
        (
            f"storage, {given.store_gbit:.0f} Gbit/s",
            f"{store / (4 * seen.video_second_bytes):,.0f} seconds of video a second",
        ),
        (
            f"a GPU at {given.gpu_tflops:.0f} TFLOP/s (assumed)",
            f"{given.gpu_tflops * 1e3 / SWAP_GFLOP:.0f} faces/s",
        ),
        ("connections of an API and of a worker", "16 + 4 kept, 32 + 8 at most; 16 + 8, 32 + 16"),
    ):
        table.add_row(*row)
    console.print(table)


def _print_costs(console: Console, costs: Costs, small: Costs, seen: Pixels) -> None:
    table = _table("Measured", "what", "PostgreSQL", "SQLite, with the caller")
    names = {
        "submit_s": "submit",
        "submit_wall_s": "submit, by the clock, one at a time",
        "task_s": "the rest of a picture task",
        "piece_s": "one more piece of a video",
        "progress_s": "a note of progress",
        "read_s": "a client's look at a task",
        "beat_s": "a heartbeat",
        "idle_s": "a second of an idle worker",
        "list_s": "listing who waits: one tenant",
    }
    there, here = asdict(costs), asdict(small)
    for name, text in names.items():
        table.add_row(text, f"{1e3 * there[name]:.2f} ms", f"{1e3 * here[name]:.2f} ms")
    table.add_row(
        "listing who waits: each further 1000 tenants",
        f"{1e6 * costs.list_each_s:.2f} ms",
        f"{1e6 * small.list_each_s:.2f} ms",
    )
    table.add_row(
        "statements of an idle worker in a second",
        f"{costs.idle_queries:.0f}",
        f"{small.idle_queries:.0f}",
    )
    console.print(table)
    pictures = _table("Measured, embedded engine", "what", "is")
    pictures.add_row("processor time, picture of 1024 x 1024", f"{1e3 * seen.picture_s:.0f} ms")
    pictures.add_row("processor time, second of 720p video", f"{seen.video_second_s:.2f} s")
    pictures.add_row("bytes moved for that picture", f"{seen.picture_bytes / 1e3:.0f} kB")
    pictures.add_row("bytes in a second of that video", f"{seen.video_second_bytes / 1e3:.0f} kB")
    console.print(pictures)


def _print_check(console: Console, pairs: list[tuple[Seen, Seen]]) -> None:
    title = f"{WORKERS} real workers, {PICTURE_S} s a picture (played), {OVER_S:.0f} s, PostgreSQL"
    table = _table(title, "pictures/s", "", "offered", "mean wait", "p95 of waits")
    for real, predicted in pairs:
        for name, one in (("seen", real), ("predicted", predicted)):
            table.add_row(
                f"{one.rate:.2f}",
                name,
                f"{one.use:.0%}",
                f"{one.wait_s:.2f} s",
                f"{one.p95_s:.2f} s",
            )
    console.print(table)


def _print_runs(console: Console, title: str, runs: Iterable[tuple[int, float, Outcome]]) -> None:
    columns: tuple[tuple[str, Callable[[int, float, Outcome], str]], ...] = (
        ("hosts", lambda hosts, rate, one: str(hosts)),
        ("tasks/s", lambda hosts, rate, one: f"{rate:.1f}"),
        ("GPUs", lambda hosts, rate, one: f"{one.worker_use:.0%}"),
        ("database", lambda hosts, rate, one: f"{one.database_use:.1%}"),
        ("of it looking", lambda hosts, rate, one: f"{one.polling_use:.1%}"),
        ("statements/s", lambda hosts, rate, one: f"{one.transactions_per_s:,.0f}"),
        ("storage", lambda hosts, rate, one: f"{one.store_use:.1%}"),
        ("tenants waiting", lambda hosts, rate, one: f"{one.most_waiting:,}"),
        ("small: p95 wait", lambda hosts, rate, one: _p95(one.small_waits)),
        ("large: p95 wait", lambda hosts, rate, one: _p95(one.large_waits)),
    )
    table = _table(title, *(name for name, _ in columns))
    for hosts, rate, one in runs:
        table.add_row(*(show(hosts, rate, one) for _, show in columns))
    console.print(table)


def _p95(waits: list[float]) -> str:
    return f"{sorted(waits)[int(len(waits) * 0.95)]:.2f} s" if waits else "-"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number == 0 else "right")
    return table


if __name__ == "__main__":
    main()
