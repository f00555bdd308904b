"""What is kept of each pair."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Final, Literal

Outcome = Literal[
    "swapped",
    "output_without_face",
    "scene_without_face",
    "donor_without_face",
    "donor_refused",
    "gate_refused",
    "unreadable",
    "failed",
]
"""How a pair ended; `swapped` and `output_without_face` gave an output."""

WRONG_FILE: Final[frozenset[Outcome]] = frozenset(
    ("scene_without_face", "donor_without_face", "donor_refused")
)
"""Endings that are a file's and not an engine's."""
WITH_PICTURES: Final[frozenset[Outcome]] = frozenset(("swapped", "output_without_face", "failed"))
"""Endings that an engine has to answer for: the page shows them; of files it gives a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One engine's result for one pair; measures are None where there is nothing to measure.

    Attributes
    ----------
    engine, donor, scene : str
        The names of the engine, of the donor's photo and of the scene.
    person : str
        The donor's name.
    kind : "picture" or "clip"
    outcome : Outcome
    message : str
        Why, where the outcome is not `swapped`.
    same_photo : bool
        The output was compared with the very photo that made it, for want of another one.
    retrieved, retrieved_among_donors : bool
        The output looks more like the donor than like anybody else: of all people, of all donors.
    nearest : str
        Whom it looks like most, of all people.
    similarity, unswapped, to_scene : float, cosine
        Of the output and the donor, of the scene and the donor, of the output and the scene.
    pose_deg, yaw, pitch, roll : float, degrees
        Error of the pose, and its parts without their signs.
    expression, lids, brows, mouth : float, percent of the distance of the eyes
        Errors against the scene.
    donor_expression : float
        What `expression` would be if the output had the donor's.
    colour, light : float
        CIE Lab: distance of the skin's mean colours, and the part of the lightness.
    outside : int, levels of 255
    cpu_ms : float
        A face, of all threads together.
    face_px : float
        Height of the scene's face.
    jitter, flicker : float
        Of the output over the scene's own; clips only.
    frames, lost : int
        Of the scene, and how many of them show a face that the output does not; 1 and 0 for a
        picture.
    """

    engine: str
    donor: str
    person: str
    scene: str
    kind: Literal["picture", "clip"] = "picture"
    outcome: Outcome = "swapped"
    message: str = ""
    same_photo: bool = False
    retrieved: bool | None = None
    retrieved_among_donors: bool | None = None
    nearest: str | None = None
    similarity: float | None = None
    unswapped: float | None = None
    to_scene: float | None = None
    pose_deg: float | None = None
    yaw: float | None = None
    pitch: float | None = None
    roll: float | None = None
    expression: float | None = None
    lids: float | None = None
    brows: float | None = None
    mouth: float | None = None
    donor_expression: float | None = None
    colour: float | None = None
    light: float | None = None
    outside: int | None = None
    cpu_ms: float | None = None
    face_px: float | None = None
    jitter: float | None = None
    flicker: float | None = None
    frames: int = 1
    lost: int = 0

    @property
    def trouble(self) -> float:
        """How bad it is in one number, to put the worst first; without meaning of its own.

        An error counts 1 where most people see it: a tenth of the way that identity did not go,
        5 degrees, 10 percent of the distance of the eyes, 6 of colour. No output counts most, an
        output without a face a little less.
        """
        if self.outcome != "swapped":
            return 1000.0 if self.outcome != "output_without_face" else 900.0
        way = 1 - (self.unswapped or 0.0)
        missing = (1 - (self.similarity or 0.0)) / max(way, 0.02)
        return (
            missing * 2
            + (0.0 if self.retrieved else 1.0)
            + (self.pose_deg or 0.0) / 5
            + (self.expression or 0.0) / 10
            + (self.colour or 0.0) / 6
            + (self.outside or 0)
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values, rounded to what was measured; what is no finite number is None."""
        return {name: _plain(value) for name, value in dataclasses.asdict(self).items()}


def _plain(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, 4) if math.isfinite(value) else None
