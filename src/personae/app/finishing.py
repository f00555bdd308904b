"""The last steps of a swap, however it was done: measure the output, store it, end the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from personae.app.watching import Watch
from personae.app.workshop import Workshop
from personae.domain.media import Asset, MediaFacts, StillRole
from personae.domain.swap import SwapRequest
from personae.domain.tasks import Task

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
) -> None:
    """Store what a swap made, with its stills if the client wants them, and end the task.

    Parameters
    ----------
    output : Path
        In a folder where the stills can be made.
    answer : mapping
        Of the media job that made it.

    Raises
    ------
    Canceled
        If the task is final already.
    """
    wanted = SwapRequest.from_json(task.request).output.stills
    facts = shop.probe(output, watch)
    stills = _make_stills(shop, output, facts, watch) if wanted else {}
    asset = shop.store(task, output, facts)
    assets = {role: _store(shop, task, still, role, asset) for role, still in stills.items()}
    result = swap_result(answer, facts, [asset.id])
    result |= {role: still.id for role, still in assets.items()}
    shop.finish(task, result, [asset, *assets.values()], charge=charge, expires_at=asset.expires_at)


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
    }


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
    }
    told = shop.run(job, watch)
    return {role: (path, _facts(**told[role])) for role, path in paths.items()}


def _facts(width: int, height: int) -> MediaFacts:
    return MediaFacts("picture", "image/png", width, height, frames=1, codec="png", rotation=0)


def _store(
    shop: Workshop, task: Task, still: tuple[Path, MediaFacts], role: StillRole, output: Asset
) -> Asset:
    """Store a still, which goes when its output goes."""
    return replace(shop.store(task, *still, role=role), expires_at=output.expires_at)
