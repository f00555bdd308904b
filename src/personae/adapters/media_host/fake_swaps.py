"""Swaps of a `FakeMediaHost`: the scene's own bytes and a mark of all that was asked for.

``script``: for every file that says nothing else itself; see `FakeMediaHost`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from personae.adapters.media_host.fake_donors import check_alone
from personae.adapters.media_host.fake_gate import gate_report
from personae.adapters.media_host.fake_media import (
    OUTPUT_MARK,
    faces_in,
    facts_of,
    picture_bytes,
    read,
    script_of,
    write,
)
from personae.adapters.media_host.fake_register import check_register
from personae.errors import FaceNotFound, InvalidRequest

Job = Mapping[str, Any]
Script = Mapping[str, Any]


def swap(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``swap``; the output is written."""
    scene = Path(job["scene"])
    facts = facts_of(scene, script)
    digest = digest_of(job, script)
    write(job["output"], output_bytes(scene, digest, facts["frames"]))
    return report(job, script, facts["kind"], facts["frames"])


def preview(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``preview``; the picture is written."""
    facts_of(Path(job["scene"]), script)
    digest = digest_of(job, script)
    write(job["output"], picture_bytes(Path(job["output"]), digest))
    return report(job, script, "picture", 1)


def digest_of(job: Job, script: Script) -> str:
    """What the output depends on besides the scene; checks that everything is usable."""
    _gate(job, script)
    scene = Path(job["scene"])
    if faces_in(scene, script) == 0:
        raise FaceNotFound("scene")
    check_register(job, scene, script_of(scene, script), "scene")
    digest = hashlib.sha256()
    mappings: Sequence[Mapping[str, Any]] = job.get("mappings") or ()
    if not mappings:
        raise InvalidRequest("A swap needs at least one mapping.")
    still = facts_of(Path(job["scene"]), script)["kind"] == "picture"
    for mapping in mappings:
        if still and mapping.get("face") == "only":
            check_alone(faces_in(Path(job["scene"]), script), "scene")
        for donor in map(Path, mapping["donors"]):
            if faces_in(donor, script) == 0:
                raise FaceNotFound("donor")
            check_register(job, donor, script_of(donor, script), "donor")
            if mapping.get("alone"):
                check_alone(faces_in(donor, script), "donor")
            digest.update(read(donor))
        if mapping.get("like") is not None:
            if faces_in(Path(mapping["like"]), script) == 0:
                raise FaceNotFound("reference")
            digest.update(read(Path(mapping["like"])))
        digest.update(repr((mapping.get("face"), mapping.get("like_embedding"))).encode())
    options: dict[str, Any] = dict(job.get("options") or {})
    for name in ("threads", "mark"):  # The mark is another one in each task.
        options.pop(name, None)
    digest.update(json.dumps(options, sort_keys=True).encode())
    return digest.hexdigest()


def report(job: Job, script: Script, kind: str, frames: int) -> dict[str, Any]:
    """The answer to any job that writes an output."""
    options: Mapping[str, Any] = job.get("options") or {}
    restorer = options.get("restorer", "classical") if options.get("restore", 0) > 0 else None
    return {
        "kind": kind,
        "frames": frames,
        "frames_lost": 0,
        "faces_swapped": frames,
        "elapsed_s": 0.0,
        "engine": options.get("engine", "mesh"),
        "restorer": restorer,
        "label": options.get("label"),
        "gate": _gate(job, script),
        "warnings": ["Restored by the classical pass, without a model."]
        if restorer == "classical"
        else [],
    }


def output_bytes(scene: Path, digest: str, frames: int) -> bytes:
    """The scene's own bytes and a mark: the same whether it came whole or in chunks."""
    return read(scene) + OUTPUT_MARK + f"{digest} {frames}\n".encode()


def _gate(job: Job, script: Script) -> dict[str, Any] | None:
    """What the content gate sees of a swap."""
    donors = [Path(one) for mapping in job.get("mappings") or () for one in mapping["donors"]]
    scripts = [script_of(path, script) for path in donors]
    return gate_report(job, scripts, script_of(Path(job["scene"]), script))
