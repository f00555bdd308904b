"""What crun's pages leave open."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class CrunSettings(BaseModel):
    """How the service decides it; the defaults are what a client most likely expects.

    Attributes
    ----------
    http_status : "ok" or "mirror"
        Whether errors are answered with HTTP 200 and a code in the body, or with the code as the
        HTTP status too (455 and 505 are sent as such).
    callback_body : "task" or "envelope"
        Whether a callback's body is the task, or the task inside the usual envelope.
    link_ttl_s : int, seconds
        How long links to uploads, crops and results are good.
    detect_utc_offset_h : float, hours
        In which time zone the times of detections are told, which name none.
    provider : str
        What a task's ``provider`` says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    http_status: Literal["ok", "mirror"] = "mirror"
    callback_body: Literal["task", "envelope"] = "task"
    link_ttl_s: int = Field(default=3 * 86400, ge=60)
    detect_utc_offset_h: float = Field(default=0.0, ge=-12, le=14)
    provider: str = Field(default="Personae", max_length=100)
