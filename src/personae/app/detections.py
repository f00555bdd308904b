"""What a detection found, as clients may see it."""

from __future__ import annotations

from typing import Any

from personae.app.ports import Transaction
from personae.domain.swap import MediaRef, SceneFace
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
    if now > task.created_at + LIFETIME_S:
        raise Expired(f"The detection {task.id} is more than an hour old; detect again.")
    if task.status != "succeeded":
        raise Conflict(
            f"The detection {task.id} is {task.status}; only a finished one can be used."
        )
    if task.request["scene"] != {"asset_id": scene.asset_id, "url": scene.url}:
        raise InvalidRequest(f"The detection {task.id} is of another scene.")
    if scene_face.face_id not in [face["face_id"] for face in public_faces(task)]:
        raise NotFound(f"The detection {task.id} has no face {scene_face.face_id}.")
