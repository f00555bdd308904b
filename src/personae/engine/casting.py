"""Which donor goes on which face."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from personae.engine.following import CastFace
from personae.engine.plans import EngineDonor
from personae.engine.register import Screen
from personae.engine.types import Float32

Choice = Literal["all", "largest"] | int


@dataclass(frozen=True, slots=True, eq=False)
class Role:
    """One mapping: a donor and the faces it goes on.

    ``like``: the embedding of a reference face; then ``choice`` says nothing. Otherwise
    ``choice``: every face, the largest, or the one with this number from left to right.
    """

    donor: EngineDonor
    choice: Choice = "largest"
    like: Float32 | None = None
    name: str = ""
    """What messages call the reference face."""


class Cast:
    """Keeps each chosen person's donor for a whole clip.

    A reference finds its person wherever they appear. ``largest`` and a number choose a person
    in the first frame that can answer and stay with that person; ``all`` takes whoever no other
    role took. A face gets the first role that wants it. `screen` refuses people who may not be
    swapped.
    """

    def __init__(self, roles: Sequence[Role], screen: Screen | None = None) -> None:
        self._roles = tuple(roles)
        self.screen = screen
        likes = [role for role in self._roles if role.like is not None]
        self.known: Sequence[Float32] = [role.like for role in likes if role.like is not None]
        numbers = [i for i, role in enumerate(self._roles) if role.like is not None]
        self._people: dict[int, int] = dict(enumerate(numbers))  # roles, by person
        self._open = [i for i, r in enumerate(self._roles) if r.like is None and r.choice != "all"]
        self.needs_people = any(role.like is not None or role.choice != "all" for role in roles)
        self._missing = {i: role.name for i, role in enumerate(likes)}
        self.faces_cast = 0
        self.most_faces = 0

    def cast(self, faces: Sequence[CastFace]) -> dict[int, EngineDonor]:
        """Donors by position in one frame's faces, left to right."""
        self.most_faces = max(self.most_faces, len(faces))
        self._choose(faces)
        everyone = next(
            (r.donor for r in self._roles if r.like is None and r.choice == "all"), None
        )
        out: dict[int, EngineDonor] = {}
        for position, face in enumerate(faces):
            role = self._people.get(face.person) if face.person is not None else None
            if role is not None and face.person is not None:
                self._missing.pop(face.person, None)
            donor = everyone if role is None else self._roles[role].donor
            if donor is not None:
                out[position] = donor
        self.faces_cast += len(out)
        return out

    def unanswered(self) -> list[Choice]:
        """Choices that no frame could answer so far."""
        return [self._roles[role].choice for role in self._open]

    def missing(self) -> list[str]:
        """Names of the references whose person was seen nowhere so far."""
        return list(self._missing.values())

    def _choose(self, faces: Sequence[CastFace]) -> None:
        """Let roles that wait for their person pick one from this frame."""
        for role in list(self._open):
            position = pick(self._roles[role].choice, [face.box_xyxy for face in faces])
            person = None if position is None else faces[position].person
            if person is not None:
                self._people.setdefault(person, role)
                self._open.remove(role)

    def snapshot(self) -> dict[str, Any]:
        """Who has which role, and what was seen so far: plain values."""
        return {
            "people": [[person, role] for person, role in self._people.items()],
            "open": list(self._open),
            "missing": list(self._missing),
            "faces_cast": self.faces_cast,
            "most_faces": self.most_faces,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from the snapshot of a cast with the same roles."""
        names = self._missing
        self._people = {int(person): int(role) for person, role in state["people"]}
        self._open = [int(role) for role in state["open"]]
        self._missing = {int(person): names[int(person)] for person in state["missing"]}
        self.faces_cast, self.most_faces = int(state["faces_cast"]), int(state["most_faces"])


def cast_still(
    roles: Sequence[Role],
    boxes: Sequence[tuple[float, float, float, float]],
    embeddings: Sequence[Float32],
    distance: Callable[[Float32, Float32], float],
    same_person: float,
) -> StillCast:
    """Which donor goes on which face of one picture.

    `boxes` are the faces', left to right; `embeddings` are theirs, needed only if a role has a
    reference. References take their nearest faces first, each at most one.
    """
    likes = [(i, role.like) for i, role in enumerate(roles) if role.like is not None]
    pairs = sorted(
        (distance(like, seen), i, position)
        for i, like in likes
        for position, seen in enumerate(embeddings)
    )
    donors: dict[int, EngineDonor] = {}
    answered: set[int] = set()
    for far, i, position in pairs:
        if far <= same_person and i not in answered and position not in donors:
            donors[position] = roles[i].donor
            answered.add(i)
    too_high: list[Choice] = []
    for role in roles:
        if role.like is None and role.choice != "all":
            position = pick(role.choice, boxes)
            if position is None:
                too_high.append(role.choice)
            else:
                donors.setdefault(position, role.donor)
    for role in roles:
        if role.like is None and role.choice == "all":
            for position in range(len(boxes)):
                donors.setdefault(position, role.donor)
    missing = [roles[i].name for i, _ in likes if i not in answered]
    return StillCast(donors, too_high, missing)


@dataclass(frozen=True, slots=True, eq=False)
class StillCast:
    """``donors`` by number of the face; choices with no such face; references like nobody."""

    donors: dict[int, EngineDonor]
    too_high: list[Choice]
    missing: list[str]


def pick(choice: Choice, boxes: Sequence[tuple[float, float, float, float]]) -> int | None:
    """The position that a choice other than "all" means; None when there is no such face."""
    if not boxes:
        return None
    if choice == "largest":
        sizes = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes]
        return sizes.index(max(sizes))
    return choice if isinstance(choice, int) and 0 <= choice < len(boxes) else None
