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
    link_ttl_s : int, seconds
        How long links to uploads and results are good; the vendor's buckets keep files 3 days.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    add_face_reply: Literal["library", "single"] = "library"
    link_ttl_s: int = Field(default=3 * 86400, ge=60)
