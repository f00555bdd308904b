"""What tasks may be made with, and which vendors' words they may come in."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from personae.domain.engines import MESH
from personae.hosting.settings.kinds import Pairs, Words, known_words
from personae.wire.a2e.settings import A2eSettings
from personae.wire.aifaceswap.settings import AifaceswapSettings
from personae.wire.crun.settings import CrunSettings
from personae.wire.vidnoz.settings import VidnozSettings

DIALECTS: Final = ("a2e", "crun", "aifaceswap", "vidnoz")


class EngineSettings(BaseModel):
    """Engines and models that tasks may use."""

    engines: Words = Field(
        [MESH], description="What tasks may be swapped with: `mesh` and names of swappers."
    )
    engine_steps: Words = Field(
        [], description="Which restorers, occluders and parsers they may use."
    )
    default_engine: str = Field(
        "",
        description="Of tasks that name neither an engine nor a quality; empty: `mesh`, or the "
        "first of `engines` without it.",
    )
    default_quality: Literal["draft", "standard", "best"] = Field(
        "standard", description="What chooses what a task leaves open."
    )
    permissive_only: bool = Field(
        False,
        description="Refuse models whose licence is not permissive, whatever was accepted for "
        "them.",
    )

    @field_validator("engines", "engine_steps")
    @classmethod
    def _once_each(cls, value: list[str]) -> list[str]:
        return list(dict.fromkeys(value))

    @field_validator("engines")
    @classmethod
    def _some_engine(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError(f"name at least one, such as {MESH}")
        return value

    @model_validator(mode="after")
    def _default_is_offered(self) -> EngineSettings:
        if self.default_engine and self.default_engine not in self.engines:
            raise ValueError(
                f"default_engine is {self.default_engine}, which is none of engines: "
                f"{', '.join(self.engines)}"
            )
        return self


class DialectSettings(BaseModel):
    """The vendors whose APIs are served, and what their pages leave open."""

    dialects: Words = Field(list(DIALECTS), description="Vendors whose APIs are served.")
    hosts: Pairs = Field(
        {},
        description="Host names that speak a dialect at their root; in the environment "
        "`a2e=a2e.example.com,…`.",
    )
    a2e: A2eSettings = Field(A2eSettings(), description="What A2E's pages leave open.")
    crun: CrunSettings = Field(CrunSettings(), description="What crun's pages leave open.")
    aifaceswap: AifaceswapSettings = Field(
        AifaceswapSettings(), description="What aifaceswap's pages leave open."
    )
    vidnoz: VidnozSettings = Field(VidnozSettings(), description="What Vidnoz's pages leave open.")

    @field_validator("dialects")
    @classmethod
    def _known_dialects(cls, value: list[str]) -> list[str]:
        return known_words(value, DIALECTS)
