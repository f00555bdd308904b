"""What nobody gets, and what people have to say first."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, field_validator

from personae.app.submit import FEATURES
from personae.domain.gate import EVERY_ENDS_S, EVERY_S, LIMIT
from personae.domain.register import DISTANCE
from personae.errors import InvalidRequest
from personae.hosting.refused import refused_files
from personae.hosting.settings.kinds import Words, known_words


class SafetySettings(BaseModel):
    """The content gate, the register, consent, labels, and what is switched off."""

    maintenance: bool = Field(False, description="Refuse everything but reading.")
    disabled_features: Words = Field(
        [], description=f"Of {', '.join(f'`{one}`' for one in FEATURES)}: what nobody may use."
    )
    refused_files: Words = Field(
        [], description="Files that nobody may use: SHA-256 hashes, or text files of them."
    )
    register_distance: float = Field(
        DISTANCE,
        gt=0,
        le=2.0,
        description="How near a face has to be to somebody's in the do-not-swap register, as "
        "1 - cosine, to be taken for theirs.",
    )
    content_gate: bool = Field(
        True, description="Look for nudity and sex in donors, scenes and outputs."
    )
    gate_donor: float = Field(
        LIMIT,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="The highest score of a donor that passes; 1 refuses nothing.",
    )
    gate_scene: float = Field(
        LIMIT, ge=0, le=1, allow_inf_nan=False, description="That of a scene."
    )
    gate_output: float = Field(
        LIMIT, ge=0, le=1, allow_inf_nan=False, description="That of an output."
    )
    gate_every_s: float = Field(
        EVERY_S,
        ge=EVERY_ENDS_S[0],
        le=EVERY_ENDS_S[1],
        description="Seconds between looks at a clip.",
    )
    allow_unsafe: bool = Field(
        False, description="Let a request do without the content gate that asks to."
    )
    consent: Literal["required", "terms", "off"] = Field(
        "terms",
        description="What has to be said of the consent of the people shown: `required`, `terms` "
        "(implied by them) or `off`.",
    )
    terms_version: str = Field(
        "", max_length=200, description="What records of consent call your terms."
    )
    label_font: Path | None = Field(
        None,
        description="A TTF or OTF that visible labels are drawn with, the same on every worker; "
        "built-in letters without it.",
    )

    @field_validator("refused_files")
    @classmethod
    def _readable_lists(cls, value: list[str]) -> list[str]:
        try:
            refused_files(value)
        except InvalidRequest as error:
            raise ValueError(error.message) from error
        return value

    @field_validator("disabled_features")
    @classmethod
    def _known_features(cls, value: list[str]) -> list[str]:
        return known_words(value, FEATURES)

    @field_validator("label_font")
    @classmethod
    def _font_there(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("there is no such file")
        return None if value is None else value.absolute()
