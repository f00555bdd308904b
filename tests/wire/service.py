"""A whole HTTP side in one process: a real SQLite database, files in memory, no worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from personae.adapters.blobs.memory import MemoryBlobs
from personae.adapters.blobs.signing import verify
from personae.adapters.database import RecordingQueue, SqlDatabase, database_from_url
from personae.adapters.fetch.fake import FakeFetcher
from personae.adapters.media_host.fake import FakeMediaHost
from personae.app import accounts, closing
from personae.app.assets import AssetLimits, AssetService
from personae.app.inspecting import Inspector
from personae.app.links import Links
from personae.app.register import RegisterService
from personae.app.tokens import Tokens
from personae.domain.ids import new_id
from personae.domain.media import Asset, MediaFacts
from personae.domain.tasks import Task, TaskError
from personae.domain.tenants import SCOPES
from personae.domain.workload import Executor, Workload
from personae.wire.dialects import Dialect
from personae.wire.factory import create_app
from personae.wire.services import Services, WireSettings
from wire.client import Client

SECRET = b"a secret that only these tests have"
BASE = "http://testserver"
START_S = 1_800_000_000.0
QUICK = WireSettings(
    preview_wait_s=20.0, stream_s=60.0, heartbeat_s=0.3, wrong_keys_burst=1_000_000
)
"""Settings under which nothing waits for long, and wrong keys may be tried as often as needed."""
PICTURE = MediaFacts("picture", "image/png", 640, 480, frames=1)
CLIP = MediaFacts("video", "video/mp4", 640, 480, duration_s=4.2, frames=105, fps=25.0)


class Clock:
    """A clock that moves a millisecond whenever it is read, so that nothing is simultaneous."""

    def __init__(self) -> None:
        self.now_s = START_S

    def __call__(self) -> float:
        self.now_s += 0.001
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


@dataclass
class Seen:
    """What operators see of queues and workers, as a test says."""

    load: Workload = field(default_factory=lambda: Workload(300.0, ()))
    crew: list[Executor] = field(default_factory=list[Executor])

    def queues(self) -> Workload:
        return self.load

    def workers(self) -> list[Executor]:
        return self.crew


@dataclass
class Service:
    """The parts of one service, and shortcuts for tests."""

    app: FastAPI
    client: Client
    database: SqlDatabase
    queued: RecordingQueue
    blobs: MemoryBlobs
    fetcher: FakeFetcher
    clock: Clock
    media: FakeMediaHost
    seen: Seen = field(default_factory=Seen)
    canceled: list[str] = field(default_factory=list[str])
    queue_is_down: bool = False
    keys: dict[str, str] = field(default_factory=dict[str, str])

    def break_database(self, other: Any) -> None:
        """Let the application work on another database from now on, for tests of its failures."""
        gate = self.app.state.gate
        gate.services = replace(gate.services, database=other)

    def flush(self) -> None:
        """Do what the application does every few seconds: write down which keys were used."""
        gate = self.app.state.gate
        self.client.await_(gate.uses.flush, gate.services.database)

    def tenant(self, name: str = "ours", credits: int = 100) -> str:
        """The id of a tenant, made with credits when it is first named."""
        now = self.clock()

        def work(tx: Any) -> str:
            known = tx.tenants.by_name(name)
            if known is not None:
                return known.id
            made = accounts.create_tenant(tx, name, now)
            if credits:
                accounts.grant(tx, made.id, credits, key=f"first:{made.id}", note=None, now=now)
            return made.id

        return self.database.write(work)

    def key(self, name: str = "ours", scopes: tuple[str, ...] = SCOPES) -> str:
        """A key of a tenant's; the same one for the same scopes."""
        label = f"{name} {' '.join(scopes)}"
        if label not in self.keys:
            tenant_id, now = self.tenant(name), self.clock()
            made = self.database.write(
                lambda tx: accounts.issue_key(tx, tenant_id, name="test", scopes=scopes, now=now)
            )
            self.keys[label] = made.key
        return self.keys[label]

    def operator_key(self) -> str:
        """A key for the calls of operators; always the same one."""
        if "operator" not in self.keys:
            made = self.database.write(
                lambda tx: accounts.issue_operator_key(tx, name="test", now=self.clock())
            )
            self.keys["operator"] = made.key
        return self.keys["operator"]

    def operate(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """A request of an operator's to the native API."""
        headers = {"Authorization": f"Bearer {self.operator_key()}", **more.pop("headers", {})}
        return self.client.request(method, f"/native/v1{path}", json=body, headers=headers, **more)

    def headers(self, name: str = "ours", **more: str) -> dict[str, str]:
        """What makes a request that tenant's."""
        return {"Authorization": f"Bearer {self.key(name)}", **more}

    def call(
        self, method: str, path: str, body: Any = None, *, as_: str = "ours", **more: Any
    ) -> Any:
        """A request of a tenant's to the native API."""
        headers: Mapping[str, str] = more.pop("headers", {})
        return self.client.request(
            method,
            path if path.startswith("/blobs") else f"/native/v1{path}",
            json=body,
            headers={**self.headers(as_), **headers},
            **more,
        )

    def asset(
        self,
        facts: MediaFacts = PICTURE,
        data: bytes = b"bytes of a picture",
        name: str = "ours",
        **changes: Any,
    ) -> Asset:
        """A stored file of a tenant's."""
        now, tenant_id = self.clock(), self.tenant(name)
        asset_id = new_id("asset", now)
        key = f"uploads/{tenant_id}/{asset_id}"
        stored = self.blobs.put_bytes(key, data, facts.content_type)
        made = Asset(
            id=asset_id,
            tenant_id=tenant_id,
            role="upload",
            state="ready",
            blob_key=key,
            content_type=facts.content_type,
            filename="photo.png",
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            facts=facts,
            refusal=None,
            task_id=None,
            created_at=now,
            expires_at=now + 3600,
        )
        made = replace(made, **changes)
        self.database.write(lambda tx: tx.assets.insert(made))
        return made

    def task(self, task_id: str) -> Task:
        """A task's row."""
        found = self.database.read(lambda tx: tx.tasks.get(None, task_id))
        assert found is not None
        return found

    def succeed(self, task_id: str, result: dict[str, Any] | None = None) -> Asset:
        """Do what a worker does at the end of a swap; the output."""
        task = self.task(task_id)
        asset = self.asset(data=b"bytes of an output", role="output", task_id=task_id)
        told = {"assets": [asset.id], "faces_swapped": 1, "frames": 1, "frames_lost": 0}
        told = {**told, "warnings": [], "duration_s": None, **(result or {})}
        now = self.clock()

        def work(tx: Any) -> None:
            tx.tasks.start(task_id, now)
            tx.tasks.finish(
                task_id, "succeeded", result=told, credits_charged=task.credits_held, at=now
            )
            if task.credits_held:
                tx.credits.transfer(
                    task.tenant_id,
                    "settle",
                    task.credits_held,
                    f"close:{task_id}",
                    task_id=task_id,
                    at=now,
                )

        self.database.write(work)
        return asset

    def found(self, task_id: str, second: Asset | None = None) -> Asset:
        """Do what a worker does at the end of a detection of two people; the crop of both.

        With `second` that is the other person's crop.
        """
        task = self.task(task_id)
        crop = self.asset(data=b"bytes of a crop", role="crop", task_id=task_id)
        face = {
            "box_xyxy": [10.0, 20.0, 110.0, 140.0],
            "score": 0.99,
            "points": [[30.0, 50.0], [80.0, 50.0], [55.0, 80.0], [35.0, 110.0], [75.0, 110.0]],
            "landmarks": [[0.5, 0.25, -0.125]] * 478,
            "pose": {"yaw": 1.0, "pitch": 2.0, "roll": 3.0},
            "first_s": None,
            "last_s": None,
            "crop_asset_id": crop.id,
            "crop_box_xyxy": [0, 8, 120, 152],
            "crop_width": 120,
            "crop_height": 144,
            "crop_points": [[30.0, 42.0], [80.0, 42.0], [55.0, 72.0], [35.0, 102.0], [75.0, 102.0]],
            "embedding": [0.0] * 128,
        }
        other = {**face, "crop_asset_id": (second or crop).id}
        told = {"faces": [{"face_id": 0, **face}, {"face_id": 1, **other}]}
        now = self.clock()

        def work(tx: Any) -> None:
            tx.tasks.start(task.id, now)
            tx.tasks.finish(task.id, "succeeded", result=told, at=now)

        self.database.write(work)
        return crop

    def end(self, task_id: str, how: str) -> None:
        """End a swap as a worker does, events included; ``succeeded`` or ``failed``."""
        task, now = self.task(task_id), self.clock()
        if how == "failed":
            why = TaskError("face_not_found", "No face was found in the donor.", False, "caller")
            self.database.write(lambda tx: closing.fail(tx, task_id, why, now))
            return
        output = self.asset(data=b"bytes of an output", role="output", task_id=task_id)
        result = {"assets": [output.id], "faces_swapped": 1, "warnings": []}
        self.database.write(
            lambda tx: closing.succeed(
                tx,
                task_id,
                result=result,
                assets=[],
                charge=task.credits_held,
                expires_at=None,
                now=now,
            )
        )

    def fail(self, task_id: str, error: TaskError) -> None:
        """Do what a worker does when a task cannot be done."""
        now = self.clock()
        self.database.write(lambda tx: tx.tasks.finish(task_id, "failed", error=error, at=now))


def open_service(
    folder: Path,
    settings: WireSettings = QUICK,
    dialects: Sequence[Dialect] = (),
    *,
    serve_files: bool = True,
) -> Service:
    """A service in a folder; close its client and its database."""
    clock, queued = Clock(), RecordingQueue()
    url = f"sqlite:///{folder / 'personae.db'}"
    database = database_from_url(url, queue_factory=queued.factory)
    database.migrate()
    blobs, fetcher = MemoryBlobs(BASE, SECRET, clock), FakeFetcher()
    media, limits = FakeMediaHost(), AssetLimits(upload_bytes=100_000)
    assets = AssetService(database, blobs, fetcher, media, clock, limits, folder / "work")
    register = RegisterService(
        *(database, media, clock, assets.snapshots),
        *(folder / "register", assets.materialise),
    )

    async def cancel_workflow(task_id: str) -> None:
        if made.queue_is_down:
            raise ConnectionError("the queue is down")
        made.canceled.append(task_id)

    seen = Seen()
    services = Services(
        workload=seen,
        database=database,
        blobs=blobs,
        assets=assets,
        fetcher=fetcher,
        clock=clock,
        settings=replace(settings, base_url=BASE),
        links=Links(BASE, SECRET, clock),
        tokens=Tokens(SECRET),
        cancel_workflow=cancel_workflow,
        check_url=partial(verify, SECRET) if serve_files else None,
        register=register,
        enroll=register.enroll,
        inspector=Inspector(database, media, folder / "work", limit_bytes=50_000),
    )
    app = create_app(services, dialects)
    made = Service(app, Client(app, BASE), database, queued, blobs, fetcher, clock, media, seen)
    return made
