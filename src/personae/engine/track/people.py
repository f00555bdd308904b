"""Who is who: people seen in a clip, told apart by their embeddings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from personae.engine.types import Float32

Distance = Callable[[Float32, Float32], float]
MAX_VIEWS = 6


class People:
    """A growing gallery; people are numbered from 0 in the order they were first known.

    Parameters
    ----------
    distance : callable
        Of two embeddings; smaller is more alike.
    same_person : float
        The largest distance at which two embeddings are one person's.
    known : sequence of float32 (128,)
        Reference faces: people 0, 1, … before anyone is seen.
    """

    def __init__(
        self, distance: Distance, same_person: float, known: Sequence[Float32] = ()
    ) -> None:
        self._distance = distance
        self._same_person = same_person
        self._views: list[list[Float32]] = [[one] for one in known]

    def __len__(self) -> int:
        return len(self._views)

    def recognise(self, embedding: Float32, taken: Collection[int] = ()) -> int | None:
        """The nearest known person who is not among `taken`, or None when nobody is near."""
        far = [
            (min(self._distance(embedding, view) for view in views), person)
            for person, views in enumerate(self._views)
            if person not in taken
        ]
        if not far:
            return None
        nearest, person = min(far)
        return person if nearest <= self._same_person else None

    def anybody_but(self, taken: Collection[int]) -> bool:
        """Whether somebody is known besides these people."""
        return any(person not in taken for person in range(len(self._views)))

    def compare(self, embedding: Float32, person: int) -> float:
        """Distance to the nearest view of a person."""
        return min(self._distance(embedding, view) for view in self._views[person])

    def meet(self, embedding: Float32) -> int:
        """Add somebody new and return their number."""
        self._views.append([embedding])
        return len(self._views) - 1

    def remember(self, person: int, embedding: Float32) -> None:
        """Keep another view of a known person, up to `MAX_VIEWS` of them."""
        views = self._views[person]
        if len(views) < MAX_VIEWS and float(np.abs(views[-1] - embedding).max()) > 0:
            views.append(embedding)

    def snapshot(self) -> list[Float32]:
        """Everybody's views, float32 (views, 128) each, in order."""
        return [np.stack(views) for views in self._views]

    def restore(self, state: Sequence[Float32]) -> None:
        """Know the people of a snapshot, and nobody else."""
        self._views = [list(views) for views in state]
