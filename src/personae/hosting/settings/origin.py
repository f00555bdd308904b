"""How outputs say where they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from personae.hosting.settings.kinds import starting


class OriginSettings(BaseModel):
    """Marks, manifests and who signs them."""

    marks: bool = Field(True, description="Let new faces carry the number of their task invisibly.")
    manifests: bool = Field(True, description="Write into outputs, signed, where they come from.")
    signing_cert: str = Field(
        "",
        description="The chain that signs: a PEM file, or its text. Empty: a local certificate, "
        "made once, which nobody else has a reason to trust.",
    )
    signing_key: str = Field(
        "", repr=False, description="The key that signs: a PEM file, or its text."
    )
    signing_alg: Literal["auto", "es256", "es384", "es512", "ps256", "ed25519"] = Field(
        "auto", description="How it signs; `auto` takes the key's."
    )
    signing_dir: Path | None = Field(
        None,
        description="Folder of the local certificate; `signing` in the data folder without it.",
    )
    timestamp_url: str = Field(
        "", description="An RFC 3161 authority that confirms when outputs were signed."
    )
    trust_anchors: str = Field(
        "",
        description="Authorities whose manifests are trusted in inspections: a PEM file, or its "
        "text.",
    )

    @field_validator("signing_dir", mode="before")
    @classmethod
    def _none_if_empty(cls, value: Any) -> Any:
        """Not the current folder, which is what an empty path would be."""
        return value or None

    @field_validator("timestamp_url")
    @classmethod
    def _plain_authority(cls, value: str) -> str:
        return starting(value, "http://", "https://")
