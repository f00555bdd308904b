"""What analysing a chunk leaves behind: plans for its frames, and the state that the next needs."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from personae.engine.plans import EngineDonor, FacePlan
from personae.engine.types import Float64
from personae.errors import TaskFailed
from personae.video.chunk_plan import Chunk
from personae.video.records import RecordReader, RecordWriter, reading

PLANS, STATE = "plans", "state"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A frame that was seen and not decided on.

    ``digest``: a checksum of its samples, where that was worth taking.
    """

    number: int
    pts: int
    digest: int | None


@dataclass(frozen=True, slots=True, eq=False)
class ChunkState:
    """Where an analysis stands between two chunks.

    Attributes
    ----------
    follower, cast : mapping
        Snapshots of `engine.following.Follower` and `engine.casting.Cast`.
    waiting : sequence of Waiting
        The first frames of the next chunk.
    next_number : int
        Of the frame after those.
    seen : mapping
        What the content gate saw so far, by `video.gating.plain_seen`.
    """

    follower: Mapping[str, Any]
    cast: Mapping[str, Any]
    waiting: Sequence[Waiting]
    next_number: int
    seen: Mapping[str, Any]

    def save(self, path: Path, chunk: Chunk, roles: int) -> None:
        """Write it, as the state after `chunk`."""
        header = {"chunk": chunk.index, "end_pts": chunk.end_pts, "roles": roles}
        with RecordWriter(path, STATE, header) as file:
            file.write(
                {
                    "follower": self.follower,
                    "cast": self.cast,
                    "waiting": [[one.number, one.pts, one.digest] for one in self.waiting],
                    "next_number": self.next_number,
                    "seen": self.seen,
                }
            )


def load_state(path: Path, chunk: Chunk, roles: int) -> ChunkState:
    """The state that `chunk` goes on from.

    Raises
    ------
    TaskFailed
        If the file is damaged, or is not the state after the chunk before.
    """
    with RecordReader(path, STATE) as file:
        before = (chunk.index - 1, chunk.start_pts, roles)
        header = file.header
        if (header.get("chunk"), header.get("end_pts"), header.get("roles")) != before:
            raise TaskFailed(
                f"The working file {path.name} is not the state before chunk {chunk.index}."
            )
        values = list(file)
    with reading(path):
        (value,) = values
        waiting = [Waiting(number, pts, seen) for number, pts, seen in value["waiting"]]
        number = int(value["next_number"])
        return ChunkState(
            value["follower"], value["cast"], waiting, number, value.get("seen") or {}
        )


class PlanWriter:
    """Writes the plans of a chunk's frames; a context manager.

    Parameters
    ----------
    path : Path
    chunk : Chunk
    donors : sequence of EngineDonor
        Plans name them by their place here.
    back_s : float or None
        How far before the chunk decoding has to begin.
    """

    def __init__(
        self, path: Path, chunk: Chunk, donors: Sequence[EngineDonor], back_s: float | None
    ) -> None:
        header = {
            "chunk": chunk.index,
            "start_pts": chunk.start_pts,
            "roles": len(donors),
            "back_s": back_s,
        }
        self._file = RecordWriter(path, PLANS, header)
        self._roles = {id(donor): role for role, donor in reversed(list(enumerate(donors)))}
        # What is the same for many frames is written once; holding it keeps its identity.
        self._shifts: dict[int, tuple[int, Float64]] = {}

    def __enter__(self) -> PlanWriter:
        self._file.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._file.__exit__(*error)

    def write(self, pts: int, plans: Sequence[FacePlan], *, look: bool = False) -> None:
        """Append the plans of the next frame; a frame without any needs no record.

        `look`: the content gate shall look at what is made of it.
        """
        if plans or look:
            plain = [self._plain(plan) for plan in plans]
            self._file.write({"pts": pts, "plans": plain, **({"look": True} if look else {})})

    def finish(self, footer: Mapping[str, Any]) -> None:
        """Note what is known at the end."""
        self._file.footer = dict(footer)

    def _plain(self, plan: FacePlan) -> dict[str, Any]:
        plain = {name: getattr(plan, name) for name in _FIELDS}
        plain["donor"] = self._roles[id(plan.donor)]
        known = self._shifts.get(id(plan.shift))
        if known is None:
            self._shifts[id(plan.shift)] = (len(self._shifts), plan.shift)
        else:
            plain["shift"] = known[0]
        return plain


_FIELDS = tuple(field.name for field in fields(FacePlan))


class PlanReader:
    """Reads the plans of a chunk's frames, in order; a context manager.

    Attributes
    ----------
    back_s : float or None
    looks : set of int
        The times of the frames so far that the content gate shall look at.
    footer : dict
        Once iteration has ended.

    Raises
    ------
    TaskFailed
        If the file is damaged or belongs to another chunk.
    """

    def __init__(self, path: Path, chunk: Chunk, donors: Sequence[EngineDonor]) -> None:
        self._path = path
        self._donors = donors
        self._file = RecordReader(path, PLANS)
        header = self._file.header
        told = (header.get("chunk"), header.get("start_pts"), header.get("roles"))
        if told != (chunk.index, chunk.start_pts, len(donors)):
            self._file.__exit__(None, None, None)
            raise TaskFailed(
                f"The working file {path.name} holds no plans for chunk {chunk.index}."
            )
        self.back_s: float | None = header.get("back_s")
        self.looks: set[int] = set()
        self._shifts: list[Float64] = []

    def __enter__(self) -> PlanReader:
        return self

    def __exit__(self, *error: Any) -> None:
        self._file.__exit__(*error)

    @property
    def footer(self) -> dict[str, Any]:
        return self._file.footer

    def __iter__(self) -> Generator[tuple[int, tuple[FacePlan, ...]]]:
        for record in self._file:
            with reading(self._path):
                plans = tuple(self._plan(plain) for plain in record["plans"])
                pts = int(record["pts"])
                if record.get("look"):
                    self.looks.add(pts)
            yield pts, plans

    def _plan(self, plain: Mapping[str, Any]) -> FacePlan:
        values = dict(plain)
        shift: Float64 | int = values["shift"]
        if isinstance(shift, int):
            values["shift"] = self._shifts[shift]
        else:
            self._shifts.append(shift)
        values["donor"] = self._donors[values["donor"]]
        values["nearer"] = tuple(values["nearer"])
        return FacePlan(**values)


def chunk_of_plans(path: Path) -> int:
    """Whose plans a file holds, by its header."""
    with RecordReader(path, PLANS) as file, reading(path):
        return int(file.header["chunk"])
