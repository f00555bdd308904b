"""What swaps can be done with."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from personae.wire.native.models.common import Shown


class LicenceShown(Shown):
    """Under which terms a model's author gives it away; ask the operator what follows for you."""

    name: str = Field(examples=["Apache-2.0"])
    url: str | None = Field(examples=[None])
    permissive: bool = Field(
        description="Whether it lets anybody use the model for anything, also for money.",
        examples=[True],
    )


class EngineShown(Shown):
    """What makes new faces."""

    name: str = Field(description="What a swap's `engine` says.", examples=["mesh"])
    summary: str = Field(examples=["Carries the donor's skin over a mesh of the scene's face."])
    licence: LicenceShown
    default: bool = Field(
        description="Whether swaps get it that name neither an engine nor a quality.",
        examples=[True],
    )
    sizes_px: list[int] = Field(
        description="What `engine_options.boost_px` can be; the first is the engine's own.",
        examples=[[128, 256, 512]],
    )
    has_likeness: bool = Field(
        description="Whether `engine_options.likeness` can be given.", examples=[False]
    )
    price_factor: float = Field(
        description="What it costs relative to the list price.", examples=[1.0]
    )


class StepShown(Shown):
    """A model beside the engine."""

    name: str = Field(examples=["gfpgan_1_4"])
    role: Literal["restorer", "occluder", "parser"] = Field(examples=["restorer"])
    summary: str = Field(examples=["Restores faces in crops of 512 pixels."])
    licence: LicenceShown
    regions: list[str] = Field(
        description="Of a parser: what `engine_options.regions` can name.", examples=[[]]
    )


class QualityShown(Shown):
    """What a quality stands for, where a swap names nothing else."""

    name: Literal["draft", "standard", "best"] = Field(examples=["standard"])
    default: bool = Field(description="Whether swaps get it that name no quality.", examples=[True])
    engine: str = Field(
        description="Of swaps that name this quality and no engine.", examples=["mesh"]
    )
    restorer: str = Field(examples=["classical"])
    restore: float = Field(
        description="How much new faces are restored at least, with a model.", examples=[0.0]
    )
    occluders: list[str] = Field(examples=[[]])
    parser: str = Field(examples=["off"])
    price_factor: float = Field(
        description="What it costs relative to the list price.", examples=[1.0]
    )


class Engines(Shown):
    """What swaps can be done with here."""

    engines: list[EngineShown]
    steps: list[StepShown] = Field(
        description="Further models; the restorer `classical` is always there.", examples=[[]]
    )
    qualities: list[QualityShown]
