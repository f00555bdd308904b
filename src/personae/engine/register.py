"""Who of very many people a face is: an exact search that looks at a quarter of the numbers.

Embeddings are turned so that their first coordinates differ most (a principal component analysis
of the people themselves). For two vectors cut in two, by Cauchy and Schwarz,

    |q - x|² >= |q₁ - x₁|² + (|q₂| - |x₂|)²

so the first part of the coordinates and the length of the rest tell for nearly everybody that they
are too far. Multiplied out, the bound is one dot product with ``(x₁, |x₂|, -|x|²/2)``: one pass
over a narrow matrix. The few people it lets through are compared in full. The bound is widened by
what rounding can do to it, so that nobody is missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from personae.engine.types import Float32, Float64
from personae.errors import PolicyRefused

LEADING: Final = 26
"""Coordinates that the bound looks at in full."""
_SAMPLE: Final = 20_000
"""Faces that the coordinates are chosen by; any choice is exact, a good one is fast."""
_BLOCK: Final = 16_384
_HALF_ULP: Final = 2.0**-24
_BITS: Final = {"donor": 1, "scene": 2}

RefusedRole = Literal["donor", "scene"]


@dataclass(frozen=True, slots=True, eq=False)
class Narrowed:
    """What the bound is computed from.

    Attributes
    ----------
    mean : float64 (128,)
    basis : float64 (K, 128)
        Orthonormal rows.
    rows : float32 (N, K + 2)
        Of each face the first coordinates, the length of the rest and minus half its square.
    """

    mean: Float64
    basis: Float64
    rows: Float32


def narrow(embeddings: Float32, leading: int = LEADING) -> Narrowed:
    """Prepare faces for the search.

    Parameters
    ----------
    embeddings : float32 (N, 128), unit norm
    leading : int, 1 to 128
    """
    count, size = embeddings.shape
    step = max(1, count // _SAMPLE)
    sample = embeddings[::step].astype(np.float64)
    mean = sample.mean(0) if count else np.zeros(size)
    centred = sample - mean
    _, vectors = np.linalg.eigh(centred.T @ centred)
    basis = np.ascontiguousarray(vectors[:, ::-1][:, :leading].T)
    rows = np.empty((count, len(basis) + 2), np.float32)
    for start in range(0, count, _BLOCK):
        block = embeddings[start : start + _BLOCK].astype(np.float64) - mean
        rows[start : start + _BLOCK] = _narrowed(block, basis)
    return Narrowed(mean, basis, rows)


def _narrowed(centred: Float64, basis: Float64) -> Float64:
    first = centred @ basis.T
    square = np.einsum("ij,ij->i", centred, centred)
    rest = np.sqrt(np.maximum(square - np.einsum("ij,ij->i", first, first), 0.0))
    return np.column_stack([first, rest, -square / 2])


@dataclass(frozen=True, slots=True)
class Match:
    """A face that is near: its row, and how far it is (1 - cosine)."""

    row: int
    distance: float


class FaceIndex:
    """Looks faces up. Thread-safe; it owns none of the arrays, which may be mapped from files.

    Parameters
    ----------
    embeddings : float32 (N, 128), unit norm
    narrowed : Narrowed
        Of the same faces.
    """

    def __init__(self, embeddings: Float32, narrowed: Narrowed) -> None:
        self._embeddings = embeddings
        self._narrowed = narrowed
        # The longest row: half of the last column's least.
        low = float(narrowed.rows[:, -1].min()) if len(narrowed.rows) else 0.0
        self._reach = float(np.sqrt(-2 * low))

    def __len__(self) -> int:
        return len(self._embeddings)

    def __repr__(self) -> str:
        return f"FaceIndex({len(self)} faces)"

    def within(self, embedding: Float32, distance: float) -> list[Match]:
        """All faces at most so far from one, nearest first; exact.

        Parameters
        ----------
        embedding : float32 (128,), unit norm
        distance : float, range [0, 2]
        """
        if not len(self):
            return []
        scores, square, slack = self._scores(embedding)
        rows = np.flatnonzero(scores >= (square - 2 * distance) / 2 - slack)
        found = self._exact(embedding, rows)
        return [one for one in found if one.distance <= distance]

    def nearest(self, embedding: Float32, count: int = 1) -> list[Match]:
        """The `count` nearest faces, nearest first, by row where two are as near; exact."""
        count = min(count, len(self))
        if count < 1:
            return []
        scores, square, slack = self._scores(embedding)
        best = np.argpartition(scores, len(scores) - count)[-count:]
        reached = max(one.distance for one in self._exact(embedding, best))
        rows = np.flatnonzero(scores >= (square - 2 * reached) / 2 - slack)
        return self._exact(embedding, rows)[:count]

    def _scores(self, embedding: Float32) -> tuple[Float32, float, float]:
        """Scores, |q|² and the error of the scores: no face is nearer than |q|² - 2 score."""
        narrowed = self._narrowed
        centred = embedding.astype(np.float64) - narrowed.mean
        square = float(centred @ centred)
        first = narrowed.basis @ centred
        rest = np.sqrt(max(square - float(first @ first), 0.0))
        query = np.concatenate([first, [rest, 1.0]]).astype(np.float32)
        scores = narrowed.rows @ query
        # A sum of n products in any order is off by less than (n + 2) half units in the last
        # place of the sum of their sizes, which Cauchy and Schwarz bound; doubled to be safe, with
        # a little for unit norms that are not quite 1 (the rows are compared by squares, whose
        # exact counterpart is 1 - cosine).
        sizes = np.sqrt(square) * self._reach + self._reach**2 / 2
        slack = 2 * (len(query) + 4) * _HALF_ULP * sizes + 1e-6
        return np.asarray(scores, np.float32), square, float(slack)

    def _exact(self, embedding: Float32, rows: NDArray[np.intp]) -> list[Match]:
        # Not BLAS, whose sums depend on a row's place: equal faces are to be equally far.
        compared = self._embeddings[rows].astype(np.float64)
        near = np.einsum("ij,j->i", compared, embedding.astype(np.float64))
        far = np.clip(1.0 - near, 0.0, 2.0)
        order = np.lexsort((rows, far))
        return [Match(int(rows[i]), float(far[i])) for i in order]


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Whose the faces of an index are.

    Attributes
    ----------
    owners : uint32 (N,)
        Of each face the number of its person.
    ids, tenants : bytes (P,)
        Of each person; no tenant means everybody's.
    roles : uint8 (P,)
        1 where somebody may not be the donor, 2 the scene's face, 3 neither.
    """

    owners: NDArray[np.uint32]
    ids: NDArray[np.bytes_]
    tenants: NDArray[np.bytes_]
    roles: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Known:
    """A protected person who is near, and how far."""

    person_id: str
    distance: float


