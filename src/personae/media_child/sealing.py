"""The jobs ``seal`` and ``read_manifest``: what outputs say of where they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from personae.adapters.provenance.credentials import Credential
from personae.adapters.provenance.reading import read_manifest
from personae.adapters.provenance.sealing import Seal, sidecar_of
from personae.adapters.provenance.statement import Statement
from personae.adapters.provenance.toolkit import scratch_in
from personae.errors import InvalidRequest
from personae.media_child.jobs import Context
from personae.video.files import unwritable


def seal(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Put the manifest of a swap into its output ``path``, or into a sidecar beside it.

    ``scene`` and ``mappings`` are those of the swap; ``mark`` is what its invisible mark says.
    With ``look_at_scene`` false the scene's own manifest is left unread.
    """
    context.enter("seal")
    path, scene = Path(job["path"]), Path(job["scene"])
    if job.get("credential") is None:
        raise InvalidRequest("This media host has nobody who signs.")
    credential = Credential(**job["credential"])
    told = Statement(
        when_s=float(job["when_s"]),
        donors=_digests([mapping["donors"] for mapping in job["mappings"]]),
        mark_id=job.get("mark"),
        engine=str(job.get("engine") or "mesh"),
    )
    seal = Seal(credential, context.signature, _beat(context, "seal"))
    look = bool(job.get("look_at_scene", True))
    try:
        with scratch_in(path.parent):
            done = seal.put_on(path, scene, told, look_at_scene=look)
    except OSError as error:
        raise unwritable(path, error) from error
    context.check_stop()
    return {
        "manifest": done.how,
        "sidecar": str(sidecar_of(path)) if done.how == "sidecar" else None,
        "content_sha256": done.content_sha256,
        "scene_manifest": done.scene_manifest,
        "signed_by": credential.origin,
    }


def read(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """What the manifest of ``path`` says, or that of ``sidecar``; see `ManifestFacts`."""
    context.enter("read_manifest")
    sidecar = job.get("sidecar")
    facts = read_manifest(
        Path(job["path"]),
        job.get("anchors"),
        sidecar=None if sidecar is None else Path(sidecar),
        beat=_beat(context, "read_manifest"),
    )
    return facts.to_json()


def _beat(context: Context, phase: str) -> Callable[[], None]:
    """Say now and then that it goes on, and end it when nobody wants it any more."""

    def beat() -> None:
        context.check_stop()
        context.report(phase, None, None)

    return beat


def _digests(donors: Sequence[Sequence[str]]) -> tuple[tuple[bytes, ...], ...]:
    """What the photos hash to, of each different donor once."""
    found: dict[tuple[str, ...], tuple[bytes, ...]] = {}
    for photos in donors:
        found.setdefault(tuple(photos), tuple(_digest(photo) for photo in photos))
    return tuple(found.values())


def _digest(path: str) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
