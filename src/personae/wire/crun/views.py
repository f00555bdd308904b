"""Tasks and detections as crun's clients see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from personae.app import detections
from personae.app.deliver import CallbackBody
from personae.app.links import Links
from personae.domain.media import Asset
from personae.domain.tasks import Task
from personae.wire.crun import answers
from personae.wire.crun.codes import GENERATION_FAILED, SEARCH_STATES, SUCCESS, TASK_STATES
from personae.wire.crun.ids import detect_id_of
from personae.wire.crun.settings import CrunSettings
from personae.wire.vendor import Files, link_to, output_of, plain

_SUCCESS = "success"


@dataclass(frozen=True, slots=True)
class Views:
    """Writes what is shown, with links to files."""

    settings: CrunSettings
    links: Links

    def task(self, task: Task, files: Files) -> answers.TaskInfo:
        """A swap."""
        told: Mapping[str, Any] = task.request["echo"]
        ended = task.finished_at
        started = task.created_at if task.started_at is None else task.started_at
        return answers.TaskInfo(
            task_id=task.dialect_id or "",
            provider=self.settings.provider,
            model_version=told["model"],
            status=cast("Any", TASK_STATES[task.status]),
            param=answers.Param(**told),
            create_at=int(task.created_at),
            result=self._outcome(task, files) if task.final else None,
            duration_s=None if ended is None else round(max(0.0, ended - started), 3),
            complete_at=None if ended is None else int(ended),
            credits=task.credits_charged if task.final else task.credits_held,
        )

    def _outcome(self, task: Task, files: Files) -> answers.Outcome:
        usage = {"credits": task.credits_charged}
        if task.status != "succeeded":
            why = "The task failed." if task.error is None else plain(task.error.message)
            return answers.Outcome(
                code=GENERATION_FAILED, message=why, media_urls=[], media_info={}, usage=usage
            )
        output = output_of(task, files)
        gone = output is None
        return answers.Outcome(
            code=SUCCESS,
            message=_SUCCESS,
            media_urls=[] if gone else [link_to(self.links, output, self.settings.link_ttl_s)],
            media_info={} if gone else _facts_of(output),
            usage=usage,
        )

    def search(self, task: Task, files: Files) -> answers.Search:
        """A detection."""
        name, status = task.dialect_id or "", SEARCH_STATES[task.status]
        error = None if task.error is None else plain(task.error.message)
        return answers.Search(
            detect_task_id=name,
            status=cast("Any", status),
            error=error,
            result=self._found(task, name, files) if task.status == "succeeded" else None,
        )

    def _found(self, task: Task, name: str, files: Files) -> answers.Found:
        return answers.Found(
            id=detect_id_of(name),
            faces=[
                answers.FoundFace(id=face["face_id"], link=self._crop(face, files))
                for face in detections.public_faces(task)
            ],
            started_at=self._naive(task.started_at),
            finished_at=self._naive(task.finished_at),
        )

    def _crop(self, face: Mapping[str, Any], files: Files) -> str:
        """A link to a face's crop, even if that is gone: it also names the face."""
        crop, ttl_s = files.get(face["crop_asset_id"]), self.settings.link_ttl_s
        if crop is None:
            return self.links.url(face["crop_asset_id"], "face", ttl_s)
        return link_to(self.links, crop, ttl_s)

    def _naive(self, at: float | None) -> str | None:
        """A time without a zone."""
        if at is None:
            return None
        there = datetime.fromtimestamp(at, UTC) + timedelta(hours=self.settings.detect_utc_offset_h)
        return there.strftime("%Y-%m-%d %H:%M:%S")


def callback_body(settings: CrunSettings, links: Links) -> CallbackBody:
    """How a client is told of a finished task: as TaskInfo would."""
    views = Views(settings, links)

    def body(task: Task, files: Mapping[str, Asset]) -> dict[str, Any]:
        shown = views.task(task, files)
        told = shown.model_dump(mode="json")
        if settings.callback_body == "task" or shown.result is None:
            return told
        return {"code": shown.result.code, "message": shown.result.message, "data": told}

    return body


def _facts_of(output: Asset) -> dict[str, Any]:
    facts = output.facts
    told = {
        "content_type": output.content_type,
        "width": None if facts is None else facts.width,
        "height": None if facts is None else facts.height,
        "size": output.size_bytes,
        "duration": None if facts is None else facts.duration_s,
    }
    return {name: value for name, value in told.items() if value is not None}