class Register:
    """The people of a register, as they were at one moment."""

    def __init__(self, index: FaceIndex, people: People) -> None:
        self._index = index
        self._people = people

    def __repr__(self) -> str:
        return f"Register({len(self._people.ids)} people, {len(self._index)} faces)"

    def protected(
        self, embedding: Float32, role: RefusedRole, distance: float, tenant_id: str
    ) -> Known | None:
        """The nearest person who may not have this role, if one is within the distance."""
        people = self._people
        for match in self._index.within(embedding, distance):
            person = int(people.owners[match.row])
            tenant = bytes(people.tenants[person]).decode("ascii")
            if people.roles[person] & _BITS[role] and tenant in ("", tenant_id):
                return Known(bytes(people.ids[person]).decode("ascii"), match.distance)
        return None

    def nearest(self, embedding: Float32, count: int) -> list[Known]:
        """The `count` nearest people, whatever their roles and tenants, nearest first."""
        found: dict[str, float] = {}
        wanted = count
        while True:
            for match in self._index.nearest(embedding, wanted):
                person = self._people.ids[int(self._people.owners[match.row])]
                found.setdefault(bytes(person).decode("ascii"), match.distance)
            if len(found) >= count or wanted >= len(self._index):
                break
            wanted *= 4
        return [Known(name, far) for name, far in list(found.items())[:count]]


class Screen:
    """Refuses people who may not be swapped in one task.

    Parameters
    ----------
    distance : float, range [0, 2]
        How near somebody has to be.
    version : int
        Of the register; what was screened by another has to be screened again.
    """

    def __init__(self, register: Register, distance: float, tenant_id: str, version: int) -> None:
        self._register = register
        self._distance = distance
        self._tenant_id = tenant_id
        self.version = version

    def check(self, embedding: Float32, role: RefusedRole) -> None:
        """Let somebody be swapped, or be swapped in.

        Raises
        ------
        PolicyRefused
            Its facts say who was recognised, for operators alone.
        """
        known = self._register.protected(embedding, role, self._distance, self._tenant_id)
        if known is not None:
            where = "used as a donor" if role == "donor" else "swapped in the scene"
            raise PolicyRefused(
                f"Somebody who may not be {where}, by a rule of this service's operator, was "
                "recognised; take another person.",
                role=role,
                reason="register",
                facts={"person": known.person_id, "distance": round(known.distance, 4)},
            )

    def check_all(self, embeddings: Sequence[Float32], role: RefusedRole) -> None:
        """As `check`, for several."""
        for one in embeddings:
            self.check(one, role)
