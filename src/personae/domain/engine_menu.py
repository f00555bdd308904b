"""Which engines a service offers, and what a request gets of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from personae.domain.engines import (
    CLASSICAL,
    MESH,
    MESH_FACTS,
    OFF,
    QUALITIES,
    EngineChoice,
    EngineFacts,
    EngineOptions,
    StepFacts,
)
from personae.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Level:
    """What one of `QUALITIES` stands for here.

    Attributes
    ----------
    boost_px : int
        The largest crops that an engine works at, unless its own are larger.
    restore : float, range [0, 1]
        The least strength of restoring.
    """

    engine: str = MESH
    boost_px: int = 0
    restorer: str = CLASSICAL
    restore: float = 0.0
    occluders: tuple[str, ...] = ()
    parser: str = OFF


@dataclass(frozen=True, slots=True)
class EngineMenu:
    """What tasks may use, and what they get that name nothing.

    Attributes
    ----------
    engines : tuple of EngineFacts
        At least one.
    steps : tuple of StepFacts
    default_engine : str
        Of a request that names neither an engine nor a quality.
    default_quality : str
        Which chooses everything else that a request leaves open.
    levels : mapping
        By the names of `QUALITIES`.
    """

    engines: tuple[EngineFacts, ...] = (MESH_FACTS,)
    steps: tuple[StepFacts, ...] = ()
    default_engine: str = MESH
    default_quality: str = "standard"
    levels: Mapping[str, Level] = field(
        default_factory=lambda: dict.fromkeys(QUALITIES, Level()), hash=False
    )

    def choose(
        self,
        engine: str | None = None,
        quality: str | None = None,
        options: EngineOptions | None = None,
        restore: float = 0.0,
    ) -> EngineChoice:
        """What a request gets.

        Parameters
        ----------
        restore : float, range [0, 1]
            How much it wants new faces restored.

        Raises
        ------
        InvalidRequest
            If it names what is not offered, or what does not fit together.
        """
        asked = options or EngineOptions()
        word = quality or self.default_quality
        level = self.levels.get(word)
        if level is None:
            raise InvalidRequest(f"The quality is one of {', '.join(QUALITIES)}, not {word}.")
        facts = self._engine(engine or (level.engine if quality else self.default_engine))
        restorer, least = self._restorer(asked, level, restore)
        occluders = level.occluders if asked.occluders is None else asked.occluders
        for name in occluders:
            self._step(name, "occluder")
        return EngineChoice(
            facts.name,
            word,
            _boost_px(facts, asked, level),
            _likeness(facts, asked),
            restorer,
            least,
            tuple(dict.fromkeys(occluders)),
            self._parser(asked, level),
            tuple(dict.fromkeys(asked.regions)),
        )

    def names(self, role: str) -> list[str]:
        """The steps of a role."""
        return [step.name for step in self.steps if step.role == role]

    def _engine(self, name: str) -> EngineFacts:
        for facts in self.engines:
            if facts.name == name:
                return facts
        offered = ", ".join(facts.name for facts in self.engines)
        raise InvalidRequest(f"There is no engine {name} here; there is {offered}.")

    def _step(self, name: str, role: str, *others: str) -> StepFacts:
        for step in self.steps:
            if (step.name, step.role) == (name, role):
                return step
        offered = [*others, *self.names(role)]
        there = f"there is {', '.join(offered)}" if offered else "there is none"
        raise InvalidRequest(f"There is no {role} {name} here; {there}.")

    def _restorer(self, asked: EngineOptions, level: Level, restore: float) -> tuple[str, float]:
        """What restores, and how much at least."""
        name = asked.restorer or level.restorer
        if name == OFF:
            if restore > 0:
                raise InvalidRequest("To restore needs a restorer; leave out one of the two.")
            return CLASSICAL, 0.0
        if name == CLASSICAL:  # Its level alone restores only with a model.
            return CLASSICAL, 0.0
        self._step(name, "restorer", CLASSICAL, OFF)
        return name, level.restore

    def _parser(self, asked: EngineOptions, level: Level) -> str:
        name = asked.parser or level.parser
        if asked.regions and asked.parser is None and name == OFF:
            name = next(iter(self.names("parser")), OFF)
        if name == OFF:
            if asked.regions:
                raise InvalidRequest("Regions need a parser, and there is none; leave them out.")
            return OFF
        known = self._step(name, "parser", OFF).regions
        for region in asked.regions:
            if region not in known:
                raise InvalidRequest(
                    f"The parser {name} knows no region {region}; it knows {', '.join(known)}."
                )
        return name


def _boost_px(facts: EngineFacts, asked: EngineOptions, level: Level) -> int | None:
    """The side of the crops that an engine works at."""
    sizes = facts.sizes_px
    if asked.boost_px is not None:
        if asked.boost_px in sizes:
            return asked.boost_px
        if not sizes:
            raise InvalidRequest(f"The engine {facts.name} has no boost_px; leave it out.")
        offered = ", ".join(str(size) for size in sizes)
        raise InvalidRequest(
            f"The engine {facts.name} works at {offered} pixels, not at {asked.boost_px}."
        )
    return max((one for one in sizes if one == sizes[0] or one <= level.boost_px), default=None)


def _likeness(facts: EngineFacts, asked: EngineOptions) -> float:
    if asked.likeness is None:
        return EngineChoice().likeness
    if not facts.has_likeness:
        raise InvalidRequest(f"The engine {facts.name} has no likeness; leave it out.")
    return asked.likeness
