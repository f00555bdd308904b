"""Clips that are known in advance: what a finder would see in each frame, without any pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from portraits import face_at, middle

from personae.engine.canvas import RgbCanvas
from personae.engine.geometry import Region
from personae.engine.types import Canvas, Face, SceneFrame

SIZE_WH = (320, 180)


class Numbered(RgbCanvas):
    """A canvas that knows which frame it is."""

    def __init__(self, number: int, rgb: np.ndarray) -> None:
        super().__init__(rgb)
        self.number = number


@dataclass
class Frame:
    scene: SceneFrame


def frames(count: int, cuts: Sequence[int] = ()) -> list[Frame]:
    """Frames of plain grey, lit quite differently after each cut."""
    out: list[Frame] = []
    for number in range(count):
        shot = sum(number >= cut for cut in cuts)
        rgb = np.full((SIZE_WH[1], SIZE_WH[0], 3), 60 if shot % 2 == 0 else 190, np.uint8)
        out.append(Frame(SceneFrame(number, number / 25, Numbered(number, rgb))))
    return out


@dataclass
class Person:
    """Somebody in a script: ``at`` holds x, y for each frame in which they can be seen."""

    at: dict[int, tuple[float, float]]
    width_px: float = 60


class ScriptedFinder:
    """Sees what the script says; `searches` are the frames in which it was asked to detect."""

    def __init__(self, people: Sequence[Person]) -> None:
        self.people = people
        self.searches: list[int] = []

    def seen(self, number: int) -> list[Face]:
        return [face_at(*p.at[number], p.width_px) for p in self.people if number in p.at]

    def find_quickly(self, canvas: Canvas, known: Iterable[Face] = ()) -> list[Face]:
        self.searches.append(canvas.number)
        old = [middle(face) for face in known]
        fresh = [
            face
            for face in self.seen(canvas.number)
            if all(np.linalg.norm(middle(face) - place) > 20 for place in old)
        ]
        return sorted(fresh, key=lambda face: face.box_xyxy[0])

    def follow(self, canvas: Canvas, region: Region) -> Face | None:
        place = np.array([region.x, region.y])
        near = [
            (float(np.linalg.norm(middle(face) - place)), i)
            for i, face in enumerate(self.seen(canvas.number))
        ]
        if not near or min(near)[0] > region.side_px / 3:
            return None
        return self.seen(canvas.number)[min(near)[1]]


class ScriptedEmbedder:
    """Knows who stands where: an axis of its own for each person of the script."""

    def __init__(self, people: Sequence[Person]) -> None:
        self.people = people
        self.asked = 0

    def embed(self, canvas: Canvas, landmarks: np.ndarray) -> np.ndarray:
        self.asked += 1
        place = (landmarks[:468, :2].min(0) + landmarks[:468, :2].max(0)) / 2
        far = [
            np.linalg.norm(np.array(p.at[canvas.number]) - place) if canvas.number in p.at else 1e9
            for p in self.people
        ]
        return who(int(np.argmin(far)))


def who(number: int) -> np.ndarray:
    """The embedding of a person of a script."""
    return np.eye(128, dtype=np.float32)[number]


def still(first: int, last: int, x: float, y: float) -> dict[int, tuple[float, float]]:
    """Somebody at one place from frame `first` to `last`."""
    return dict.fromkeys(range(first, last + 1), (x, y))


def walk(
    first: int, last: int, start: tuple[float, float], step: tuple[float, float]
) -> dict[int, tuple[float, float]]:
    """Somebody who moves by `step` each frame."""
    return {
        first + i: (start[0] + i * step[0], start[1] + i * step[1]) for i in range(last - first + 1)
    }
