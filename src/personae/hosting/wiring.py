"""Where the service's parts are chosen and joined; nowhere else are concretes named."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import structlog

from personae.adapters.blobs.opening import blobs_from_url
from personae.adapters.blobs.signing import Permit, verify
from personae.adapters.database.database import SqlDatabase, database_from_url
from personae.adapters.durable.engines import durable_engine
from personae.adapters.durable.engines import migrate as migrate_durable
from personae.adapters.durable.runtime import DurableOptions
from personae.adapters.durable.work import DurableWork
from personae.adapters.fetch.guarded import GuardedFetcher
from personae.adapters.media_host.host import ChildMediaHost
from personae.adapters.provenance.keeper import Keeper, Onlooker
from personae.adapters.webhooks import sign_standard
from personae.app.assets import AssetLimits, AssetService
from personae.app.execute import ExecuteOptions
from personae.app.inspecting import Inspector
from personae.app.links import Links
from personae.app.ports import Blobs
from personae.app.reconcile import Reconciler
from personae.app.register import RegisterService
from personae.app.removing import Remover
from personae.app.takedown_service import TakedownService
from personae.app.tokens import Tokens
from personae.domain.consent import Rules
from personae.domain.engine_menu import EngineMenu
from personae.errors import PersonaeError
from personae.hosting.dialects import callback_bodies, dialects_of
from personae.hosting.engines import engine_menu
from personae.hosting.first_key import FirstKey
from personae.hosting.folders import make_usable
from personae.hosting.refused import refused_files
from personae.hosting.scratch import ScratchFolder
from personae.hosting.settings import Settings
from personae.worker import WorkerOptions, WorkerParts
from personae.worker import run_worker as work

if TYPE_CHECKING:
    from fastapi import FastAPI

_log = structlog.get_logger("personae.hosting")
SIGNERS = {"standard": sign_standard}


class Opened:
    """The database and the door to the queues of one process.

    Attributes
    ----------
    database : SqlDatabase
    work : DurableWork
    """

    def __init__(self, settings: Settings) -> None:
        self._engine = durable_engine(settings.database, pool_size=4)
        self.work = DurableWork(self._engine)
        self.database = database_from_url(settings.database, queue_factory=self.work.queue_on)

    def migrate(self, settings: Settings) -> None:
        """Bring both schemas up to date."""
        self.database.migrate()
        migrate_durable(settings.database)

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


def build_api(
    settings: Settings, engines: EngineMenu, first_key: FirstKey | None = None
) -> tuple[FastAPI, Callable[[], None]]:
    """The HTTP application, and what closes everything that it uses.

    `engines`: what tasks may use. `first_key`: what the studio may offer.
    """
    from personae.wire.factory import create_app
    from personae.wire.services import Services, WireSettings

    signs = notary(settings)
    opened = open_service(settings)
    scratch = ScratchFolder(settings.work_dir, "api")
    only = settings.permissive_only
    media = ChildMediaHost(
        settings.probe_slots, "probe", prewarm=True, notary=signs, permissive_only=only
    )
    fetcher = GuardedFetcher(allow=settings.fetch_allow)
    blobs = storage(settings)
    assets = _assets(settings, opened.database, blobs, fetcher, media, scratch.path)
    register = RegisterService(
        *(opened.database, media, time.time, assets.snapshots),
        *(scratch.path / "register", assets.materialise),
    )
    secret = settings.signing_secret()
    onlookers = ChildMediaHost(1, "full", notary=Onlooker(settings.signing), permissive_only=only)
    inspector = None
    if settings.inspect:
        inspector = Inspector(
            *(opened.database, onlookers, scratch.path / "inspect"),
            limit_bytes=settings.inspect_limit_bytes,
        )

    def check_url(
        key: str, query: Mapping[str, str], *, op: Literal["get", "put"], now: float
    ) -> Permit:
        return verify(secret, key, query, op=op, now=now)

    async def cancel(task_id: str) -> None:
        await asyncio.to_thread(opened.work.cancel, [task_id])

    app = create_app(
        Services(
            database=opened.database,
            blobs=blobs,
            assets=assets,
            fetcher=fetcher,
            clock=time.time,
            settings=WireSettings(
                base_url=settings.public_url,
                json_limit_bytes=settings.json_limit_bytes,
                upload_limit_bytes=settings.upload_limit_bytes,
                inline_limit_bytes=settings.inline_limit_bytes,
                rate_per_s=settings.rate_per_s,
                wrong_keys_per_s=settings.wrong_keys_per_s,
                wrong_keys_burst=settings.wrong_keys_burst,
                rate_burst=settings.rate_burst,
                url_ttl_s=settings.url_ttl_s,
                cors_origins=tuple(settings.cors_origins),
                metrics_token=settings.metrics_token,
                hosts={host: name for name, host in settings.hosts.items()},
                maintenance=settings.maintenance,
                disabled=frozenset(settings.disabled_features),
                refused_files=refused_files(settings.refused_files),
                consent=Rules(settings.consent, settings.terms_version),
                any_letters=settings.label_font is not None,
                inspect_per_minute=settings.inspect_per_minute,
                retention=settings.kept,
                engines=engines,
                studio=settings.studio,
                version=metadata.version("personae"),
            ),
            links=Links(settings.public_url, secret, time.time),
            tokens=Tokens(secret),
            cancel_workflow=cancel,
            check_url=check_url if settings.storage.startswith("file:") else None,
            inspector=inspector,
            register=register,
            enroll=register.enroll,
            first_key=first_key,
        ),
        dialects_of(settings),
    )

    def close() -> None:
        media.close()
        onlookers.close()
        opened.close()
        scratch.remove()

    return app, close


def run_worker(settings: Settings, stop: threading.Event) -> bool:
    """Work until `stop` is set; whether everything in hand was finished."""
    signs = notary(settings)
    _tell_of(signs)
    opened = open_service(settings)
    scratch = ScratchFolder(settings.work_dir, "worker")
    slots = settings.worker_slots
    media = ChildMediaHost(
        2 * slots + 1,  # One more, so that what is urgent never waits for a place.
        "full",
        memory_limit_bytes=settings.media_memory_bytes,
        prewarm=True,
        notary=signs,
        permissive_only=settings.permissive_only,
    )
    fetcher = GuardedFetcher(allow=settings.fetch_allow)
    blobs = storage(settings)
    try:
        return work(
            WorkerParts(
                database_url=settings.database,
                database=opened.database,
                blobs=blobs,
                sources=_assets(settings, opened.database, blobs, fetcher, media, scratch.path),
                media=media,
                fetcher=fetcher,
                signers=SIGNERS,
                clock=time.time,
                bodies=callback_bodies(
                    settings, Links(settings.public_url, settings.signing_secret(), time.time)
                ),
            ),
            WorkerOptions(
                execute=_execution(settings, scratch.path),
                durable=DurableOptions(image_slots=slots, chunk_slots=slots),
                grace_s=settings.grace_s,
                retention_s=settings.task_retention_s,
            ),
            stop,
        )
    finally:
        media.close()
        opened.close()
        scratch.remove()


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


def _tell_of(signs: Keeper | Onlooker) -> None:
    """Say in the log who signs, because a local signer is worth little to anybody else."""
    if isinstance(signs, Onlooker):
        _log.warning("Outputs do not say where they come from.", action="signing")
        return
    credential = signs.signer.credential
    _log.info(
        "Outputs are signed with a local certificate, which other programs show as untrusted."
        if credential.origin == "local"
        else "Outputs are signed with the configured certificate.",
        action="signing",
        signer=credential.subject,
        expires_at=int(credential.expires_at),
    )


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
            assets = _assets(settings, opened.database, blobs, fetcher, media, scratch.path)
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


def _assets(
    settings: Settings,
    database: SqlDatabase,
    blobs: Blobs,
    fetcher: GuardedFetcher,
    media: ChildMediaHost,
    folder: Path,
) -> AssetService:
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


def _execution(settings: Settings, folder: Path) -> ExecuteOptions:
    return ExecuteOptions(
        work_dir=folder / "work",
        chunk_s=settings.chunk_s,
        threads=settings.media_threads,
        timeout_s=settings.task_timeout_s,
        stall_s=settings.stall_s,
        retention=settings.kept,
        refused_files=refused_files(settings.refused_files),
        disabled=frozenset(settings.disabled_features),
        manifests=settings.manifests,
        marks=settings.marks,
        register_distance=settings.register_distance,
        label_font=settings.label_font,
        gate=settings.gate,
    )
