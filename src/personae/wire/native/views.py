"""The domain's values, as clients see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast, get_args

from personae.app import detections as detecting
from personae.app.hooks import iso_time
from personae.app.ports import Blobs, Transaction
from personae.domain.hooks import Attempt, Delivery, Endpoint
from personae.domain.media import Asset, SavedFace, StillRole
from personae.domain.tasks import Task
from personae.domain.tenants import ApiKey, NewKey
from personae.wire.native.models import account, assets, people, webhooks
from personae.wire.native.models import detections as detected
from personae.wire.native.models import outcomes as swapped
from personae.wire.native.models.common import CreditsOfTask, Progress, TaskProblem
from personae.wire.native.wanted import shown_request
from personae.wire.replies import at

_BESIDE = (*get_args(StillRole), "manifest_asset")
"""What a result may name beside its outputs."""
Files = Mapping[str, Asset]
"""The stored files that a task made, by id."""


def files_of(tx: Transaction, task: Task) -> Files:
    """The files that a task's result names, without those that are gone."""
    if task.result is None:
        return {}
    beside = [name for role in _BESIDE if (name := task.result.get(role))]
    names = [*task.result.get("assets", ()), *beside, *_crops(task).values()]
    found = [tx.assets.get(task.tenant_id, name) for name in names]
    return {one.id: one for one in found if one is not None and one.state == "ready"}


def url_of(blobs: Blobs, asset: Asset, ttl_s: int) -> str:
    """A signed URL of a stored file."""
    return blobs.download_url(
        asset.blob_key,
        filename=asset.filename or "",
        content_type=asset.content_type,
        ttl_s=ttl_s,
    )


def swap_of(task: Task, files: Files, blobs: Blobs, ttl_s: int) -> swapped.Swap:
    """A swap or a preview."""
    return swapped.Swap(
        id=task.id,
        kind=cast("Any", task.kind),
        status=task.status,
        label=task.label,
        scene_name=task.scene_name,
        priority=task.priority,
        progress=progress_of(task),
        credits=CreditsOfTask(
            held=0 if task.final else task.credits_held, charged=task.credits_charged
        ),
        request=shown_request(task.request),
        result=_swap_result(task, files, blobs, ttl_s),
        error=_problem(task),
        created_at=iso_time(task.created_at),
        started_at=at(task.started_at),
        finished_at=at(task.finished_at),
        expires_at=at(task.expires_at),
    )


def _swap_result(task: Task, files: Files, blobs: Blobs, ttl_s: int) -> swapped.SwapResult | None:
    if task.result is None or task.status != "succeeded":
        return None
    told = task.result
    made = [files[name] for name in told.get("assets", ()) if name in files]
    sidecar = files.get(told.get("manifest_asset") or "")
    return swapped.SwapResult(
        outputs=[swapped.OutputFile(**_file(one, blobs, ttl_s)) for one in made],
        cover=_still(files.get(told.get("cover", "")), blobs, ttl_s),
        thumbnail=_still(files.get(told.get("thumbnail", "")), blobs, ttl_s),
        faces_swapped=told.get("faces_swapped"),
        frames=told.get("frames"),
        frames_lost=told.get("frames_lost"),
        duration_s=told.get("duration_s"),
        engine=told.get("engine"),
        restorer=told.get("restorer"),
        label=told.get("label"),
        manifest=told.get("manifest"),
        manifest_url=None if sidecar is None else url_of(blobs, sidecar, ttl_s),
        signed_by=told.get("signed_by"),
        warnings=list(told.get("warnings") or ()),
    )


def _file(asset: Asset, blobs: Blobs, ttl_s: int) -> dict[str, Any]:
    return {
        "asset_id": asset.id,
        "content_type": asset.content_type,
        "size_bytes": asset.size_bytes,
        "url": url_of(blobs, asset, ttl_s),
    }


def _still(asset: Asset | None, blobs: Blobs, ttl_s: int) -> swapped.StillFile | None:
    if asset is None:
        return None
    width, height = (asset.facts.width, asset.facts.height) if asset.facts else (None, None)
    return swapped.StillFile(**_file(asset, blobs, ttl_s), width=width, height=height)


def progress_of(task: Task) -> Progress:
    """How far a task is."""
    told = task.progress
    return Progress(
        phase=told.phase,
        percent=told.percent,
        frames_done=told.frames_done,
        frames_total=told.frames_total,
        fps=told.fps,
        remaining_s=told.remaining_s,
    )


def _problem(task: Task) -> TaskProblem | None:
    return None if task.error is None else TaskProblem(**task.error.public())


def _crops(task: Task) -> dict[int, str]:
    """The asset of each detected face's crop."""
    faces: list[dict[str, Any]] = (task.result or {}).get("faces", [])
    named = {face["face_id"]: face.get("crop_asset_id") or face.get("crop") for face in faces}
    return {number: name for number, name in named.items() if name}


