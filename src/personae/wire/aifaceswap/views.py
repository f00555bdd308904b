"""Tasks, faces and errors in aifaceswap's words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from personae.app.deliver import CallbackBody
from personae.app.links import Links
from personae.domain.tasks import Task
from personae.wire.aifaceswap.codes import SUCCESS, code_of
from personae.wire.aifaceswap.models import Queued
from personae.wire.aifaceswap.settings import AifaceswapSettings
from personae.wire.problems import Problem
from personae.wire.vendor import Files, link_to, output_of, plain

PICTURE, GROUP = "faceswap", "multi_faceswap"
VIDEO, PEOPLE = "video_faceswap", "multi_video_faceswap"
"""The calls; a task's tariff is one of them, behind videos with `enhance`."""


def tariff_of(call: str, enhance: int) -> str:
    """The row of the price table for a call about videos."""
    return f"{call}_{enhance}"


def type_of(task: Task, settings: AifaceswapSettings) -> int:
    """``type``: what kind of job it was."""
    tariff = str(task.request.get("tariff"))
    if tariff.startswith(PEOPLE):
        return settings.multi_video_type
    if tariff.startswith(VIDEO):
        return settings.video_type
    return 2 if tariff == GROUP else 1


def queued(task: Task) -> Queued:
    """A task that was taken on."""
    return Queued(points=task.credits_held, task_id=str(task.dialect_id))


def webhook_body(
    task: Task, files: Files, settings: AifaceswapSettings, links: Links
) -> dict[str, Any]:
    """What the webhook says of a final task; on failure with our code and a sentence."""
    output = output_of(task, files)
    url = "" if output is None else link_to(links, output, settings.link_ttl_s)
    body: dict[str, Any] = {
        "success": SUCCESS[task.status],
        "type": type_of(task, settings),
        "task_id": task.dialect_id,
        "result_image": url,
    }
    if str(task.request.get("tariff")).startswith((VIDEO, PEOPLE)):
        body[settings.video_key] = url
    restorer = (task.result or {}).get("restorer")
    if restorer is not None:
        body["restorer"] = restorer
    if task.error is not None:
        code = code_of(task.error.code)
        body |= {"code": code, "error": task.error.code, "message": plain(task.error.message)}
    return body


def callback_body(settings: AifaceswapSettings, links: Links) -> CallbackBody:
    """What tells clients of a task's end."""

    def body(task: Task, files: Files) -> dict[str, Any]:
        return webhook_body(task, files, settings, links)

    return body


def task_now(
    task: Task, files: Files, settings: AifaceswapSettings, links: Links
) -> dict[str, Any]:
    """A task at any time: its webhook's body, and how far it is."""
    return {
        **webhook_body(task, files, settings, links),
        "status": task.status,
        "progress": task.progress.percent,
        "points": task.credits_charged if task.final else task.credits_held,
    }


def boxes(task: Task) -> list[list[int]]:
    """The faces that a finished detection found, as whole pixels inside the picture.

    From left to right, which is how ``index`` counts them.
    """
    faces: Sequence[Mapping[str, Any]] = (task.result or {}).get("faces", [])
    return [_box(face) for face in sorted(faces, key=lambda face: face["face_id"])]


def _box(face: Mapping[str, Any]) -> list[int]:
    """All of a face that is in the picture: its crop reaches further, but not over the edge."""
    x1, y1, x2, y2 = face["box_xyxy"]
    left, top, right, bottom = (int(one) for one in face["crop_box_xyxy"])
    box = [
        max(left, math.floor(x1)),
        max(top, math.floor(y1)),
        min(right, math.ceil(x2)),
        min(bottom, math.ceil(y2)),
    ]
    return box if box[0] < box[2] and box[1] < box[3] else [left, top, right, bottom]


def error_body(problem: Problem, request_id: str) -> dict[str, Any]:
    """An error in the vendor's envelope, with our own code for machines."""
    return {
        "code": code_of(problem.code),
        "data": {},
        "message": problem.detail,
        "error": problem.code,
        "request_id": request_id,
    }
