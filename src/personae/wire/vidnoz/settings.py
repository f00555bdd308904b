"""What Vidnoz's pages leave open."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class VidnozSettings(BaseModel):
    """How the service decides it; the defaults are what a client most likely expects.

    Attributes
    ----------
    waiting, processing, done : int
        ``status`` of a task; a failed one has one of the 6xx and 7xx codes there.
    http_status : "ok" or "mirror"
        Whether errors are answered with HTTP 200 and a code in the body, or with a fitting HTTP
        status too.
    static_keys : bool
        Whether an API key is taken as the bearer, as the vendor's newer clients send it.
    restore : float, (0, 1]
        How strongly ``is_hd`` 1 restores faces.
    token_ttl_s, upload_ttl_s, link_ttl_s : int, seconds
        Lives of access tokens, of addresses to PUT to, and of links.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    waiting: int = 1
    processing: int = 2
    done: int = 0
    http_status: Literal["ok", "mirror"] = "ok"
    static_keys: bool = True
    restore: float = Field(default=0.8, gt=0, le=1)
    token_ttl_s: int = Field(default=5909, ge=60)
    upload_ttl_s: int = Field(default=1800, ge=60)
    link_ttl_s: int = Field(default=3 * 86400, ge=60)
