"""Tasks, previews and faces as A2E shows them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from personae.app.filenames import suffix_for
from personae.app.hooks import iso_time
from personae.app.links import Links
from personae.domain.media import Asset, MediaFacts, SavedFace
from personae.domain.tasks import Task
from personae.domain.tenants import Tenant
from personae.wire.a2e.codes import STATES, error_of
from personae.wire.a2e.settings import A2eSettings
from personae.wire.vendor import Files, link_to, output_of, plain, stem_of

_STEM_CHARS = 80


def seconds_of(facts: MediaFacts | None) -> int:
    """A video's ``duration``; 0 for pictures, and for what nobody has measured yet."""
    if facts is None or facts.kind == "picture":
        return 0
    return _whole(facts.duration_s)


def object_id(created_at: float, name: str) -> str:
    """An id as the vendor has them, always the same, for what has another name here."""
    return f"{int(created_at) & 0xFFFFFFFF:08x}{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def user_id(tenant: Tenant) -> str:
    """What the vendor would call a tenant."""
    return object_id(tenant.created_at, tenant.id)


def new_task(task: Task) -> dict[str, Any]:
    """A task as ``add`` answers it."""
    told = _echo(task)
    return {
        "name": told["name"],
        "video_url": told["video_url"],
        "duration": _duration(task),
        "face_url": told["face_url"],
        "current_status": STATES[task.status],
        "result_url": "",
        "error_code": "",
        "faild_message": "",
        "failed_message": "",
        "failed_code": None,
        "_id": task.dialect_id,
        "createdAt": iso_time(task.created_at),
        "updatedAt": iso_time(task.created_at),
    }


def task_row(task: Task, files: Files, links: Links, settings: A2eSettings) -> dict[str, Any]:
    """A task in full, as ``records`` has it."""
    message = _message(task)
    ended = task.status == "succeeded"
    row = new_task(task)
    row |= {
        "result_url": result_url(task, files, links, settings),
        "error_code": str(error_of(task.error)) if task.final else "",
        "faild_message": message,
        "failed_message": message,
        "failed_code": None if task.error is None else task.error.code,
        "updatedAt": iso_time(task.finished_at or task.started_at or task.created_at),
        "initialized_time": iso_time(task.created_at),
        "processing_time": None if task.started_at is None else iso_time(task.started_at),
        "completed_time": iso_time(task.finished_at) if ended and task.finished_at else None,
    }
    return row


def task_state(task: Task, files: Files, links: Links, settings: A2eSettings) -> dict[str, Any]:
    """A task as ``status`` tells it: here the error's number is a number."""
    message = None if task.error is None else plain(task.error.message)
    return {
        "current_status": STATES[task.status],
        "result_url": result_url(task, files, links, settings),
        "error_code": error_of(task.error) if task.final else None,
        "faild_message": message,
        "failed_message": message,
        "failed_code": None if task.error is None else task.error.code,
        "_id": task.dialect_id,
    }


def preview(
    task: Task, tenant: Tenant, files: Files, links: Links, settings: A2eSettings
) -> dict[str, Any]:
    """A preview; what went wrong is there only if something did."""
    told = _echo(task)
    shown: dict[str, Any] = {
        "video_url": told["video_url"],
        "face_url": told["face_url"],
        "current_status": STATES[task.status],
        "result_url": result_url(task, files, links, settings),
        "_id": task.dialect_id,
        "user_id": user_id(tenant),
    }
    if task.error is not None:
        shown |= {
            "error_code": str(error_of(task.error)),
            "faild_message": plain(task.error.message),
            "failed_message": plain(task.error.message),
            "failed_code": task.error.code,
        }
    return shown


def result_url(task: Task, files: Files, links: Links, settings: A2eSettings) -> str:
    """A link to what a task made, named as the vendor does: both files and the milliseconds."""
    made = output_of(task, files)
    if made is None or task.status != "succeeded":
        return ""
    told = _echo(task)
    stems = [stem_of(told[name])[:_STEM_CHARS] for name in ("video_url", "face_url")]
    name = f"{'_'.join([*stems, str(int(made.created_at * 1000))])}{suffix_for(made.content_type)}"
    return link_to(links, made, settings.link_ttl_s, name)


def face(saved: SavedFace) -> dict[str, Any]:
    """A saved face; its URL is the client's own."""
    return {
        "face_url": saved.source_url,
        "_id": saved.dialect_id,
        "createdAt": iso_time(saved.created_at),
        "updatedAt": iso_time(saved.created_at),
    }


def webhook_body(links: Links, settings: A2eSettings) -> Callable[[Task, Files], dict[str, Any]]:
    """How clients are told of a task's end."""

    def body(task: Task, files: Files) -> dict[str, Any]:
        row = task_row(task, files, links, settings)
        if settings.webhook_body == "task":
            return row
        event = "task.completed" if task.status == "succeeded" else "task.failed"
        return {"event": event, "data": row}

    return body


def upload(asset: Asset, url: str, links: Links, settings: A2eSettings) -> dict[str, Any]:
    """Where to PUT a file, and its link, which is good before the file is there."""
    return {"uploadUrl": url, "cdnUrl": link_to(links, asset, settings.link_ttl_s)}


def _message(task: Task) -> str | None:
    """``faild_message`` of a record: empty until the end, null if all went well."""
    if task.error is not None:
        return plain(task.error.message)
    return None if task.final else ""


def _duration(task: Task) -> int:
    """As measured at the end, or else when the task came."""
    measured = (task.result or {}).get("duration_s")
    return int(_echo(task).get("duration", 0)) if measured is None else _whole(measured)


def _whole(seconds: float | None) -> int:
    """Whole seconds, as many as are nearest; one of anything shorter."""
    return 0 if seconds is None else max(1, round(seconds))


def _echo(task: Task) -> dict[str, Any]:
    return task.request.get("echo") or {"name": "", "video_url": "", "face_url": ""}
