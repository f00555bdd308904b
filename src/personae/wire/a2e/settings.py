"""What A2E's pages leave open."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class A2eSettings(BaseModel):
    """How the service decides it; the defaults are what a client most likely expects.

    Attributes
    ----------
    add_face_reply : "library" or "single"
        Whether adding a face answers with all faces, newest first, or with the new one alone.
    status_lists : "unfinished" or "all"
        Which tasks ``status`` tells of when it is asked for none.
    scene_faces : "largest" or "all"
        Which of several people in the target get the new face.
    webhook_body : "event" or "task"
        ``{"event": …, "data": task}``, or the task alone.
    error_data : "null" or "failed_message"
        What ``data`` is in errors: nothing, or an object that has the message once more.
    link_ttl_s : int, seconds
        How long links to uploads and results are good; the vendor's buckets keep files 3 days.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    add_face_reply: Literal["library", "single"] = "library"
    status_lists: Literal["unfinished", "all"] = "unfinished"
    scene_faces: Literal["largest", "all"] = "largest"
    webhook_body: Literal["event", "task"] = "event"
    error_data: Literal["null", "failed_message"] = "null"
    link_ttl_s: int = Field(default=3 * 86400, ge=60)
