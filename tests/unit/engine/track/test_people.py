"""People are recognised, met and remembered."""

from __future__ import annotations

import numpy as np
import pytest

from personae.engine.faces.embedder import distance
from personae.engine.track.people import MAX_VIEWS, People


def at(degrees: float) -> np.ndarray:
    """A unit vector; 15 degrees apart are a distance of 0.034, 30 are 0.134."""
    angle = np.radians(degrees)
    return np.array([np.cos(angle), np.sin(angle)], np.float32)


def people(*known: np.ndarray) -> People:
    return People(distance, 0.05, known)


def test_nobody_is_known_at_first() -> None:
    nobody = people()
    assert len(nobody) == 0
    assert nobody.recognise(at(0)) is None


def test_people_are_numbered_as_they_come() -> None:
    gallery = people(at(0), at(90))
    assert gallery.meet(at(180)) == 2
    assert [gallery.recognise(at(d)) for d in (5, 95, 175)] == [0, 1, 2]
    assert gallery.recognise(at(45)) is None
    assert len(gallery) == 3


def test_the_nearest_is_taken_but_nobody_twice() -> None:
    gallery = people(at(0), at(12))
    assert gallery.recognise(at(8)) == 1
    assert gallery.recognise(at(8), taken={1}) == 0
    assert gallery.recognise(at(8), taken={0, 1}) is None


def test_a_remembered_view_reaches_further() -> None:
    gallery = people(at(0))
    assert gallery.recognise(at(30)) is None
    gallery.remember(0, at(15))
    assert gallery.recognise(at(30)) == 0
    assert gallery.compare(at(30), 0) == pytest.approx(distance(at(30), at(15)))


def test_views_are_bounded() -> None:
    gallery = people(at(0))
    for degrees in range(10, 200, 10):
        gallery.remember(0, at(degrees))
    assert gallery.recognise(at(10 * (MAX_VIEWS - 1))) == 0
    assert gallery.recognise(at(190)) is None
