"""The last steps of a swap, however it was done: measure the output, store it, end the task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from personae.app.watching import Watch
from personae.app.workshop import Workshop
from personae.domain.media import Asset, MediaFacts, StillRole
from personae.domain.swap import SwapRequest
from personae.domain.tasks import Task
from personae.errors import MediaError, TaskFailed

THUMBNAIL_WH = (1080, 540)
"""The size of every thumbnail, in pixels."""


def finish_swap(
    shop: Workshop,
    task: Task,
    output: Path,
    answer: Mapping[str, Any],
    watch: Watch,
    *,
    charge: int,
    job: Mapping[str, Any],
) -> None:
    """Seal and store what a swap made, with its stills if the client wants them; end the task.

    Parameters
    ----------
    output : Path
        In a folder where the stills can be made.
    answer : mapping
        Of the media job that made it.
    job : mapping
        That job, or another about the same scene and mappings.

    Raises
    ------
    Canceled
        If the task is final already.
    """
    wanted = SwapRequest.from_json(task.request).output.stills
    seal = put_seal(shop, output, job, watch)
    facts = shop.probe(output, watch)
    stills = _make_stills(shop, output, facts, watch) if wanted else {}
    asset = shop.store(task, output, facts)
    assets = {role: _store(shop, task, still, role, asset) for role, still in stills.items()}
    sidecars = _store_sidecar(shop, task, seal, asset)
    result = swap_result(answer, facts, [asset.id]) | seal_result(seal, asset, sidecars)
    result |= {role: still.id for role, still in assets.items()}
    stored = [asset, *assets.values(), *sidecars]
    shop.finish(task, result, stored, charge=charge, expires_at=asset.expires_at)


def swap_result(
    answer: Mapping[str, Any], facts: MediaFacts, asset_ids: list[str]
) -> dict[str, Any]:
    """A finished swap as its task keeps it."""
    return {
        "assets": asset_ids,
        "faces_swapped": answer.get("faces_swapped", 0),
        "frames": answer.get("frames", 0),
        "frames_lost": answer.get("frames_lost", 0),
        "warnings": answer.get("warnings", []),
        "duration_s": facts.duration_s,
        "restorer": answer.get("restorer"),
        "engine": answer.get("engine"),
        "label": answer.get("label"),
        "gate": answer.get("gate"),
    }


def put_seal(shop: Workshop, output: Path, job: Mapping[str, Any], watch: Watch) -> dict[str, Any]:
    """Write into an output where it comes from; nothing may change the file afterwards.

    A scene whose own manifest cannot be read in time, or at all, costs the output that manifest,
    not its own.

    Returns
    -------
    dict
        The answer of the media job; without manifests, what it would say of none.

    Raises
    ------
    TaskFailed, Canceled, Unavailable
    """
    if not shop.options.manifests:
        return {"manifest": "off"}
    wanted = {
        "op": "seal",
        "path": str(output),
        "scene": job["scene"],
        "mappings": job["mappings"],
        "names": job["names"],
        "when_s": shop.clock(),
        "mark": job["options"].get("mark"),
        "engine": job["options"].get("engine"),
    }
    try:
        return shop.run(wanted, watch)
    except (MediaError, TaskFailed):
        return shop.run(wanted | {"look_at_scene": False}, watch)


def seal_result(
    seal: Mapping[str, Any], output: Asset, sidecars: Sequence[Asset] = ()
) -> dict[str, Any]:
    """What a task keeps of its output's seal."""
    return {
        "manifest": seal["manifest"],
        "signed_by": seal.get("signed_by"),
        "manifest_asset": sidecars[0].id if sidecars else None,
        "content_sha256": seal.get("content_sha256") or output.sha256,
    }


def _store_sidecar(
    shop: Workshop, task: Task, seal: Mapping[str, Any], output: Asset
) -> list[Asset]:
    """Store the manifest of an output that has no place for one; it goes when the output goes."""
    if seal.get("sidecar") is None:
        return []
    path, facts = Path(seal["sidecar"]), MediaFacts("manifest", "application/c2pa")
    return [replace(shop.store(task, path, facts, role="manifest"), expires_at=output.expires_at)]


def _make_stills(
    shop: Workshop, output: Path, facts: MediaFacts, watch: Watch
) -> dict[StillRole, tuple[Path, MediaFacts]]:
    """A thumbnail, and a cover of what moves."""
    roles: tuple[StillRole, ...] = ("thumbnail",)
    if facts.kind != "picture":
        roles = ("cover", "thumbnail")
    paths: dict[StillRole, Path] = {role: output.with_name(f"{role}.png") for role in roles}
    job = {
        "op": "stills",
        "path": str(output),
        "cover": None,
        **{role: str(path) for role, path in paths.items()},
        "box": list(THUMBNAIL_WH),
        "names": {str(output): "the output"},
        "fields": shop.options.manifests,
    }
    told = shop.run(job, watch)
    return {role: (path, _facts(**told[role])) for role, path in paths.items()}


def _facts(width: int, height: int) -> MediaFacts:
    return MediaFacts("picture", "image/png", width, height, frames=1, codec="png", rotation=0)


def _store(
    shop: Workshop, task: Task, still: tuple[Path, MediaFacts], role: StillRole, output: Asset
) -> Asset:
    """Store a still, which goes when its output goes or before."""
    stored = shop.store(task, *still, role=role)
    ends = [one.expires_at for one in (stored, output) if one.expires_at is not None]
    return replace(stored, expires_at=min(ends))