def detection_of(
    task: Task, files: Files, blobs: Blobs, ttl_s: int, *, landmarks: bool
) -> detected.Detection:
    """A detection; nothing of it tells people apart but their pictures."""
    crops = _crops(task)
    faces = None
    if task.status == "succeeded":
        faces = [
            _face(one, files.get(crops.get(one["face_id"], "")), blobs, ttl_s, landmarks)
            for one in detecting.public_faces(task)
        ]
    return detected.Detection(
        id=task.id,
        kind=cast("Any", task.kind),
        status=task.status,
        progress=progress_of(task),
        request=shown_request(task.request),
        faces=faces,
        error=_problem(task),
        created_at=iso_time(task.created_at),
        started_at=at(task.started_at),
        finished_at=at(task.finished_at),
        usable_until=iso_time(task.created_at + detecting.LIFETIME_S),
    )


def _face(
    told: Mapping[str, Any], crop: Asset | None, blobs: Blobs, ttl_s: int, landmarks: bool
) -> detected.DetectedFace:
    pose = told.get("pose")
    return detected.DetectedFace(
        face_id=told["face_id"],
        box_xyxy=list(told["box_xyxy"]),
        score=told["score"],
        points=[list(point) for point in told.get("points") or ()],
        landmarks=told.get("landmarks") if landmarks else None,
        pose=None if pose is None else detected.Pose(**pose),
        first_s=told.get("first_s"),
        last_s=told.get("last_s"),
        crop=None if crop is None else _crop(told, crop, url_of(blobs, crop, ttl_s)),
    )


def _crop(told: Mapping[str, Any], crop: Asset, url: str) -> detected.Crop:
    return detected.Crop(
        asset_id=crop.id,
        url=url,
        width=told.get("crop_width"),
        height=told.get("crop_height"),
        box_xyxy=told.get("crop_box_xyxy"),
        points=told.get("crop_points"),
    )


def asset_of(asset: Asset) -> assets.Asset:
    """A stored file; where its bytes lie stays inside."""
    return assets.Asset(
        id=asset.id,
        role=asset.role,
        state=asset.state,
        content_type=asset.content_type,
        filename=asset.filename,
        size_bytes=asset.size_bytes,
        sha256=asset.sha256,
        facts=None if asset.facts is None else assets.Facts(**asdict(asset.facts)),
        refusal=asset.refusal,
        task_id=asset.task_id,
        created_at=iso_time(asset.created_at),
        expires_at=at(asset.expires_at),
    )


def face_of(face: SavedFace) -> people.Face:
    """A saved donor."""
    return people.Face(
        id=face.id,
        name=face.name,
        asset_ids=list(face.asset_ids),
        photos_used=face.photos_used,
        created_at=iso_time(face.created_at),
    )


def _key_members(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": list(key.scopes),
        "client_id": key.client_id,
        "created_at": iso_time(key.created_at),
        "expires_at": at(key.expires_at),
        "revoked_at": at(key.revoked_at),
        "last_used_at": at(key.last_used_at),
    }


def key_of(key: ApiKey) -> account.Key:
    """A key, without its secret."""
    return account.Key(**_key_members(key))


def made_key_of(made: NewKey) -> account.KeyMade:
    """A new key with its secrets."""
    return account.KeyMade(
        **_key_members(made.stored), key=made.key, client_secret=made.client_secret
    )


def _endpoint_members(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": list(endpoint.events),
        "enabled": endpoint.enabled,
        "created_at": iso_time(endpoint.created_at),
    }


def endpoint_of(endpoint: Endpoint) -> webhooks.Endpoint:
    """A webhook endpoint, without its secret."""
    return webhooks.Endpoint(**_endpoint_members(endpoint))


def made_endpoint_of(endpoint: Endpoint) -> webhooks.EndpointMade:
    """A webhook endpoint whose secret is new."""
    return webhooks.EndpointMade(**_endpoint_members(endpoint), secret=endpoint.secret)


def _delivery_members(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "endpoint_id": delivery.endpoint_id,
        "task_id": delivery.task_id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "url": delivery.url,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
        "next_attempt_at": at(delivery.next_attempt_at),
        "created_at": iso_time(delivery.created_at),
        "delivered_at": at(delivery.delivered_at),
    }


def delivery_of(delivery: Delivery) -> webhooks.Delivery:
    """One event on its way."""
    return webhooks.Delivery(**_delivery_members(delivery))


def full_delivery_of(delivery: Delivery, tries: list[Attempt]) -> webhooks.DeliveryInFull:
    """One event on its way, and every try."""
    return webhooks.DeliveryInFull(
        **_delivery_members(delivery),
        body=delivery.body,
        tries=[
            webhooks.Attempt(
                number=one.number,
                at=iso_time(one.at),
                status=one.status,
                error=one.error,
                took_s=one.took_s,
            )
            for one in tries
        ],
    )
