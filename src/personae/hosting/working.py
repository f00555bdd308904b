"""A worker's process: its parts, joined."""

from __future__ import annotations

import threading
import time
from importlib import metadata
from pathlib import Path

import structlog

from personae.adapters.durable.runtime import DurableOptions
from personae.adapters.fetch.guarded import GuardedFetcher
from personae.adapters.media_host.host import ChildMediaHost
from personae.adapters.provenance.keeper import Keeper, Onlooker
from personae.adapters.webhooks import sign_standard
from personae.app.execute import ExecuteOptions
from personae.app.links import Links
from personae.hosting.dialects import callback_bodies
from personae.hosting.refused import refused_files
from personae.hosting.scratch import ScratchFolder
from personae.hosting.settings import Settings
from personae.hosting.wiring import assets_of, notary, open_service, storage
from personae.worker import WorkerOptions, WorkerParts
from personae.worker import run_worker as work

_log = structlog.get_logger("personae.hosting")
SIGNERS = {"standard": sign_standard}


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
                sources=assets_of(settings, opened.database, blobs, fetcher, media, scratch.path),
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
                facts={
                    "version": metadata.version("personae"),
                    "slots": slots,
                    "engines": list(settings.engines),
                },
            ),
            stop,
        )
    finally:
        media.close()
        opened.close()
        scratch.remove()


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
