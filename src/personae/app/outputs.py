"""A task's outputs: how they are called, where they go, what is written down of them."""

from __future__ import annotations

import logging
from pathlib import Path

from personae.app.ports import Blobs
from personae.domain.ids import new_id
from personae.domain.media import Asset, AssetRole, MediaFacts
from personae.domain.tasks import Task
from personae.errors import PersonaeError

_log = logging.getLogger("personae.execute")

OUTPUTS = "outputs"
"""Folder of blobs that assets of finished tasks point to: ``outputs/{tenant}/{task}/…``, so that
what a task stored is found even if its end was never written down."""
WORK = "work"
"""Folder of blobs that only tasks under way need: ``work/{task}/…``."""

_SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/apng": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/x-matroska": ".mkv",
    "video/webm": ".webm",
}
_CONTAINERS = {"jpeg": ".jpg", "jpg": ".jpg"}


def output_suffix(container: str | None, scene: MediaFacts) -> str:
    """The ending of the output's name, which decides its format: as asked for, or the scene's."""
    if container is not None:
        return _CONTAINERS.get(container, f".{container}")
    fallback = ".png" if scene.kind in ("picture", "animation") else ".mp4"
    return _SUFFIXES.get(scene.content_type, fallback)


def output_folder(task: Task) -> str:
    """Where the files that a task makes are stored."""
    return f"{OUTPUTS}/{task.tenant_id}/{task.id}"


def store_output(
    blobs: Blobs,
    task: Task,
    path: Path,
    facts: MediaFacts,
    *,
    role: AssetRole,
    now: float,
    expires_at: float,
) -> Asset:
    """Store a finished file under a name of its own; the row is not written yet."""
    asset_id = new_id("asset", now)
    key = f"{output_folder(task)}/{asset_id}{path.suffix}"
    stored = blobs.put_file(key, path, facts.content_type)
    return Asset(
        id=asset_id,
        tenant_id=task.tenant_id,
        role=role,
        state="ready",
        blob_key=key,
        content_type=facts.content_type,
        filename=_filename(task, path, role),
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        facts=facts,
        refusal=None,
        task_id=task.id,
        created_at=now,
        expires_at=expires_at,
    )


def _filename(task: Task, path: Path, role: AssetRole) -> str:
    if role == "crop":
        return path.name
    return f"{task.id}{'' if role == 'output' else f'-{role}'}{path.suffix}"


def discard(blobs: Blobs, assets: list[Asset]) -> None:
    """Delete outputs that nobody will ask for; what stays is swept later."""
    if not assets:
        return
    try:
        blobs.delete([asset.blob_key for asset in assets])
    except PersonaeError:
        _log.warning("outputs of an unwanted task stay until the next sweep")
