"""A worker as `personae worker` is, but with a fake media host and little patience.

Its settings come from the environment; ``python worker.py`` runs until SIGTERM.
"""

from __future__ import annotations

import signal
import threading
import time

from personae.adapters.durable.runtime import DurableOptions
from personae.adapters.fetch.guarded import GuardedFetcher
from personae.adapters.media_host.fake import FakeMediaHost
from personae.app.assets import AssetLimits, AssetService
from personae.app.workshop import ExecuteOptions
from personae.hosting import wiring, working
from personae.hosting.logs import configure_logs
from personae.hosting.scratch import ScratchFolder
from personae.hosting.settings import load_settings
from personae.worker import WorkerOptions, WorkerParts, run_worker

DURABLE = DurableOptions(image_slots=2, chunk_slots=2, poll_s=0.02, beat_s=0.2, dead_after_s=1.5)
SWEEP_S = 1.0


def main() -> None:
    """Work until told to stop."""
    settings = load_settings()
    configure_logs(settings, role="worker")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    opened = wiring.open_service(settings)
    scratch = ScratchFolder(settings.work_dir, "worker")
    media, blobs = FakeMediaHost(size=8), wiring.storage(settings)
    fetcher = GuardedFetcher(allow=settings.fetch_allow)
    sources = AssetService(
        opened.database, blobs, fetcher, media, time.time, AssetLimits(), scratch.path / "assets"
    )
    parts = WorkerParts(
        database_url=settings.database,
        database=opened.database,
        blobs=blobs,
        sources=sources,
        media=media,
        fetcher=fetcher,
        signers=working.SIGNERS,
        clock=time.time,
    )
    execute = ExecuteOptions(scratch.path / "work", chunk_s=settings.chunk_s, stall_s=1.0)
    run_worker(parts, WorkerOptions(execute, DURABLE, settings.grace_s, SWEEP_S), stop)
    media.close()
    opened.close()
    scratch.remove()


if __name__ == "__main__":
    main()
