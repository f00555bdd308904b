"""What aifaceswap's page leaves open."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class AifaceswapSettings(BaseModel):
    """How the service decides it; the defaults are what a client most likely expects.

    Attributes
    ----------
    http_status : "mirror" or "ok"
        Whether errors are answered with their code as the HTTP status too, or with 200.
    scene_faces : "largest" or "all"
        Which faces of the scene the calls for one person change.
    video_type, multi_video_type : int
        ``type`` in the webhook of a video; the page names 1 and 2 only, for pictures.
    video_key : str
        Under which name the webhook of a video gives its address; also under ``result_image``.
    restore : float, (0, 1]
        How strongly ``enhance`` 1 and 2 restore faces.
    wait_s : float, seconds
        How long the two calls that answer at once may take.
    link_ttl_s : int, seconds
        How long links to results are good.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    http_status: Literal["mirror", "ok"] = "mirror"
    scene_faces: Literal["largest", "all"] = "largest"
    video_type: int = 3
    multi_video_type: int = 4
    video_key: str = Field(default="result_video", pattern=r"^[a-z][a-z_]*$")
    restore: float = Field(default=0.8, gt=0, le=1)
    wait_s: float = Field(default=30.0, gt=0, le=600)
    link_ttl_s: int = Field(default=3 * 86400, ge=60)
