"""What is too much: sizes, rates, and times that things are kept."""

from __future__ import annotations

from pydantic import BaseModel, Field

from personae.hosting.retention import RetentionSettings
from personae.hosting.settings.kinds import DAY_S, GIB, MIB, Words


class LimitSettings(BaseModel):
    """Bounds on requests, and on what is kept."""

    upload_limit_bytes: int = Field(2 * GIB, ge=1, description="The largest upload.")
    json_limit_bytes: int = Field(MIB, ge=1024, description="The longest body of other calls.")
    inline_limit_bytes: int = Field(
        64 * MIB,
        ge=1024,
        description="The longest body of a vendor's call that may hold pictures as base64; about "
        "twice that is held in memory while it is read.",
    )
    fetch_timeout_s: float = Field(120.0, ge=1.0, description="Longest download, in seconds.")
    fetch_allow: Words = Field(
        [],
        description="Hosts, addresses or networks that URLs may lead to although they are private.",
    )
    retention: RetentionSettings = Field(
        RetentionSettings(),
        description="How long each kind of thing is kept: `30m`, `12h`, `7d`, `2w`, seconds, or "
        "`never` for faces.",
    )
    asset_ttl_s: float | None = Field(
        None, ge=60.0, description="Older name of `retention`'s uploads and imports, which win."
    )
    output_ttl_s: float | None = Field(
        None, ge=60.0, description="Older name of `retention`'s outputs and stills, which win."
    )
    # Not below a day: until then idempotency keys name tasks.
    task_retention_s: float = Field(
        30 * DAY_S,
        ge=DAY_S,
        description="Seconds that finished tasks without files, and what was sent about them, are "
        "remembered.",
    )
    url_ttl_s: int = Field(
        3600, ge=10, le=7 * int(DAY_S), description="Seconds that links to files work."
    )
    rate_per_s: float = Field(
        20.0, gt=0, description="Requests of one key, counted by each API process for itself."
    )
    rate_burst: int = Field(200, ge=1, description="How many of them may come at once.")
    wrong_keys_per_s: float = Field(
        0.5,
        gt=0,
        description="Wrong keys from one address, counted by each API process for itself; keys "
        "that were right go on working from there.",
    )
    wrong_keys_burst: int = Field(50, ge=1, description="How many of them may come at once.")
    inspect: bool = Field(True, description="Let anybody ask whether a file was made here.")
    inspect_per_minute: int = Field(
        10,
        ge=1,
        le=10_000,
        description="How often from one address, counted by each API process for itself.",
    )
    inspect_limit_bytes: int = Field(
        256 * MIB, ge=1024, description="How large such a file may be."
    )
