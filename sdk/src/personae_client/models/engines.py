"""What is said of engines, the models beside them, and found files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from personae_client.models.base import Model


@dataclass(frozen=True, kw_only=True)
class Licence(Model):
    """Under which terms a model's author gives it away; ask the operator what follows for you."""

    name: str
    url: str | None = None
    permissive: bool
    """Whether it lets anybody use the model for anything, also for money."""


@dataclass(frozen=True, kw_only=True)
class Engine(Model):
    """What makes new faces."""

    name: str
    """What a swap's `engine` says."""
    summary: str
    licence: Licence
    default: bool
    """Whether swaps get it that name neither an engine nor a quality."""
    sizes_px: tuple[int, ...]
    """What `engine_options.boost_px` can be; the first is the engine's own."""
    has_likeness: bool
    """Whether `engine_options.likeness` can be given."""
    price_factor: float
    """What it costs relative to the list price."""


@dataclass(frozen=True, kw_only=True)
class Step(Model):
    """A model beside the engine."""

    name: str
    role: Literal["restorer", "occluder", "parser"]
    summary: str
    licence: Licence
    regions: tuple[str, ...]
    """Of a parser: what `engine_options.regions` can name."""


@dataclass(frozen=True, kw_only=True)
class Quality(Model):
    """What a quality stands for, where a swap names nothing else."""

    name: Literal["draft", "standard", "best"]
    default: bool
    """Whether swaps get it that name no quality."""
    engine: str
    """Of swaps that name this quality and no engine."""
    restorer: str
    restore: float
    """How much new faces are restored at least, with a model."""
    occluders: tuple[str, ...]
    parser: str
    price_factor: float
    """What it costs relative to the list price."""


@dataclass(frozen=True, kw_only=True)
class Engines(Model):
    """What swaps can be done with here."""

    engines: tuple[Engine, ...]
    steps: tuple[Step, ...]
    """Further models; the restorer `classical` is always there."""
    qualities: tuple[Quality, ...]


@dataclass(frozen=True, kw_only=True)
class Origin(Model):
    """When this service made it."""

    made_at: datetime | None = None
    still_here: bool
    """Whether the service still keeps the output."""
    task_id: str | None = None
    """The task that made it; only told to the key of the tenant whose it is."""


@dataclass(frozen=True, kw_only=True)
class Mark(Model):
    """The invisible mark in the pixels."""

    number: str
    """Ten hexadecimal digits."""
    confidence: float
    """How sure it is that this is a mark."""
    origin: Origin | None = None
    """The task of this service that has this mark; null if it is another's."""


@dataclass(frozen=True, kw_only=True)
class Inspection(Model):
    """What is known of a file."""

    verdict: Literal["exact", "marked", "claimed", "unknown"]
    """exact: these bytes came from here. marked: it carries the mark of a task of this service.
    claimed: a mark or a manifest says that Personae made it. unknown: nothing says so, which
    proves nothing."""
    sha256: str
    size_bytes: int
    kind: str
    """picture, animation, video or sound."""
    exact: Origin | None = None
    """Who made these very bytes; null if nobody here."""
    mark: Mark | None = None
    """The invisible mark; null if none was found."""
    manifest: Mapping[str, Any] | None = None
    """What the C2PA manifest says and whether it holds; null if there is none."""
