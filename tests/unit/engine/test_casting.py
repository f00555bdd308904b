"""Every face gets the donor that was asked for, and keeps it."""

from __future__ import annotations

import numpy as np
import pytest
from portraits import face_at

from personae.engine.casting import Cast, Role, pick
from personae.engine.following import CastFace
from personae.engine.mesh.donor import MeshDonor

LIKE = np.eye(128, dtype=np.float32)


def donor() -> MeshDonor:
    nothing = np.zeros((1, 1, 3), np.uint8)
    numbers = np.zeros((1, 3))
    return MeshDonor(
        (nothing,), nothing[..., 0], numbers, numbers, numbers[0], (0.3, 0.3), numbers[:, 0]
    )


A, B, C = donor(), donor(), donor()


def face(x: float, person: int | None = None, width: float = 50) -> CastFace:
    return CastFace(face_at(x, 100, width).box_xyxy, person)


def test_all_takes_everyone_and_needs_to_know_nobody() -> None:
    cast = Cast([Role(A, "all")])
    assert not cast.needs_people
    assert cast.cast([face(50), face(150), face(250)]) == {0: A, 1: A, 2: A}
    assert cast.cast([]) == {}
    assert (cast.faces_cast, cast.most_faces) == (3, 3)


def test_the_largest_of_the_first_frame_is_kept() -> None:
    cast = Cast([Role(A)])
    assert cast.needs_people
    assert cast.cast([]) == {}
    assert cast.unanswered() == ["largest"]
    assert cast.cast([face(50, 0, 40), face(150, 1, 80)]) == {1: A}
    assert cast.unanswered() == []
    assert cast.cast([face(50, 0, 90), face(150, 1, 30)]) == {1: A}
    assert cast.cast([face(150, 1, 30), face(200, 2, 90)]) == {0: A}
    assert cast.cast([face(50, 0, 90)]) == {}


def test_a_number_counts_from_the_left_in_the_first_frame_that_has_it() -> None:
    cast = Cast([Role(A, 1)])
    assert cast.cast([face(50, 0)]) == {}
    assert cast.unanswered() == [1]
    assert cast.cast([face(20, 3), face(50, 0)]) == {1: A}
    assert cast.cast([face(50, 0), face(90, 3)]) == {0: A}


def test_a_reference_finds_its_person_whenever_they_come() -> None:
    cast = Cast([Role(A, like=LIKE[0]), Role(B, like=LIKE[1])])
    assert [one.argmax() for one in cast.known] == [0, 1]
    assert cast.unanswered() == []
    assert cast.cast([face(50, 2)]) == {}
    assert cast.cast([face(50, 1), face(100, 2), face(150, 0)]) == {0: B, 2: A}


def test_all_takes_whoever_is_left() -> None:
    cast = Cast([Role(C, "all"), Role(A, like=LIKE[0]), Role(B, 0)])
    faces = [face(50, 5), face(100, 0), face(150, 6)]
    assert cast.cast(faces) == {0: B, 1: A, 2: C}
    assert cast.cast([face(10, 6), face(50, 5)]) == {0: C, 1: B}


def test_the_first_role_that_wants_a_person_gets_them() -> None:
    cast = Cast([Role(A, "largest"), Role(B, 0)])
    assert cast.cast([face(50, 0, 80), face(150, 1, 40)]) == {0: A}
    swapped = Cast([Role(B, 1), Role(A, "largest")])
    assert swapped.cast([face(50, 0, 80), face(150, 1, 40)]) == {0: A, 1: B}


def test_nobody_known_is_nobody_chosen() -> None:
    cast = Cast([Role(A)])
    assert cast.cast([face(50, None)]) == {}
    assert cast.unanswered() == ["largest"]
    assert cast.cast([face(50, 4)]) == {0: A}


@pytest.mark.parametrize(
    ("choice", "expected"), [("largest", 1), (0, 0), (2, 2), (3, None), (-1, None)]
)
def test_a_choice_means_a_position(choice: str | int, expected: int | None) -> None:
    boxes = [face(50, width=40).box_xyxy, face(150, width=60).box_xyxy, face(250).box_xyxy]
    assert pick(choice, boxes) == expected
    assert pick(choice, []) is None


def test_of_equals_the_left_one_is_the_largest() -> None:
    assert pick("largest", [(0, 0, 5, 5), (10, 0, 15, 5)]) == 0
