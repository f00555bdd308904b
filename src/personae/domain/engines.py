"""What a request may say of an engine, what comes of it, and what is told of engines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

from personae.errors import InvalidRequest

QUALITIES: Final = ("draft", "standard", "best")
MESH: Final = "mesh"
"""The engine that needs no model."""
CLASSICAL: Final = "classical"
"""The restorer that needs no model."""
OFF: Final = "off"
_PLAIN: Final = "draft"
"""The level of media jobs: it adds nothing to what they are told by name."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What a request may say of an engine and the steps beside it; None leaves it open.

    Attributes
    ----------
    boost_px : int, optional
        The side of the crops that the engine works at.
    likeness : float, range [0, 1], optional
        Below 0.5 it leans to the scene's person, above away from that person.
    restorer : str, optional
        A model, `CLASSICAL` or `OFF`.
    occluders : tuple of str, optional
        Models that find things before a face; empty for none.
    parser : str, optional
        A model that tells a face's regions apart, or `OFF`.
    regions : tuple of str
        What of a face is swapped, by the parser's names; empty for all.
    """

    boost_px: int | None = None
    likeness: float | None = None
    restorer: str | None = None
    occluders: tuple[str, ...] | None = None
    parser: str | None = None
    regions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.likeness is not None and not 0 <= self.likeness <= 1:
            raise InvalidRequest(f"The likeness must lie between 0 and 1, not {self.likeness}.")

    def to_json(self) -> dict[str, Any]:
        """Plain values: those that were given."""
        given = {name: value for name, value in asdict(self).items() if value not in (None, ())}
        if self.regions:
            given["regions"] = list(self.regions)
        # An empty list asks for none of them.
        return given if self.occluders is None else given | {"occluders": list(self.occluders)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> EngineOptions:
        """What `to_json` wrote."""
        return cls(**with_tuples(values))


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """What a task is done with, by name, so that every worker does the same.

    Attributes
    ----------
    engine : str
    quality : str
        Of `QUALITIES`: which the choice was made by.
    boost_px : int, optional
        None of an engine that knows no such thing.
    restorer : str
        A model or `CLASSICAL`.
    restore : float, range [0, 1]
        The least strength of restoring.
    parser : str
        A model or `OFF`.
    """

    engine: str = MESH
    quality: str = "standard"
    boost_px: int | None = None
    likeness: float = 0.5
    restorer: str = CLASSICAL
    restore: float = 0.0
    occluders: tuple[str, ...] = ()
    parser: str = OFF
    regions: tuple[str, ...] = ()

    def job_options(self, restore: float) -> dict[str, Any]:
        """A media job's options; `restore` is the strength that the request asks for.

        Everything is named, so that nothing follows from what a worker happens to have installed.
        """
        told: dict[str, Any] = {
            "level": _PLAIN,
            "engine": self.engine,
            "boost_px": self.boost_px,
            "likeness": self.likeness,
            "restorer": self.restorer,
            "restore": self.strength(restore),
            "occluders": list(self.occluders),
            "parser": self.parser,
            "regions": list(self.regions),
        }
        return {name: value for name, value in told.items() if value is not None}

    @classmethod
    def of_job(cls, options: Mapping[str, Any]) -> EngineChoice:
        """What a media job's options, from `job_options` and others, are done with."""
        names = ("engine", "restorer", "occluders", "parser")
        return cls.from_json({name: options[name] for name in names if name in options})

    @property
    def needs_models(self) -> bool:
        """Whether it is more than the embedded engine."""
        plain = (self.engine, self.restorer, self.parser) == (MESH, CLASSICAL, OFF)
        return not plain or bool(self.occluders)

    def strength(self, restore: float) -> float:
        """How much new faces are restored when a request asks for `restore`, in [0, 1]."""
        return max(restore, self.restore)

    def to_json(self) -> dict[str, Any]:
        """Plain values: those that are not the usual ones."""
        given = {k: v for k, v in asdict(self).items() if v != getattr(_USUAL, k)}
        lists = {k: list(given[k]) for k in ("occluders", "regions") if k in given}
        return given | lists

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> EngineChoice:
        """What `to_json` wrote."""
        return cls(**with_tuples(values))


_USUAL: Final = EngineChoice()


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """An engine that tasks may use.

    Attributes
    ----------
    licence : str
        Its name, as the model's author states it.
    sizes_px : tuple of int
        The sides of crops that it works at; empty if it knows no such thing.
    has_likeness : bool
        Whether `EngineOptions.likeness` means something to it.
    """

    name: str
    summary: str
    licence: str
    licence_url: str = ""
    permissive: bool = True
    sizes_px: tuple[int, ...] = ()
    has_likeness: bool = False


@dataclass(frozen=True, slots=True)
class StepFacts:
    """A model beside the engine that tasks may use.

    Attributes
    ----------
    role : "restorer", "occluder" or "parser"
    regions : tuple of str
        Of a parser: what it tells apart.
    """

    name: str
    role: str
    summary: str
    licence: str
    licence_url: str = ""
    permissive: bool = True
    regions: tuple[str, ...] = ()


MESH_FACTS: Final = EngineFacts(
    MESH,
    "Carries the donor's skin over a mesh of the scene's face; built in, it needs no model.",
    "Apache-2.0",
)


def with_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of JSON, with its lists as the domain has them."""
    return {
        name: tuple(cast("list[Any]", value)) if isinstance(value, list) else value
        for name, value in values.items()
    }
