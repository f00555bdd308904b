"""What aifaceswap's page leaves open."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class AifaceswapSettings(BaseModel):
    """How the service decides it; the defaults are what a client most likely expects.

    Attributes
    ----------
    video_type, multi_video_type : int
        ``type`` in the webhook of a video; the page names 1 and 2 only, for pictures.
    restore : float, (0, 1]
        How strongly ``enhance`` 1 and 2 restore faces.
    wait_s : float, seconds
        How long the two calls that answer at once may take.
    link_ttl_s : int, seconds
        How long links to results are good.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    video_type: int = 3
    multi_video_type: int = 4
    restore: float = Field(default=0.8, gt=0, le=1)
    wait_s: float = Field(default=30.0, gt=0)
    link_ttl_s: int = Field(default=3 * 86400, ge=60)
