"""Where the service's parts are chosen and joined; nowhere else are concretes named.

What operators' commands need is here; `personae.hosting.api` and `personae.hosting.working` join
the two processes, so that a command need not load all that they are made of.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from personae.adapters.blobs.opening import blobs_from_url
from personae.adapters.database.database import SqlDatabase, database_from_url
from personae.adapters.durable.backlog import Backlog
from personae.adapters.durable.engines import durable_engine
from personae.adapters.durable.engines import migrate as migrate_durable
from personae.adapters.durable.names import DEAD_AFTER_S
from personae.adapters.durable.work import DurableWork
from personae.adapters.durable.workload import WorkloadReader
from personae.adapters.fetch.guarded import GuardedFetcher
from personae.adapters.media_host.host import ChildMediaHost
from personae.adapters.provenance.keeper import Keeper, Onlooker
from personae.app.assets import AssetLimits, AssetService
from personae.app.ports import Blobs
from personae.app.reconcile import Reconciler
from personae.app.register import RegisterService
from personae.app.removing import Remover
from personae.app.takedown_service import TakedownService
from personae.errors import PersonaeError
from personae.hosting.engines import engine_menu
from personae.hosting.folders import make_usable
from personae.hosting.scratch import ScratchFolder
from personae.hosting.settings import Settings


class Opened:
    """The database and the door to the queues of one process.

    Attributes
    ----------
    database : SqlDatabase
    work : DurableWork
    backlog : Backlog
    """

    def __init__(self, settings: Settings) -> None:
        self._engine = durable_engine(settings.database, pool_size=4)
        self.work = DurableWork(self._engine)
        self.backlog = Backlog(self._engine)
        self.database = database_from_url(settings.database, queue_factory=self.work.queue_on)

    def migrate(self, settings: Settings) -> None:
        """Bring both schemas up to date."""
        self.database.migrate()
        migrate_durable(settings.database)

    def workload(self) -> WorkloadReader:
        """What looks at queues and workers."""
        return WorkloadReader(self._engine, DEAD_AFTER_S)

    def __enter__(self) -> Opened:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of every connection."""
        self.database.close()
        self.work.close()
        self._engine.dispose()


def open_service(settings: Settings) -> Opened:
    """The database, its schema brought up to date, and the queues.

    Raises
    ------
    InvalidRequest
        If the folders of the settings cannot be used.
    Unavailable
        If the database cannot be reached.
    """
    make_usable(settings.data_dir)
    make_usable(settings.work_dir)
    opened = Opened(settings)
    try:
        opened.migrate(settings)
    except BaseException:
        opened.close()
        raise
    return opened


def storage(settings: Settings) -> Blobs:
    """The files' store.

    Raises
    ------
    InvalidRequest, Unavailable
    """
    return blobs_from_url(
        settings.storage,
        base_url=settings.public_url,
        secret=settings.signing_secret(),
        spool_folder=settings.work_dir,
    )


def notary(settings: Settings) -> Keeper | Onlooker:
    """Who signs outputs; a local certificate is made at the first start, if none is configured.

    Raises
    ------
    InvalidRequest
        If what is configured cannot be used.
    """
    make_usable(settings.data_dir)
    if not settings.manifests:
        return Onlooker(settings.signing)
    return Keeper(settings.signing, time.time)


def takedown_service(
    settings: Settings, opened: Opened, register: RegisterService | None = None
) -> TakedownService:
    """What takes things down, outside the API; without a register nobody is put into it."""
    remover = Remover(opened.database, storage(settings), time.time, opened.work.cancel)
    enroll = None if register is None else register.enroll
    return TakedownService(opened.database, remover, time.time, enroll)


@contextmanager
def open_register(settings: Settings, opened: Opened) -> Generator[RegisterService]:
    """The do-not-swap register outside the API, with a media child of its own."""
    scratch = ScratchFolder(settings.work_dir, "register")
    try:
        with ChildMediaHost(1, "probe") as media:
            fetcher = GuardedFetcher(allow=settings.fetch_allow)
            blobs = storage(settings)
            assets = assets_of(settings, opened.database, blobs, fetcher, media, scratch.path)
            yield RegisterService(
                *(opened.database, media, time.time, assets.snapshots),
                *(scratch.path / "photos", assets.materialise),
            )
    finally:
        scratch.remove()


def sweep(settings: Settings) -> dict[str, int]:
    """One round of putting things right, outside a worker."""
    with open_service(settings) as opened:
        blobs = storage(settings)
        reconciler = Reconciler(
            *(opened.database, blobs, opened.work, time.time),
            settings.task_retention_s,
            retention=settings.kept,
        )
        done = reconciler.sweep()
        remover = Remover(opened.database, blobs, time.time, opened.work.cancel)
        return {**done, "finish_takedowns": remover.remove_all()}


def shown_settings(settings: Settings) -> dict[str, Any]:
    """Every setting as it came out, as JSON can hold it, without secrets or passwords."""
    from sqlalchemy import make_url

    shown = settings.model_dump(mode="json", exclude={"secret", "metrics_token", "signing_key"})
    shown["database_url"] = make_url(settings.database).render_as_string(hide_password=True)
    shown["retention"] = settings.kept.to_json()
    shown["storage_url"], shown["base_url"] = settings.storage, settings.public_url
    return shown


def try_out(settings: Settings) -> list[str]:
    """What is wrong with the places that the settings name; empty if nothing is."""
    problems: list[str] = []
    try:
        open_service(settings).close()
    except PersonaeError as error:
        problems.append(f"database: {error.message}")
    try:
        blobs = storage(settings)
        key = f"work/check-{os.getpid()}"
        blobs.put_bytes(key, b"ok", "text/plain")
        blobs.delete([key])
    except PersonaeError as error:
        problems.append(f"storage: {error.message}")
    try:
        notary(settings)
    except PersonaeError as error:
        problems.append(f"signing: {error.message}")
    try:
        engine_menu(settings, installed=False)
    except PersonaeError as error:
        problems.append(f"engines: {error.message}")
    return problems


def missing_models(settings: Settings) -> list[str]:
    """Why a worker would not start on this machine; an API alone needs no models of engines."""
    try:
        engine_menu(settings, installed=True)
    except PersonaeError as error:
        return [error.message]
    return []


def assets_of(
    settings: Settings,
    database: SqlDatabase,
    blobs: Blobs,
    fetcher: GuardedFetcher,
    media: ChildMediaHost,
    folder: Path,
) -> AssetService:
    """What stores files, and looks at what comes in."""
    limits = AssetLimits(
        upload_bytes=settings.upload_limit_bytes,
        fetch_timeout_s=settings.fetch_timeout_s,
        retention=settings.kept,
    )
    return AssetService(
        database,
        blobs,
        fetcher,
        media,
        time.time,
        limits,
        folder / "assets",
        settings.register_distance,
        settings.gate,
    )
