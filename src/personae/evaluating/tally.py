"""One engine's results as they come, and what is made of them at the end."""

from __future__ import annotations

from dataclasses import dataclass

from personae.engine.setup import EngineSetup
from personae.engine.types import Face, UInt8
from personae.evaluating.features import Features
from personae.evaluating.frechet import Gaussian, frechet_distance
from personae.evaluating.rows import WITH_PICTURES, Row
from personae.evaluating.shots import Shots, Showcase, shot
from personae.evaluating.stills import Seen
from personae.evaluating.table import Summary, summarise


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What came of one engine; ``setup``: what it was put together of, where that is known."""

    engine: str
    pictures: Summary
    clips: Summary
    rows: tuple[Row, ...]
    showcase: Showcase
    setup: EngineSetup | None = None


class Tally:
    """One engine's results so far; pictures of a few rows are kept, and none at full size.

    Parameters
    ----------
    engine : str
    worst, best : int
        Rows with pictures.
    features : Features, optional
        What the FID is made with.
    """

    def __init__(self, engine: str, worst: int, best: int, features: Features | None) -> None:
        self._engine = engine
        self._features = features
        self._showcase = Showcase(worst, best)
        self._rows: list[Row] = []
        self._scenes, self._outputs = Gaussian(), Gaussian()

    @property
    def has_output(self) -> bool:
        """Whether the engine has ever made anything."""
        return any(row.outcome in ("swapped", "output_without_face") for row in self._rows)

    def add(self, row: Row, seen: Seen | None, portrait: bytes) -> None:
        """Take in one row, with what it was measured on and the donor's picture."""
        self._rows.append(row)
        output = None if seen is None else seen.output
        if seen is not None and seen.face is not None and output is not None:
            self._count_features(row, seen.scene, output, seen.face)
        if row.outcome in WITH_PICTURES and self._showcase.wants(row):
            scene = b"" if seen is None else shot(seen.scene, seen.face)
            made = b"" if seen is None or output is None else shot(output, seen.face)
            self._showcase.add(row, Shots(portrait, scene, made))

    def _count_features(self, row: Row, scene: UInt8, output: UInt8, face: Face) -> None:
        if self._features is not None and row.kind == "picture":
            self._scenes.add(self._features.of(scene, face))
            self._outputs.add(self._features.of(output, face))

    def result(self) -> Result:
        """What came of it all."""
        enough = min(self._scenes.count, self._outputs.count) >= 2
        fid = frechet_distance(self._scenes, self._outputs) if enough else None
        return Result(
            self._engine,
            summarise([row for row in self._rows if row.kind == "picture"], fid),
            summarise([row for row in self._rows if row.kind == "clip"]),
            tuple(self._rows),
            self._showcase,
        )
