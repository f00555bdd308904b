"""The pieces of a video task: plan, analyse, render, join; any worker does any of them.

What a piece makes goes to blobs under ``work/{task}/`` whose names no other attempt uses; a piece's
answer names them, and what no answer names is swept.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personae.app.finishing import finish_swap
from personae.app.inputs import JobMapping, LocalMedia, names_of
from personae.app.outcomes import check_output
from personae.app.outputs import WORK, output_suffix
from personae.app.submit import need
from personae.app.watching import Watch
from personae.app.workshop import TaskGate, Workshop
from personae.domain.media import MediaFacts
from personae.domain.swap import SwapRequest
from personae.domain.tasks import Task

ANALYSIS_PERCENT, RENDER_PERCENT, JOIN_PERCENT = 35.0, 58.0, 5.0
"""How a task's percentage is shared out; the rest goes to fetching."""

Plan = dict[str, Any]


class VideoPieces:
    """Does the pieces that `personae.adapters.durable.workflows` conducts."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    def run(self, task: Task, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Do one piece; the facts of its answer.

        Parameters
        ----------
        name : str
            ``plan``, ``whole``, ``a3``, ``r3`` or ``join``.
        arguments : mapping
            ``plan``: the plan's blob; ``chunk``: the number; ``state``: the blob with the state
            after the chunk before; ``render``: whether analysis renders in the same go; ``plans``:
            blobs of analyses; ``chunks``: blobs to join.
        """
        self._shop.copies.enter(task.id)
        try:
            if name == "plan":
                return self._plan(task)
            plan: Plan = json.loads(self._shop.blobs.get_bytes(arguments["plan"]))
            if name == "whole":
                return self._whole(task, plan)
            if name == "join":
                return self._join(task, plan, arguments["chunks"])
            if name.startswith("a"):
                return self._analyse(task, plan, arguments)
            return self._render(task, plan, arguments["chunk"], arguments["plans"])
        finally:
            self._shop.copies.leave(task.id)

    def clean(self, task_id: str) -> None:
        """Delete what only the task under way needed."""
        self._shop.copies.drop(task_id)
        left = self._shop.blobs.list_keys(f"{WORK}/{task_id}/", self._shop.clock() + 60.0)
        if left:
            self._shop.blobs.delete(left)

    def _plan(self, task: Task) -> dict[str, Any]:
        shop = self._shop
        request = SwapRequest.from_json(task.request)
        watch = shop.watch(
            task.id, "fetching", 100 - ANALYSIS_PERCENT - RENDER_PERCENT - JOIN_PERCENT
        )
        with shop.folder() as folder:
            scene = shop.inputs.scene(task, folder, watch.should_stop)
            if request.media == "any":
                need(shop.options.disabled, _feature(scene.facts))
            check_output(request.output, scene.facts)
            charge = shop.charge(task, request, scene.facts)
            gate = shop.gate(task.tenant_id, asked_off=request.without_gate)
            mappings = shop.inputs.mappings(task, request, folder, watch.should_stop)
            wanted = {
                "op": "plan_chunks",
                "scene": str(scene.path),
                "start_s": request.start_s,
                "end_s": request.end_s,
                "target_s": shop.options.chunk_s,
                "names": names_of(scene),
            }
            # A client that did not say what its scene is may have sent a picture.
            still = scene.facts.kind == "picture"
            chunks: Plan = {"chunks": []} if still else shop.run(wanted, watch)
            names = names_of(scene, mappings)
            keys: dict[Path, str] = {}
            plan: Plan = {
                "mappings": [self._keep_mapping(task, mapping, keys) for mapping in mappings],
                "scene": self._keep(task, scene, keys),
                "names": {keys[Path(path)]: name for path, name in names.items()},
                "options": {
                    **shop.job_options(task, request),
                    **shop.label_options(task, request, scene.facts),
                    **gate.options,
                },
                "gate_off": gate.off,
                "suffix": output_suffix(request.output.container, scene.facts),
                "charge": charge,
                "plan": chunks,
            }
        key = self._key(task.id, "plan.json")
        shop.blobs.put_bytes(key, json.dumps(plan).encode(), "application/json")
        watch.complete()
        ends = [chunk["first_frame"] + chunk["frames"] for chunk in chunks["chunks"]]
        return {"plan": key, "ends": ends or [0]}

    def _whole(self, task: Task, plan: Plan) -> dict[str, Any]:
        shop = self._shop
        watch = self._watch(task.id, plan, "swapping", ANALYSIS_PERCENT + RENDER_PERCENT)
        with shop.folder() as folder:
            output = folder / f"output{plan['suffix']}"
            job = self._job(task.id, plan, "swap") | {"output": str(output)}
            answer = _gate(plan).noted(shop.run(job, watch, swaps_for=task.tenant_id))
            finish_swap(shop, task, output, answer, watch, charge=plan["charge"], job=job)
        return {}

    def _analyse(self, task: Task, plan: Plan, arguments: Mapping[str, Any]) -> dict[str, Any]:
        shop, number, state = self._shop, arguments["chunk"], arguments["state"]
        chunk, renders = plan["plan"]["chunks"][number], bool(arguments.get("render"))
        share = (ANALYSIS_PERCENT + RENDER_PERCENT * renders) * _part(plan, chunk)
        phase = "swapping" if renders else "analysing"
        watch = self._watch(task.id, plan, phase, share, counts_frames=renders)
        made: dict[str, str] = {}
        with shop.folder() as folder:
            output = folder / f"chunk{plan['suffix']}"
            state_out, plans_out = folder / "state", folder / "plans"
            before = None if state is None else str(shop.copies.get(task.id, state))
            job = self._job(task.id, plan, "analyse_chunk")
            if before is not None:
                job["names"][before] = f"chunk {number - 1}"
            job |= {
                "chunk": chunk,
                "state_in": before,
                "state_out": str(state_out),
                "plans_out": str(plans_out),
                "output": str(output) if renders else None,
            }
            answer = shop.run(job, watch, swaps_for=task.tenant_id)
            made["state_key"] = self._put(task.id, f"a{number}.state", state_out)
            if renders:
                made["chunk_key"] = self._put(task.id, f"r{number}{plan['suffix']}", output)
            else:
                made["plans_key"] = self._put(task.id, f"a{number}.plans", plans_out)
        watch.complete(int(answer["frames"]))
        return made

    def _render(self, task: Task, plan: Plan, number: int, plans: list[str]) -> dict[str, Any]:
        shop, chunk = self._shop, plan["plan"]["chunks"][number]
        share = RENDER_PERCENT * _part(plan, chunk)
        watch = self._watch(task.id, plan, "swapping", share)
        with shop.folder() as folder:
            output = folder / f"chunk{plan['suffix']}"
            files = [str(shop.copies.get(task.id, key)) for key in plans]
            job = self._job(task.id, plan, "render_chunk")
            job["names"] |= dict.fromkeys(files, f"chunk {number}")
            job |= {"chunk": chunk, "plans": files, "output": str(output)}
            answer = shop.run(job, watch, swaps_for=task.tenant_id)
            chunk_key = self._put(task.id, f"r{number}{plan['suffix']}", output)
        watch.complete(int(answer["frames"]))
        return {"chunk_key": chunk_key}

    def _join(self, task: Task, plan: Plan, chunks: list[str]) -> dict[str, Any]:
        shop = self._shop
        watch = self._watch(task.id, plan, "joining", JOIN_PERCENT, counts_frames=False)
        with shop.folder() as folder:
            output = folder / f"output{plan['suffix']}"
            files = [str(shop.copies.get(task.id, key)) for key in chunks]
            job = self._job(task.id, plan, "join")
            job["names"] |= {file: f"chunk {number}" for number, file in enumerate(files)}
            job |= {"chunks": files, "plan": plan["plan"], "output": str(output)}
            answer = _gate(plan).noted(shop.run(job, watch))
            finish_swap(shop, task, output, answer, watch, charge=plan["charge"], job=job)
        return {}

    def _job(self, task_id: str, plan: Plan, op: str) -> dict[str, Any]:
        """A media job about the scene, with everything at hand on this machine."""

        def local(key: str) -> str:
            return str(self._shop.copies.get(task_id, key))

        mappings = [
            {
                **mapping,
                "donors": [local(donor) for donor in mapping["donors"]],
                "like": None if mapping["like"] is None else local(mapping["like"]),
            }
            for mapping in plan["mappings"]
        ]
        return {
            "op": op,
            "scene": local(plan["scene"]),
            "mappings": mappings,
            "options": plan["options"],
            "names": {local(key): name for key, name in plan["names"].items()},
        }

    def _keep_mapping(
        self, task: Task, mapping: JobMapping, keys: dict[Path, str]
    ) -> dict[str, Any]:
        return {
            **mapping.to_job(),
            "donors": [self._keep(task, donor, keys) for donor in mapping.donors],
            "like": None if mapping.like is None else self._keep(task, mapping.like, keys),
        }

    def _keep(self, task: Task, media: LocalMedia, keys: dict[Path, str]) -> str:
        """Where every worker finds a medium; what came from a URL is stored for the task's time.

        `keys` remembers what has been kept: the file itself moves to this worker's copies.
        """
        if media.path not in keys:
            key = media.blob_key
            if key is None:
                key = self._key(task.id, f"in{media.path.suffix}")
                self._shop.blobs.put_file(key, media.path, media.facts.content_type)
            self._shop.copies.adopt(task.id, key, media.path)
            keys[media.path] = key
        return keys[media.path]

    def _watch(
        self, task_id: str, plan: Plan, phase: str, share: float, *, counts_frames: bool = True
    ) -> Watch:
        total = plan["plan"].get("frames_total")
        return self._shop.watch(
            task_id, phase, share, frames_total=total, counts_frames=counts_frames
        )

    def _put(self, task_id: str, name: str, path: Path) -> str:
        key = self._key(task_id, name)
        self._shop.blobs.put_file(key, path, "application/octet-stream")
        return key

    def _key(self, task_id: str, name: str) -> str:
        stem, dot, ending = name.partition(".")
        return f"{WORK}/{task_id}/{stem}-{secrets.token_hex(4)}{dot}{ending}"


def _gate(plan: Plan) -> TaskGate:
    """The content gate as it was decided with the plan."""
    return TaskGate({}, plan.get("gate_off"))


def _feature(facts: MediaFacts) -> str:
    """Which feature a swap of such a scene is."""
    return "image_swap" if facts.kind == "picture" else "video_swap"


def _part(plan: Plan, chunk: Mapping[str, Any]) -> float:
    """How much of the whole a chunk is."""
    total = sum(one["frames"] for one in plan["plan"]["chunks"])
    return chunk["frames"] / total if total else 1.0
