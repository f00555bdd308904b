"""What all kinds of work in a worker share: scratch space, media jobs, prices, the ending."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personae.app import closing, outputs, policy, retention
from personae.app.copies import Copies
from personae.app.inputs import Inputs, Sources
from personae.app.ports import Blobs, Clock, Database, MediaHost
from personae.app.pricing import price_table, quote
from personae.app.register_snapshots import RegisterSnapshots
from personae.app.watching import Watch
from personae.domain.engines import EngineChoice
from personae.domain.gate import GatePolicy
from personae.domain.labels import TenantLabels
from personae.domain.media import Asset, AssetRole, MediaFacts
from personae.domain.register import DISTANCE
from personae.domain.retention import USUAL, Retention
from personae.domain.swap import SwapRequest
from personae.domain.tasks import Task
from personae.errors import Canceled

_GIB = 1 << 30
MODELS_PATIENCE = 10.0
"""How many times longer a job may say nothing that runs models: they are loaded, accelerators
prepare them for minutes, and a processor takes a minute for one large face."""


@dataclass(frozen=True, slots=True)
class ExecuteOptions:
    """How work is done.

    Attributes
    ----------
    work_dir : folder
        Scratch space, this process's own; it is made and may be removed afterwards.
    chunk_s : float, seconds
        Length that pieces of videos are aimed at; the output's bytes depend on it.
    threads : int
        Threads of one media job; 0 leaves it to the job.
    timeout_s, stall_s : float, seconds
        How long one media job may take, and may say nothing; see `MODELS_PATIENCE`.
    retention : Retention
        How long things are kept, of tenants for whom nothing else was said.
    disabled : frozenset of str
        Features that are switched off: asked again for scenes that nobody had looked at.
    copies_bytes : int
        Scenes kept on the disk for the next piece.
    refused_files : frozenset of str
        SHA-256 hashes of inputs that nobody may use.
    label_font : file, optional
        What labels are drawn with; the same on every worker.
    manifests : bool
        Whether outputs say, signed, where they come from.
    marks : bool
        Whether new faces carry the number of their task invisibly.
    register_distance : float, range [0, 2]
        How near a face has to be to a protected person's, as 1 - cosine.
    gate : GatePolicy
        For tenants whose settings say nothing else.
    """

    work_dir: Path
    chunk_s: float = 10.0
    threads: int = 0
    timeout_s: float = 6 * 3600.0
    stall_s: float = 60.0
    retention: Retention = USUAL
    copies_bytes: int = 8 * _GIB
    disabled: frozenset[str] = frozenset()
    refused_files: frozenset[str] = frozenset()
    label_font: Path | None = None
    manifests: bool = True
    marks: bool = True
    register_distance: float = DISTANCE
    gate: GatePolicy = field(default_factory=GatePolicy)


@dataclass(frozen=True, slots=True)
class TaskGate:
    """The content gate for one task.

    Attributes
    ----------
    options : dict
        Of its media jobs.
    off : "asked", "policy" or None
        By whose wish nothing is looked at.
    """

    options: dict[str, float | None]
    off: str | None = None

    def noted(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """A media job's answer that says what the gate saw, or why it saw nothing."""
        seen = answer.get("gate")
        return {**answer, "gate": seen if self.off is None else {"off": self.off}}


