"""What a detection found, as clients may see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from personae.app.ports import Transaction
from personae.domain.swap import MediaRef, SceneFace, SwapMapping
from personae.domain.tasks import Task
from personae.errors import Conflict, Expired, InvalidRequest, NotFound

KINDS = ("detect_image", "detect_video")
LIFETIME_S = 3600.0
"""How long a detection can be used in mappings after it was made."""
_PRIVATE = ("embedding", "embedding_key")


def public_faces(task: Task) -> list[dict[str, Any]]:
    """The faces of a finished detection, without what tells people apart."""
    faces: list[dict[str, Any]] = (task.result or {}).get("faces", [])
    return [{k: v for k, v in face.items() if k not in _PRIVATE} for face in faces]


def faces_by_crop(task: Task) -> dict[str, int]:
    """The numbers of a finished detection's faces, by the names of their crops."""
    return {face["crop_asset_id"]: face["face_id"] for face in public_faces(task)}


def check_reference(
    tx: Transaction, tenant_id: str, scene_face: SceneFace, scene: MediaRef, now: float
) -> None:
    """Refuse a mapping by a detected face that cannot work.

    Raises
    ------
    NotFound
        If the tenant has no such detection, or it has no such face.
    Expired
        An hour after it was made.
    Conflict
        If it has not finished.
    InvalidRequest
        If it is of another scene.
    """
    if scene_face.detection_id is None:
        return
    task = tx.tasks.get(tenant_id, scene_face.detection_id)
    if task is None or task.kind not in KINDS:
        raise NotFound(f"There is no detection {scene_face.detection_id}.")
    check_usable(task, scene, now)
    if scene_face.face_id not in [face["face_id"] for face in public_faces(task)]:
        raise NotFound(f"The detection {task.id} has no face {scene_face.face_id}.")


def check_usable(task: Task, scene: MediaRef, now: float) -> None:
    """Refuse a detection that says nothing of this scene, or no longer, or not yet.

    Raises
    ------
    Expired, Conflict, InvalidRequest
        As `check_reference`.
    """
    called = task.dialect_id or task.id
    if now > task.created_at + LIFETIME_S:
        raise Expired(f"The detection {called} is more than an hour old; detect again.")
    if task.status != "succeeded":
        raise Conflict(f"The detection {called} is {task.status}; only a finished one can be used.")
    if task.request["scene"] != {"asset_id": scene.asset_id, "url": scene.url}:
        raise InvalidRequest(f"The detection {called} is of another scene.")


def chosen(
    task: Task, scene: MediaRef, wanted: Sequence[tuple[int, MediaRef]], now: float
) -> tuple[SwapMapping, ...]:
    """Mappings that put donors on faces of a detection, for dialects that name faces so.

    A donor that is the crop of the very face it is to go on means that this face stays as it is;
    so does every face that is not named.

    Raises
    ------
    Expired, Conflict
        As `check_reference`.
    InvalidRequest
        If the detection is of another scene or has no such face, one face is named twice, or no
        face is left to be swapped.
    """
    check_usable(task, scene, now)
    crops = {face["face_id"]: face["crop_asset_id"] for face in public_faces(task)}
    called = task.dialect_id or task.id
    mappings: list[SwapMapping] = []
    seen: set[int] = set()
    for face_id, donor in wanted:
        if face_id not in crops:
            raise InvalidRequest(f"The detection {called} has no face {face_id}.")
        if face_id in seen:
            raise InvalidRequest(f"The face {face_id} is named twice.")
        seen.add(face_id)
        if donor.asset_id is None or donor.asset_id != crops[face_id]:
            scene_face = SceneFace(detection_id=task.id, face_id=face_id)
            mappings.append(SwapMapping(scene_face, donors=(donor,)))
    if not mappings:
        raise InvalidRequest("Every face is to stay as it is; give a new face for one at least.")
    return tuple(mappings)
