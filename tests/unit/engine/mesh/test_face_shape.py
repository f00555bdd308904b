"""A donor's build is carried over, their expression is not."""

from __future__ import annotations

import numpy as np
import pytest
from portraits import head, turn

from personae.engine.canonical import read_table
from personae.engine.mesh.shape import (
    eye_openings,
    identity_shift,
    mouth_gap,
    smile,
    to_canonical,
    without_smile,
)
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.vertices import EYE_LEFT, EYE_RIGHT, SKIN

LIDS = [*EYE_LEFT, *EYE_RIGHT]


@pytest.fixture
def face(mesh: FaceMesh) -> np.ndarray:
    return mesh.canonical.copy()


def shut_eyes(mesh: FaceMesh) -> np.ndarray:
    """The mean face with both upper lids on the lower ones."""
    shut = mesh.canonical.copy()
    for loop in (EYE_LEFT, EYE_RIGHT):
        upper, lower = [loop[i] for i in range(9, 16)], [loop[i] for i in range(7, 0, -1)]
        shut[upper, 1] = shut[lower, 1]
    return shut


def opened_jaw(mesh: FaceMesh, by: float) -> np.ndarray:
    """The mean face with its jaw dropped by so many eye distances."""
    wide = mesh.canonical.copy()
    wide[:SKIN, 1] += mesh.jaw_weight * by
    return wide


def smiling(mesh: FaceMesh, share: float) -> np.ndarray:
    """The mean face with a smile, (478, 3)."""
    out = mesh.canonical.copy()
    out[:468] += share * read_table("smile.txt")
    return out


def test_a_face_put_onto_itself_does_not_move(mesh: FaceMesh, face: np.ndarray) -> None:
    assert np.abs(identity_shift(mesh, face, face)).max() < 1e-9


def test_a_place_and_a_size_are_no_build(mesh: FaceMesh) -> None:
    near, far = head(300, 200, 200, yaw=20, roll=15), head(90, 80, 40, yaw=-15)
    shift = identity_shift(mesh, to_canonical(mesh, near)[1], to_canonical(mesh, far)[1])
    assert np.abs(shift).max() < 1e-3


def test_a_blink_is_not_carried_over(mesh: FaceMesh, face: np.ndarray) -> None:
    shut = shut_eyes(mesh)
    raw = np.abs((shut - face)[LIDS, 1]).max()
    assert eye_openings(shut)[0] < 0.1 < 0.2 < eye_openings(face)[0]
    for donor, scene in ((shut, face), (face, shut)):
        moved = scene.copy()
        moved[:SKIN] += identity_shift(mesh, donor, scene)
        change = np.subtract(eye_openings(moved), eye_openings(scene))
        assert np.abs(change).max() < 0.03
        assert np.abs(identity_shift(mesh, donor, scene)[LIDS]).max() < 0.6 * raw


def test_an_open_mouth_is_not_carried_over(mesh: FaceMesh, face: np.ndarray) -> None:
    wide = opened_jaw(mesh, 0.25)
    assert mouth_gap(wide) > mouth_gap(face) + 0.25
    for donor, scene in ((wide, face), (face, wide)):
        shift = identity_shift(mesh, donor, scene)
        assert np.abs(shift[152]).max() < 0.25 * 0.25  # The chin.
        moved = scene.copy()
        moved[:SKIN] += shift
        assert mouth_gap(moved) == pytest.approx(mouth_gap(scene), abs=0.06)


def test_a_wider_face_makes_a_face_wider(mesh: FaceMesh, face: np.ndarray) -> None:
    shift = identity_shift(mesh, face * [1.1, 1, 1], face)
    cheeks = [50, 280]
    assert shift[cheeks[0], 0] < -0.01
    assert shift[cheeks[1], 0] > 0.01
    assert abs(shift[1, 0]) < 0.01  # The tip of the nose.


def test_eyes_widen_as_wholes(mesh: FaceMesh, face: np.ndarray) -> None:
    donor = face.copy()
    centre = donor[list(EYE_LEFT)].mean(0)
    donor[list(EYE_LEFT)] = centre + (donor[list(EYE_LEFT)] - centre) * 1.15
    moved = face.copy()
    moved[:SKIN] += identity_shift(mesh, donor, face)
    before, after = (np.ptp(points[list(EYE_LEFT), 0]) for points in (face, moved))
    assert 1.02 < after / before < 1.15
    assert eye_openings(moved)[0] == pytest.approx(eye_openings(face)[0], abs=0.03)


def test_measures_do_not_depend_on_the_pose_in_the_picture(face: np.ndarray) -> None:
    turned = face @ turn(40, 2).T * 130 + 7
    assert mouth_gap(turned) == pytest.approx(mouth_gap(face), abs=1e-6)
    assert eye_openings(turned) == pytest.approx(eye_openings(face), abs=0.02)


def test_a_broad_smile_is_measured_and_a_calm_face_is_not(mesh: FaceMesh) -> None:
    calm = mesh.canonical
    assert smile(calm) < 0.05
    assert smile(smiling(mesh, 1.0)) > 0.8
    wide = calm.copy()
    wide[:, 0] *= 1.3  # A wide face, corners of the mouth where they were.
    wide[[61, 291], 1] += 0.03
    assert smile(wide) == 0


def test_taking_a_smile_out_gives_the_calm_face(mesh: FaceMesh) -> None:
    again = without_smile(smiling(mesh, 1.0))
    cheeks = [50, 280, 205, 425]
    left = np.linalg.norm(again - mesh.canonical[:468], axis=1)[cheeks]
    moved = np.linalg.norm((smiling(mesh, 1.0) - mesh.canonical)[:468], axis=1)[cheeks]
    assert (left < 0.35 * moved).all()


def test_a_smile_on_either_side_is_no_difference_of_build(mesh: FaceMesh) -> None:
    calm, broad = mesh.canonical, smiling(mesh, 1.0)
    cheeks = [50, 280, 205, 425]
    for donor, scene in ((broad, calm), (calm, broad)):
        shift = np.linalg.norm(identity_shift(mesh, donor, scene), axis=1)[cheeks]
        assert (shift < 0.02).all()


def test_the_smile_is_symmetric(mesh: FaceMesh) -> None:
    direction = smiling(mesh, 1.0)[:468] - mesh.canonical[:468]
    other = direction[mesh.mirror[:468]] * [-1, 1, 1]
    np.testing.assert_allclose(direction, other, atol=2e-4)
