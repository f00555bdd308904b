"""What Vidnoz's pages leave open."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class VidnozSettings(BaseModel):
    """How the service decides it; the defaults are what a client most likely expects.

    Attributes
    ----------
    waiting, processing, done : int
        ``status`` of a task; a failed one has one of the 6xx, 7xx and 8xx codes there.
    http_status : "ok" or "mirror"
        The HTTP status of errors. "ok": 200 with the code in the body, but for a bad token (401),
        a failure of the service (500, 503), and an address or a method that is not there (404,
        405), which proxies and HTTP libraries act on. "mirror": a fitting status for each.
    static_keys : bool
        Whether an API key is taken as the bearer, as the vendor's newer clients send it.
    restore : float, (0, 1]
        How strongly ``is_hd`` 1 restores faces.
    several_in_target : "refuse" or "largest"
        What becomes of a new face's photo that shows several people: code 603, or the largest face
        is taken.
    several_in_main : "refuse" or "largest"
        The same of the picture that a single swap edits. In a video it is always the largest.
    token_ttl_s, upload_ttl_s, link_ttl_s : int, seconds
        Lives of access tokens, of addresses to PUT to, and of links.
    upload_wait_s : int, seconds
        How long after it was asked for an upload may be used for the first time.
    file_limit_bytes : int
        The largest file that is taken (code 704).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    waiting: int = 1
    processing: int = 2
    done: int = 0
    http_status: Literal["ok", "mirror"] = "ok"
    static_keys: bool = True
    restore: float = Field(default=0.8, gt=0, le=1)
    several_in_target: Literal["refuse", "largest"] = "refuse"
    several_in_main: Literal["refuse", "largest"] = "largest"
    token_ttl_s: int = Field(default=5909, ge=60)
    upload_ttl_s: int = Field(default=1800, ge=60, le=3600)
    link_ttl_s: int = Field(default=3 * 86400, ge=60)
    upload_wait_s: int = Field(default=86400, ge=60)
    file_limit_bytes: int = Field(default=500 << 20, ge=1)

    @model_validator(mode="after")
    def _tell_states_apart(self) -> VidnozSettings:
        states = {self.waiting, self.processing, self.done}
        if len(states) != 3 or any(600 <= one < 900 for one in states):
            raise ValueError("waiting, processing and done differ, and none is an error code")
        return self