class Workshop:
    """The worker's tools, one set for all its threads.

    ``stopping``: set when this worker has to go; jobs then end within a second.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        sources: Sources,
        media: MediaHost,
        clock: Clock,
        options: ExecuteOptions,
        stopping: threading.Event,
    ) -> None:
        self.database = database
        self.blobs = blobs
        self.inputs = Inputs(database, sources, options.refused_files)
        self.clock = clock
        self.options = options
        self.stopping = stopping
        self.copies = Copies(blobs, options.work_dir / "copies", options.copies_bytes)
        self._media = media
        self.register = RegisterSnapshots(
            database, clock, options.work_dir / "register", options.register_distance
        )

    @contextlib.contextmanager
    def folder(self) -> Generator[Path]:
        """An empty folder, removed with all that is in it."""
        self.options.work_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix="job-", dir=self.options.work_dir, ignore_cleanup_errors=True
        ) as folder:
            yield Path(folder)

    def watch(
        self,
        task_id: str,
        phase: str,
        share: float,
        *,
        frames_total: int | None = None,
        counts_frames: bool = True,
    ) -> Watch:
        """An eye on the task for one job; see `Watch`."""
        return Watch(
            self.database,
            self.clock,
            self.stopping,
            task_id,
            phase=phase,
            share=share,
            frames_total=frames_total,
            counts_frames=counts_frames,
        )

    def run(
        self, job: Mapping[str, Any], watch: Watch, *, swaps_for: str | None = None
    ) -> dict[str, Any]:
        """One media job, as `ports.MediaHost.run`.

        `swaps_for`: the tenant for whom the job swaps people; those who are protected now are not.
        """
        options: Mapping[str, Any] = job.get("options") or {}
        patience = MODELS_PATIENCE if EngineChoice.of_job(options).needs_models else 1.0
        lent = contextlib.nullcontext() if swaps_for is None else self.register.lent(swaps_for)
        with lent as register:
            return self._media.run(
                job if register is None else {**job, "register": register},
                timeout_s=self.options.timeout_s,
                stall_s=self.options.stall_s * patience,
                should_stop=watch.should_stop,
                progress=watch.progress,
            )

    def probe(self, path: Path, watch: Watch) -> MediaFacts:
        """What a file really is."""
        return MediaFacts(**self.run({"op": "probe", "path": str(path)}, watch))

    def job_options(self, task: Task, request: SwapRequest) -> dict[str, Any]:
        """A media job's ``options``; those that the client left open are left out.

        The mark is always among them: without it the job would mark as if no service had made it.
        """
        out = request.output
        options = {
            "strength": request.strength,
            "max_long_px": out.max_long_px,
            "max_short_px": out.max_short_px,
            "start_s": request.start_s,
            "end_s": request.end_s,
            "codec": out.codec,
            "crf": out.crf,
            "preset": out.preset,
            "quality": out.quality,
            "threads": self.options.threads or None,
        }
        given = {name: value for name, value in options.items() if value is not None}
        given |= request.choice.job_options(request.restore)
        return given | {"mark": task.mark if self.options.marks else None}

    def label_options(self, task: Task, request: SwapRequest, facts: MediaFacts) -> dict[str, Any]:
        """Those of a media job's ``options`` that say what is written over the output."""
        tenant = self.database.read(lambda tx: tx.tenants.get(task.tenant_id))
        own = TenantLabels.of({} if tenant is None else tenant.settings)
        label = own.choose(request.output.label, moving=facts.kind != "picture")
        if label is None:
            return {}
        font = self.options.label_font
        told = {"label": label.text, "label_place": label.place, "label_size": label.size}
        return told if font is None else {**told, "label_font": str(font)}

    def preview_options(self, task: Task, request: SwapRequest) -> dict[str, Any]:
        """The ``options`` of a preview: those that one picture can show."""
        engine = request.choice.job_options(request.restore)
        kept = ("strength", "mark", "max_long_px", "max_short_px", *engine)
        return {k: v for k, v in self.job_options(task, request).items() if k in kept}

    def gate(self, tenant_id: str, *, asked_off: bool = False) -> TaskGate:
        """The content gate for a task of a tenant.

        `asked_off`: its client would rather do without, which is heard if the operator lets them.
        """
        general = self.options.gate
        wanted = self.database.read(lambda tx: policy.gate_of(tx, tenant_id, general))
        options = wanted.options(asked_off=asked_off)
        if wanted.applies(asked_off=asked_off):
            return TaskGate(options)
        return TaskGate(options, "asked" if wanted.on else "policy")

    def charge(self, task: Task, request: SwapRequest, facts: MediaFacts) -> int:
        """The price by what was measured, held in full from now on.

        Raises
        ------
        InsufficientCredits, Canceled
        """
        credits = quote(request, facts, price_table(task.dialect)).credits
        if credits > task.credits_held:
            now = self.clock()
            self.database.write(lambda tx: closing.enlarge_hold(tx, task.id, credits, now))
        return credits

    def store(
        self,
        task: Task,
        path: Path,
        facts: MediaFacts,
        *,
        role: AssetRole = "output",
    ) -> Asset:
        """Store a finished file; its row comes with the task's end."""
        now, times = self.clock(), self.retention(task)
        return outputs.store_output(
            self.blobs,
            task,
            path,
            facts,
            role=role,
            now=now,
            expires_at=now + times.of_role(role, preview=task.kind == "preview"),
        )

    def retention(self, task: Task) -> Retention:
        """How long the things of a task's tenant are kept."""
        return self.database.read(
            lambda tx: retention.kept(tx, task.tenant_id, self.options.retention)
        )

    def finish(
        self,
        task: Task,
        result: dict[str, Any],
        assets: Sequence[Asset],
        *,
        charge: int,
        expires_at: float | None,
    ) -> None:
        """End a task with success.

        Raises
        ------
        Canceled
            If it is final already; the outputs are gone then.
        """
        now = self.clock()
        # If this raises, nobody knows whether it was committed: the sweep decides, by the rows.
        won = self.database.write(
            lambda tx: closing.succeed(
                tx,
                task.id,
                result=result,
                assets=assets,
                charge=charge,
                expires_at=expires_at,
                now=now,
            )
        )
        if not won:
            outputs.discard(self.blobs, list(assets))
            raise Canceled
