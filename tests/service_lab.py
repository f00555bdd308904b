"""A small service to experiment on: real database, blobs and worker processes, no pixels.

Run as a script it is one worker process: ``python service_lab.py URL FOLDER OPTIONS``.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from personae.adapters.blobs import blobs_from_url
from personae.adapters.database import SqlDatabase, database_from_url
from personae.adapters.durable.engines import durable_engine, migrate
from personae.adapters.durable.runtime import DurableOptions
from personae.adapters.durable.work import DurableWork
from personae.adapters.fetch.fake import FakeFetcher
from personae.adapters.media_host.fake import FakeMediaHost, fake_media
from personae.adapters.provenance.keeper import Keeper, SigningConfig
from personae.adapters.webhooks import sign_standard
from personae.app import accounts, submit, tasks
from personae.app.asset_rules import AssetLimits
from personae.app.assets import AssetService
from personae.app.ports import Blobs, MediaHost
from personae.app.submit import Context
from personae.app.workshop import ExecuteOptions
from personae.domain.gate import GatePolicy
from personae.domain.ids import new_id
from personae.domain.media import Asset, MediaFacts
from personae.domain.swap import Media, MediaRef, SceneFace, SwapMapping, SwapRequest
from personae.domain.tasks import Priority, Task
from personae.worker import WorkerOptions, WorkerParts, run_worker

OPS = ["swap", "preview", "detect", "plan_chunks", "analyse_chunk", "render_chunk", "join"]
OPTIONS: dict[str, Any] = {
    "beat_s": 0.2,
    "dead_after_s": 1.5,
    "poll_s": 0.02,
    "slots": 2,
    "chunk_s": 1.0,
    "stall_s": 1.0,
    "grace_s": 3.0,
    "sweep_s": 1.0,
    "threads": 0,
    "real_media": False,
    "refused_files": (),
    "disabled": (),
}


class Lab:
    """Submits tasks as the API would, starts workers and kills them."""

    def __init__(
        self, database_url: str, folder: Path, *, migrates: bool = True, **options: Any
    ) -> None:
        self.url = database_url
        self.folder = folder
        self.options = {**OPTIONS, **options}
        self._engine = durable_engine(database_url, pool_size=2)
        self.work = DurableWork(self._engine)
        self.database: SqlDatabase = database_from_url(
            database_url, queue_factory=self.work.queue_on
        )
        if migrates:
            self.database.migrate()
            migrate(database_url)
        self.blobs = _blobs(folder)
        self.workers: list[subprocess.Popen[bytes]] = []
        self._started = 0

    def close(self) -> None:
        """Kill what runs and let go of everything."""
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.work.close()
        self.database.close()
        self._engine.dispose()

    def tenant(self, name: str = "tenant", credits: int = 10_000) -> str:
        """A tenant with credits; its id."""

        def work(tx: Any) -> str:
            made = accounts.create_tenant(tx, name, time.time())
            key = f"grant:{made.id}"
            if credits:
                accounts.grant(tx, made.id, credits, key=key, note=None, now=time.time())
            return made.id

        return self.database.write(work)

    def asset(self, tenant_id: str, content_type: str = "image/png", **script: Any) -> str:
        """A stored fake medium; its id. `script` says what befalls jobs on it, but for probes."""
        script.setdefault("ops", OPS)
        data = fake_media(content_type, filler=random.randbytes(8).hex().encode(), **script)
        path = self.folder / f"upload-{new_id('x')}.{content_type.split('/')[1]}"
        path.write_bytes(data)
        facts = FakeMediaHost().run({"op": "probe", "path": str(path)}, timeout_s=9)
        stored = self.store(tenant_id, path, MediaFacts(**facts))
        path.unlink()
        return stored

    def store(self, tenant_id: str, path: Path, facts: MediaFacts) -> str:
        """An asset of a file; its id."""
        suffix, content_type = path.suffix, facts.content_type
        asset_id = new_id("asset")
        key = f"assets/{tenant_id}/{asset_id}{suffix}"
        stored = self.blobs.put_file(key, path, content_type)
        asset = Asset(
            *(asset_id, tenant_id, "upload", "ready", key, content_type, None),
            *(stored.size_bytes, stored.sha256, facts, None, None, time.time(), None),
        )
        self.database.write(lambda tx: tx.assets.insert(asset))
        return asset_id

    def submit(
        self,
        tenant_id: str,
        media: Media,
        scene: str,
        donor: str,
        *,
        priority: Priority = "normal",
        face: SceneFace | None = None,
        **request: Any,
    ) -> Task:
        """Take a swap on, exactly as the API does; a scene may be an asset or a URL."""
        mapping = SwapMapping(face or SceneFace(choice="largest"), (media_ref(donor),))
        wanted = SwapRequest(media, media_ref(scene), (mapping,), **request)
        context = Context(tenant_id, time.time(), priority=priority)
        return self.database.write(lambda tx: submit.submit_swap(tx, context, wanted)[0])

    def detect(self, tenant_id: str, media: Media, scene: str) -> Task:
        context = Context(tenant_id, time.time())
        ref = media_ref(scene)
        return self.database.write(lambda tx: submit.submit_detection(tx, context, media, ref)[0])

    def cancel(self, task: Task) -> None:
        self.database.write(lambda tx: tasks.cancel(tx, task.tenant_id, task.id, time.time()))
        self.work.cancel([task.id])

    def task(self, task_id: str) -> Task:
        found = self.database.read(lambda tx: tx.tasks.get(None, task_id))
        assert found is not None
        return found

    def wait(self, ids: Sequence[str], timeout_s: float = 60.0) -> list[Task]:
        """The tasks, once all are final."""

        def final() -> list[Task] | None:
            found = [self.task(one) for one in ids]
            return found if all(task.final for task in found) else None

        return self.wait_until(final, timeout_s)

    def wait_until(self, what: Callable[[], Any], timeout_s: float = 60.0) -> Any:
        """What `what` returns when that is true for the first time."""
        deadline = time.monotonic() + timeout_s
        while not (value := what()):
            assert time.monotonic() < deadline, self.log_tail()
            time.sleep(0.05)
        return value

    def audit(self) -> list[str]:
        return self.database.read(lambda tx: tx.credits.audit())

    def output(self, task: Task) -> bytes:
        """The bytes of a task's only output."""
        (asset_id,) = (task.result or {})["assets"]
        asset = self.database.read(lambda tx: tx.assets.get(task.tenant_id, asset_id))
        assert asset is not None
        return self.blobs.get_bytes(asset.blob_key)

    def start_worker(self) -> subprocess.Popen[bytes]:
        """A worker process; its log goes to a file in the folder."""
        self._started += 1
        log = (self.folder / f"worker-{self._started}.log").open("wb")
        worker = subprocess.Popen(
            [sys.executable, __file__, self.url, str(self.folder), json.dumps(self.options)],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        self.workers.append(worker)
        return worker

    def ready_workers(self) -> list[subprocess.Popen[bytes]]:
        """Workers that live and have begun to take work."""
        return [
            one
            for number, one in enumerate(self.workers, 1)
            if one.poll() is None
            and "worker started" in (self.folder / f"worker-{number}.log").read_text()
        ]

    def log_tail(self) -> str:
        logs = sorted(self.folder.glob("worker-*.log"), key=lambda path: path.stat().st_mtime)
        return "\n".join(path.read_text()[-3000:] for path in logs[-3:])


def media_ref(name: str) -> MediaRef:
    return MediaRef(url=name) if "://" in name else MediaRef(name)


@contextmanager
def lab(database_url: str, folder: Path, **options: Any) -> Iterator[Lab]:
    """A lab, closed at the end."""
    made = Lab(database_url, folder, **options)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def worker_here(
    lab: Lab, fetcher: FakeFetcher | None = None, **options: Any
) -> Iterator[FakeMediaHost]:
    """A worker in a thread of this process; its media host."""
    media = FakeMediaHost(size=8)
    with worker_with(lab, media, fetcher, **options):
        yield media


@contextmanager
def worker_with(
    lab: Lab, media: MediaHost, fetcher: FakeFetcher | None = None, **options: Any
) -> Iterator[None]:
    """A worker in a thread of this process, on a media host of the caller's."""
    network = fetcher or FakeFetcher()
    stop = threading.Event()
    told = {**lab.options, **options}
    thread = threading.Thread(
        target=lambda: _work(lab.url, lab.folder, told, stop, media, network), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def kill(worker: subprocess.Popen[bytes]) -> None:
    """As a machine that loses power."""
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def _blobs(folder: Path) -> Blobs:
    return blobs_from_url((folder / "blobs").as_uri(), base_url="http://lab", secret=b"secret" * 6)


def _work(
    url: str,
    folder: Path,
    options: dict[str, Any],
    stop: threading.Event,
    media: MediaHost,
    fetcher: FakeFetcher,
) -> None:
    engine = durable_engine(url, pool_size=2)
    work = DurableWork(engine)
    database = database_from_url(url, queue_factory=work.queue_on)
    blobs = _blobs(folder)
    scratch = folder / "work" / f"{os.getpid()}-{threading.get_ident()}"
    sources = AssetService(
        database, blobs, fetcher, media, time.time, AssetLimits(), scratch / "assets"
    )
    parts = WorkerParts(
        database_url=url,
        database=database,
        blobs=blobs,
        sources=sources,
        media=media,
        fetcher=fetcher,
        signers={"standard": sign_standard},
        clock=time.time,
    )
    slots = options["slots"]
    durable = DurableOptions(
        image_slots=slots,
        chunk_slots=slots,
        poll_s=options["poll_s"],
        beat_s=options["beat_s"],
        dead_after_s=options["dead_after_s"],
    )
    execute = ExecuteOptions(
        scratch,
        chunk_s=options["chunk_s"],
        stall_s=options["stall_s"],
        timeout_s=600.0,
        threads=options["threads"],
        refused_files=frozenset(options["refused_files"]),
        disabled=frozenset(options["disabled"]),
        gate=options.get("gate") or GatePolicy(),
    )
    run_worker(parts, WorkerOptions(execute, durable, options["grace_s"], options["sweep_s"]), stop)
    database.close()
    work.close()
    engine.dispose()


def notary(folder: Path) -> Keeper:
    """Who signs what real children seal: a local signer, kept in the service's folder."""
    return Keeper(SigningConfig(folder / "signing"), time.time)


def _main(url: str, folder: str, options: str) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    told = json.loads(options)
    media: MediaHost = FakeMediaHost(size=8)
    if told["real_media"]:
        from personae.adapters.media_host.host import ChildMediaHost

        media = ChildMediaHost(told["slots"] + 1, "full", prewarm=True, notary=notary(Path(folder)))
    _work(url, Path(folder), told, stop, media, FakeFetcher())
    media.close()


if __name__ == "__main__":
    _main(*sys.argv[1:])
