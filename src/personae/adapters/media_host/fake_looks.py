"""What a `FakeMediaHost` tells of files without swapping anything."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personae.adapters.media_host import fake_donors, fake_stills
from personae.adapters.media_host.fake_gate import let_through
from personae.adapters.media_host.fake_media import faces_in, facts_of, png, script_of
from personae.adapters.media_host.fake_register import check_register, embedding_of, nearest
from personae.errors import FaceNotFound

Job = Mapping[str, Any]
Script = Mapping[str, Any]


def ping(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``ping``: an engine that is always ready."""
    return {"engine": "fake", "ready": True, "pid": os.getpid()}


def probe(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``probe``: the facts of a file."""
    return facts_of(Path(job["path"]), script)


def detect(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``detect``: as many faces as the script says; their crops are written."""
    path, crops = Path(job["path"]), Path(job["crops_dir"])
    facts = facts_of(path, script)
    gate = let_through(job, "scene", [script_of(path, script)]) or None
    crops.mkdir(parents=True, exist_ok=True)
    faces: list[dict[str, Any]] = []
    for number in range(int(script_of(path, script).get("faces", 1))):
        crop = f"face_{number}.png"
        (crops / crop).write_bytes(png())
        faces.append(_face(number, crop, facts["duration_s"]))
    return {"faces": faces, "gate": gate}


def check_donor(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``check_donor``, by what the photos' scripts say."""
    scripts = [script_of(Path(path), script) for path in job["donors"]]
    let_through(job, "donor", scripts)
    for path, own in zip(job["donors"], scripts, strict=True):
        check_register(job, Path(path), own, "donor")
    return fake_donors.check_donor(scripts)


def embed(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``embed``: one made-up embedding for each photo."""
    alone = bool(job.get("alone", True))
    found = [_embedding(one, script, alone=alone) for one in job["photos"]]
    return {"embeddings": found, "warnings": []}


def look_up(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``look_up``: the entries nearest to whom the photo shows."""
    embedding, register = _embedding(job["photo"], script), job.get("register")
    found = [] if register is None else nearest(register, embedding)[: job["count"]]
    shown = [{name: one[name] for name in ("person_id", "distance")} for one in found]
    return {"found": shown, "warnings": []}


def stills(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``stills``; its pictures are written."""
    return fake_stills.stills(job, facts_of(Path(job["path"]), script))


def inspect(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``inspect``: what the script says was found."""
    path = Path(job["path"])
    own = script_of(path, script)
    kind = facts_of(path, script)["kind"]
    return {"kind": kind, "manifest": own.get("manifest"), "mark": own.get("mark")}


def find_mark(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``find_mark``: what the script says was found."""
    path = Path(job["path"])
    facts_of(path, script)
    return {"found": script_of(path, script).get("mark")}


def _face(number: int, crop: str, duration_s: float | None) -> dict[str, Any]:
    left = 20.0 + 60 * number
    eyes = [[left + 12, 60.0], [left + 28, 60.0]]
    return {
        "face_id": number,
        "box_xyxy": [left, 40.0, left + 40, 90.0],
        "score": 0.99,
        "points": [*eyes, [left + 20, 70.0], [left + 14, 80.0], [left + 26, 80.0]],
        "pose": {"yaw": 0.0, "pitch": 0.0, "roll": 0.0},
        "first_s": 0.0,
        "last_s": duration_s or 0.0,
        "crop": crop,
        "crop_box_xyxy": [round(left), 40, round(left) + 1, 41],
        "crop_width": 1,
        "crop_height": 1,
        "crop_points": [[0.0, 0.0]] * 5,
        "embedding": [float(i == number % 128) for i in range(128)],
    }


def _embedding(photo: str, script: Script, *, alone: bool = True) -> list[float]:
    path = Path(photo)
    if faces_in(path, script) == 0:
        raise FaceNotFound("reference")
    if alone:
        fake_donors.check_alone(faces_in(path, script), "reference")
    return embedding_of(path, script_of(path, script))
