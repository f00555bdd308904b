"""Doing tasks, in a worker: every kind of work from its row to its end.

Whoever conducts the work (`personae.adapters.durable`) calls the methods of `Executor` as often as
it needs: after a crash, again from the start. They are safe to repeat: a task ends once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from personae.app import audit, closing, outputs, policy
from personae.app.deliver import Deliverer
from personae.app.finishing import finish_swap, put_seal, seal_result, swap_result
from personae.app.inputs import Sources, names_of
from personae.app.outcomes import check_output
from personae.app.ports import Blobs, Clock, Database, MediaHost, Transaction
from personae.app.register_entries import note_refusal
from personae.app.stopping import HandedBack
from personae.app.video_pieces import VideoPieces
from personae.app.workshop import ExecuteOptions, Workshop
from personae.domain.audit import WORKER
from personae.domain.media import Asset, MediaFacts
from personae.domain.swap import SwapRequest
from personae.domain.tasks import Task, TaskProgress
from personae.errors import Canceled, PersonaeError, PolicyRefused, TaskFailed, Unavailable

__all__ = ["ExecuteOptions", "Executor"]

_log = structlog.get_logger("personae.execute")

DONE, AGAIN, STOPPED = {"state": "done"}, {"state": "again"}, {"state": "stopped"}
_WORK_PERCENT = 95.0


class Executor:
    """What a worker does, on ports.

    Parameters
    ----------
    stopping : threading.Event
        Set when the worker has handed its work back: every method then raises `HandedBack` soon.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        sources: Sources,
        media: MediaHost,
        deliverer: Deliverer,
        clock: Clock,
        options: ExecuteOptions,
        stopping: threading.Event,
    ) -> None:
        self._shop = Workshop(database, blobs, sources, media, clock, options, stopping)
        self._pieces = VideoPieces(self._shop)
        self._deliverer = deliverer
        self._kinds: dict[str, Callable[[Task], None]] = {
            "swap_image": self._swap,
            "preview": self._preview,
            "detect_image": self._detect,
            "detect_video": self._detect,
        }

    @audit.acting(WORKER)
    def run_task(self, task_id: str, *, last: bool) -> dict[str, Any]:
        """Do a task that one worker does alone; ``state`` as the workflows want it.

        Parameters
        ----------
        last : bool
            Whether a failure of the platform ends the task; else the answer is ``again``.
        """

        def work() -> dict[str, Any]:
            task = self._begin(task_id)
            self._kinds[task.kind](task)
            return {}

        return self._guarded(task_id, "run", last, work)

    @audit.acting(WORKER)
    def run_piece(
        self, task_id: str, name: str, arguments: dict[str, Any], *, last: bool
    ) -> dict[str, Any]:
        """Do one piece of a video swap; its facts and ``state``."""

        def work() -> dict[str, Any]:
            task = self._begin(task_id) if name == "plan" else self._read(task_id)
            return self._pieces.run(task, name, arguments)

        return self._guarded(task_id, name, last, work)

    @audit.acting(WORKER)
    def abandon(self, task_id: str) -> None:
        """Fail a task whose pieces ended without an answer; its credits go back."""
        self._fail(task_id, TaskFailed())

    def clean(self, task_id: str) -> None:
        """Delete what only the task under way needed; what cannot be reached is swept later."""
        try:
            self._pieces.clean(task_id)
        except PersonaeError:
            _log.warning("working files stay", action="task.clean", task_id=task_id, exc_info=True)

    def tidy(self) -> int:
        """Drop this machine's copies of what tasks that are over used; of how many tasks.

        The worker that conducted a task drops its own at once, the others learn of it here: also
        when a client deletes the task, or it is taken down.
        """
        shop = self._shop
        idle = shop.copies.idle()
        if not idle:
            return 0

        def over(tx: Transaction) -> list[str]:
            rows = {one: tx.tasks.get(None, one) for one in idle}
            return [one for one, task in rows.items() if task is None or task.final]

        return sum(shop.copies.drop_idle(one) for one in shop.database.read(over))

    @audit.acting(WORKER)
    def deliver(self, delivery_id: str) -> None:
        """Make one attempt of a webhook's delivery."""
        self._deliverer.deliver_once(delivery_id)

    def _guarded(
        self, task_id: str, step: str, last: bool, work: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """Do a piece of work and turn whatever goes wrong into an answer."""
        log = _log.bind(task_id=task_id, step=step)
        try:
            return {**work(), **DONE}
        except Exception as error:
            if self._shop.stopping.is_set():
                raise HandedBack from None
            if isinstance(error, Canceled):
                log.info("task no longer wanted", action="task.stop")
                return STOPPED
            if isinstance(error, PersonaeError):
                log.info("task failed", action="task.fail", code=error.code, why=error.message)
                told = error
            else:
                log.exception("task broke", action="task.fail", code=TaskFailed.code)
                told = TaskFailed()
        if told.fault == "platform" and told.retryable and not last:
            return {**AGAIN, "outage": isinstance(told, Unavailable)}
        try:
            self._fail(task_id, told)
        except Unavailable:
            if last:
                raise  # The sweep will end the task.
            return {**AGAIN, "outage": True}
        return STOPPED

    def _fail(self, task_id: str, error: PersonaeError) -> None:
        now, told = self._shop.clock(), closing.task_error(error)

        def end(tx: Transaction) -> policy.Refusal | None:
            done = closing.fail(tx, task_id, told, now)
            if not done or not isinstance(error, PolicyRefused):
                return None
            task = tx.tasks.get(None, task_id)
            tenant_id = None if task is None else task.tenant_id
            note_refusal(tx, error, tenant_id=tenant_id, subject=task_id, now=now)
            return policy.Refusal(tenant_id, task_id, error.role, error.reason, error.facts)

        refusal = self._shop.database.write(end)
        if refusal is not None:
            policy.log_refusal(refusal)

    def _begin(self, task_id: str) -> Task:
        """Move a task to running, with fresh progress.

        Raises
        ------
        Canceled
            If it is final.
        """
        now = self._shop.clock()

        def start(tx: Transaction) -> Task | None:
            if not tx.tasks.start(task_id, now):
                return None
            tx.tasks.set_progress(task_id, TaskProgress(phase="fetching"))
            return tx.tasks.get(None, task_id)

        task = self._shop.database.write(start)
        if task is None:
            raise Canceled
        _log.info(
            "task started",
            action="task.start",
            task_id=task.id,
            request_id=task.request_id,
            kind=task.kind,
            attempt=task.attempt,
            waited_s=round(now - task.created_at, 3),
        )
        return task

    def _read(self, task_id: str) -> Task:
        task = self._shop.database.read(lambda tx: tx.tasks.get(None, task_id))
        if task is None or task.final:
            raise Canceled
        return task

    def _swap(self, task: Task) -> None:
        shop, request = self._shop, SwapRequest.from_json(task.request)
        watch = shop.watch(task.id, "swapping", _WORK_PERCENT)
        with shop.folder() as folder:
            scene = shop.inputs.scene(task, folder, watch.should_stop)
            check_output(request.output, scene.facts)
            charge = shop.charge(task, request, scene.facts)
            gate = shop.gate(task.tenant_id, asked_off=request.without_gate)
            mappings = shop.inputs.mappings(task, request, folder, watch.should_stop)
            suffix = outputs.output_suffix(request.output.container, scene.facts)
            output = folder / f"output{suffix}"
            job = {
                "op": "swap",
                "scene": str(scene.path),
                "output": str(output),
                "mappings": [mapping.to_job() for mapping in mappings],
                "options": {
                    **shop.job_options(task, request),
                    **shop.label_options(task, request, scene.facts),
                    **gate.options,
                },
                "names": names_of(scene, mappings),
            }
            answer = gate.noted(shop.run(job, watch, swaps_for=task.tenant_id))
            finish_swap(shop, task, output, answer, watch, charge=charge, job=job)

    def _preview(self, task: Task) -> None:
        shop = self._shop
        wanted = dict(task.request)
        time_s = wanted.pop("time_s", None)
        request = SwapRequest.from_json(wanted)
        watch = shop.watch(task.id, "swapping", _WORK_PERCENT)
        with shop.folder() as folder:
            scene = shop.inputs.scene(task, folder, watch.should_stop)
            mappings = shop.inputs.mappings(task, request, folder, watch.should_stop)
            gate = shop.gate(task.tenant_id, asked_off=request.without_gate)
            output = folder / "preview.jpg"
            job = {
                "op": "preview",
                "scene": str(scene.path),
                "time_s": time_s,
                "output": str(output),
                "mappings": [mapping.to_job() for mapping in mappings],
                "options": {
                    **shop.preview_options(task, request),
                    **shop.label_options(task, request, scene.facts),
                    **gate.options,
                },
                "names": names_of(scene, mappings),
            }
            answer = gate.noted(shop.run(job, watch, swaps_for=task.tenant_id))
            seal = put_seal(shop, output, job, watch)
            facts = shop.probe(output, watch)
            asset = shop.store(task, output, facts)
        result = swap_result(answer, facts, [asset.id]) | seal_result(seal, asset)
        shop.finish(task, result, [asset], charge=0, expires_at=asset.expires_at)

    def _detect(self, task: Task) -> None:
        shop = self._shop
        watch = shop.watch(task.id, "analysing", _WORK_PERCENT)
        with shop.folder() as folder:
            scene = shop.inputs.scene(task, folder, watch.should_stop)
            crops = folder / "crops"
            crops.mkdir()
            gate = shop.gate(task.tenant_id)
            job = {
                "op": "detect",
                "path": str(scene.path),
                "crops_dir": str(crops),
                "kind": "image" if scene.facts.kind == "picture" else "video",
                "options": gate.options,
                "names": names_of(scene),
            }
            answer = gate.noted(shop.run(job, watch))
            now, times = shop.clock(), shop.retention(task)
            faces: list[dict[str, Any]] = []
            assets: list[Asset] = []
            for face in answer["faces"]:
                until = now + times.crops
                crop = self._store_crop(task, crops / Path(face["crop"]).name, face, until)
                assets.append(crop)
                kept = {name: value for name, value in face.items() if name != "crop"}
                faces.append({**kept, "crop_asset_id": crop.id})
        # By default the row stays longer than it can be named, for swaps that wait their turn.
        shop.finish(
            task,
            {"faces": faces, "gate": answer["gate"]},
            assets,
            charge=task.credits_held,
            expires_at=now + times.detections,
        )

    def _store_crop(self, task: Task, path: Path, face: Mapping[str, Any], until: float) -> Asset:
        content_type = "image/png" if path.suffix == ".png" else "image/jpeg"
        width, height = face["crop_width"], face["crop_height"]
        facts = MediaFacts("picture", content_type, width, height, frames=1)
        return outputs.store_output(
            self._shop.blobs,
            task,
            path,
            facts,
            role="crop",
            now=self._shop.clock(),
            expires_at=until,
        )
