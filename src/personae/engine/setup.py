"""Which engine, and which steps beside it: a choice as plain data."""

from __future__ import annotations

from dataclasses import dataclass

MESH = "mesh"
"""The embedded engine's name."""
CLASSICAL = "classical"
"""The name of the restorer that needs no model."""
OFF = "off"
"""What switches a step off that the level would take."""


@dataclass(frozen=True, slots=True)
class EngineSetup:
    """What an engine is put together of; models by their cards' names.

    Attributes
    ----------
    engine : str
        `MESH` or a swapper.
    boost : int
        By how much crops are larger than the swapper's own; 1 for `MESH`.
    likeness : float, range [0, 1]
        See `NeuralSwapper`.
    restorer : str
        `CLASSICAL`, a model, or `OFF`.
    restore : float, range [0, 1]
        The least strength of restoring that goes with this choice.
    occluders : tuple of str
        What finds things before a face.
    parser : str
        What tells a face's regions apart; empty for nothing.
    regions : tuple of str
        The parser's regions that get the new face; empty for all that it knows.
    detector : str
        What finds faces at all; empty for the embedded one.
    landmarkers : tuple of str
        What finds the points that a swapper's crops are aligned by; the embedded one if empty.
    """

    engine: str = MESH
    boost: int = 1
    likeness: float = 0.5
    restorer: str = CLASSICAL
    restore: float = 0.0
    occluders: tuple[str, ...] = ()
    parser: str = ""
    regions: tuple[str, ...] = ()
    detector: str = ""
    landmarkers: tuple[str, ...] = ()

    def restoring(self, asked: float) -> float:
        """How strongly faces are restored where `asked` for, [0, 1]; 0 if it is switched off."""
        return 0.0 if self.restorer == OFF else max(asked, self.restore)

    @property
    def models(self) -> tuple[str, ...]:
        """The cards that it asks for by name, without those that these need in turn."""
        named = (self.engine, self.restorer, *self.occluders, self.parser, self.detector)
        named += self.landmarkers
        return tuple(name for name in named if name not in ("", MESH, CLASSICAL, OFF))
