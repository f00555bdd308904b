"""What swaps can be done with, and what a swap says of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from personae.wire.native.models.common import Given, Shown

ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]


class EngineOptions(Given):
    """What the engine and the steps beside it do; `GET /engines` tells what there is."""

    boost_px: int | None = Field(
        default=None,
        ge=1,
        le=8192,
        description="The side of the crops that the engine works at; one of its `sizes_px`.",
        examples=[512],
    )
    likeness: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Below 0.5 the new face leans to the scene's person, above away from them.",
        examples=[0.5],
    )
    restorer: ModelName | None = Field(
        default=None,
        description="What `restore` uses: a model, `classical`, or `off`.",
        examples=["classical"],
    )
    occluders: list[ModelName] | None = Field(
        default=None,
        max_length=8,
        description="Models that keep what is before a face; an empty list for none.",
        examples=[[]],
    )
    parser: ModelName | None = Field(
        default=None,
        description="The model that tells a face's regions apart, or `off`.",
        examples=["off"],
    )
    regions: list[Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")]] = Field(
        default=[],
        max_length=32,
        description="What of a face is swapped, by the parser's names; everything if empty.",
        examples=[[]],
    )


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
