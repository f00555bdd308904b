"""A close look at media files with nothing of ours: what a player would see and hear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

import personae
from faces import Rgb


@dataclass(frozen=True, eq=False)
class Shown:
    """One decoded frame: when it is shown, its samples as stored, and its picture as seen."""

    time: Fraction
    planes: tuple[NDArray[Any], ...]
    rgb: Rgb


def frames(path: Path) -> list[Shown]:
    """Every frame of a video; of a damaged one, those that decode."""
    return list(_frames(path))


def _frames(path: Path) -> Iterator[Shown]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            yield Shown(frame.pts * frame.time_base, _planes(frame), _upright(frame))


def _planes(frame: av.VideoFrame) -> tuple[NDArray[Any], ...]:
    dtype = np.dtype(np.uint16 if "10le" in frame.format.name else np.uint8)
    planes: list[NDArray[Any]] = []
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        planes.append(rows[:, : plane.width * dtype.itemsize].view(dtype).copy())
    return tuple(planes)


def _upright(frame: av.VideoFrame) -> Rgb:
    """Turned as the display matrix says; PyAV tells the turn counter-clockwise."""
    rgb = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(rgb, frame.rotation // 90))


def times(path: Path) -> list[Fraction]:
    """When each frame is shown, in exact seconds."""
    return [shown.time for shown in _frames(path)]


def sample(shown: Sequence[Any], count: int) -> list[int]:
    """Positions spread over a sequence, the first and the last among them."""
    return sorted({round(i * (len(shown) - 1) / (count - 1)) for i in range(count)})


def is_nearer(after: Rgb | Path, before: Rgb | Path, donor: personae.Donor) -> bool:
    """Whether the (largest) face resembles the donor more than the scene it was put in."""
    seen = personae.embed(after)
    to_donor = personae.distance(seen, donor.embedding)
    return to_donor < personae.distance(seen, personae.embed(before))
