"""A worker: takes tasks from the queues and does them, until it is told to stop.

It is told its parts: `personae.hosting` chooses them by the settings, tests and benchmarks take
others.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from personae.adapters.durable.runtime import DurableOptions, Runtime
from personae.app.deliver import CallbackBody, Deliverer, Signer
from personae.app.execute import ExecuteOptions, Executor
from personae.app.inputs import Sources
from personae.app.ports import Blobs, Clock, Database, Fetcher, MediaHost
from personae.app.reconcile import RETENTION_S, Reconciler
from personae.app.removing import Remover


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What a worker is made of; the caller closes database and media host afterwards.

    Attributes
    ----------
    database_url : str
        Of the same database; DBOS has connections of its own.
    signers : mapping
        How webhooks are signed, by scheme.
    bodies : mapping
        How dialects tell of tasks, by scheme.
    """

    database_url: str
    database: Database
    blobs: Blobs
    sources: Sources
    media: MediaHost
    fetcher: Fetcher
    signers: Mapping[str, Signer]
    clock: Clock
    bodies: Mapping[str, CallbackBody] = field(default_factory=dict[str, CallbackBody])


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How it works.

    Attributes
    ----------
    grace_s : float, seconds
        How long work in hand may take to finish when the worker is told to stop.
    sweep_s : float, seconds
        Between two rounds of putting things right.
    retention_s : float, seconds
        How long the rows of finished tasks are kept.
    facts : mapping
        What it says of itself to those who look after the service; plain values.
    """

    execute: ExecuteOptions
    durable: DurableOptions = field(default_factory=DurableOptions)
    grace_s: float = 20.0
    sweep_s: float = 30.0
    retention_s: float = RETENTION_S
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


def run_worker(parts: WorkerParts, options: WorkerOptions, stop: threading.Event) -> bool:
    """Work until `stop` is set; whether everything in hand was finished then.

    What is not finished within the grace period goes back to the queue. The schema must be there:
    migrate first, the service's tables and DBOS' (`adapters.durable.engines.migrate`).

    Raises
    ------
    Unavailable
        If the database cannot be reached at the start.
    """
    handed_back = threading.Event()
    deliverer = Deliverer(
        parts.database, parts.fetcher, parts.signers, parts.clock, bodies=parts.bodies
    )
    executor = Executor(
        parts.database,
        parts.blobs,
        parts.sources,
        parts.media,
        deliverer,
        parts.clock,
        options.execute,
        handed_back,
    )
    runtime = Runtime(
        *(parts.database_url, executor, options.durable, handed_back),
        sweep_s=options.sweep_s,
        facts=options.facts,
    )
    remover = Remover(parts.database, parts.blobs, parts.clock, runtime.work.cancel)
    runtime.tidy_with(executor.tidy)
    runtime.tidy_with(remover.remove_all)
    reconciler = Reconciler(
        *(parts.database, parts.blobs, runtime.work, parts.clock, options.retention_s),
        retention=options.execute.retention,
    )
    runtime.sweep_with(reconciler.sweep)
    runtime.start()
    try:
        stop.wait()
    finally:
        finished = runtime.stop(options.grace_s)
        shutil.rmtree(options.execute.work_dir, ignore_errors=True)
    return finished
