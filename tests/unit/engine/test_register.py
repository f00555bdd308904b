"""The search finds exactly whom a comparison with everybody finds."""

from __future__ import annotations

import numpy as np
import pytest

from personae.engine.register import FaceIndex, People, Register, Screen, narrow
from personae.engine.types import Float32
from personae.errors import PolicyRefused


def unit(values: np.ndarray) -> Float32:
    lengths = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.asarray(values / lengths, np.float32)


def crowd(count: int, seed: int = 0, spread: float = 0.4) -> Float32:
    """People as networks see them: in one direction more or less, unlike in a few others."""
    rng = np.random.default_rng(seed)
    scale = spread * 0.9 ** np.arange(128)
    return unit(np.eye(128)[0] + rng.standard_normal((count, 128)) * scale)


def near(one: Float32, far: float, seed: int = 0) -> Float32:
    """A unit vector at this distance, 1 - cosine."""
    aside = np.random.default_rng(seed).standard_normal(128)
    aside -= (aside @ one) * one
    aside /= np.linalg.norm(aside)
    return unit((1 - far) * one + np.sqrt(1 - (1 - far) ** 2) * aside)


def slow(embeddings: Float32, query: Float32) -> np.ndarray:
    return np.clip(1 - embeddings.astype(np.float64) @ query.astype(np.float64), 0, 2)


def index(embeddings: Float32, leading: int = 30) -> FaceIndex:
    return FaceIndex(embeddings, narrow(embeddings, leading))


@pytest.mark.parametrize("leading", [1, 8, 30, 128])
@pytest.mark.parametrize("distance", [0.0, 0.01, 0.05, 0.2, 2.0])
def test_everybody_near_is_found_and_nobody_else(leading: int, distance: float) -> None:
    people = crowd(3000)
    searched = index(people, leading)
    for seed in range(20):
        query = (
            near(people[seed * 7], 0.01 * (seed % 5), seed) if seed % 2 else crowd(1, 99 + seed)[0]
        )
        far = slow(people, query)
        found = searched.within(query, distance)
        assert {one.row for one in found} == set(np.flatnonzero(far <= distance).tolist())
        assert [one.distance for one in found] == sorted(one.distance for one in found)


def test_the_nearest_are_those_of_a_comparison_with_everybody() -> None:
    people = crowd(2000)
    searched = index(people)
    for seed in range(20):
        query = crowd(1, 500 + seed)[0]
        order = np.argsort(slow(people, query), kind="stable")[:9]
        assert [one.row for one in searched.nearest(query, 9)] == order.tolist()


def test_faces_that_are_equally_near_come_in_order() -> None:
    one, other = crowd(2)
    people = np.stack([other, one, one, other, one])
    searched = index(people)
    assert [match.row for match in searched.within(one, 1e-6)] == [1, 2, 4]
    assert [match.row for match in searched.nearest(one, 2)] == [1, 2]


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_few_faces_are_searched_as_well(count: int) -> None:
    people = crowd(count)
    for row in range(count):
        assert index(people).nearest(people[row])[0].row == row


def test_everybody_may_look_the_same() -> None:
    people = np.repeat(crowd(1), 50, 0)
    assert len(index(people).within(people[0], 1e-6)) == 50
    assert index(people).within(near(people[0], 0.2), 0.1) == []


def test_nobody_is_found_among_nobody() -> None:
    nobody = np.zeros((0, 128), np.float32)
    assert index(nobody).within(crowd(1)[0], 2.0) == []
    assert index(nobody).nearest(crowd(1)[0], 3) == []


def test_opposite_faces_are_the_farthest() -> None:
    one = crowd(1)[0]
    people = np.stack([-one, one])
    found = index(people).nearest(one, 2)
    assert [match.row for match in found] == [1, 0]
    assert found[1].distance == pytest.approx(2)


@pytest.mark.parametrize("seed", range(10))
def test_rounding_loses_nobody_at_the_border(seed: int) -> None:
    """Vectors whose bound is as tight as it can be: all that differs is in the first part."""
    rng = np.random.default_rng(seed)
    query = np.zeros(128)
    query[:2] = 1, 0.3
    angles = np.arccos(1 - 0.035) * (1 + rng.uniform(-1e-6, 1e-6, 400))
    turn = np.arctan2(0.3, 1) + angles
    people = np.zeros((400, 128))
    people[:, 0], people[:, 1] = np.cos(turn), np.sin(turn)
    people, one = unit(people), unit(query)
    far = slow(people, one)
    for limit in (0.035, float(np.median(far)), float(far[7])):
        found = {match.row for match in index(people).within(one, limit)}
        assert found == set(np.flatnonzero(far <= limit).tolist())


def register(roles: list[int], tenants: list[str], embeddings: Float32) -> Register:
    people = People(
        np.arange(len(roles), dtype=np.uint32),
        np.array([f"person_{i}".encode() for i in range(len(roles))], "S48"),
        np.array([one.encode() for one in tenants], "S48"),
        np.array(roles, np.uint8),
    )
    return Register(index(embeddings), people)


def test_a_person_is_protected_in_their_role_and_for_their_tenant() -> None:
    one = crowd(1)[0]
    views = np.stack([near(one, far, i) for i, far in enumerate((0.01, 0.02, 0.03))])
    known = register([1, 2, 3], ["tenant_a", "", ""], views)

    def who(role: str, tenant: str) -> str | None:
        found = known.protected(one, role, 0.05, tenant)  # pyright: ignore[reportArgumentType]
        return None if found is None else found.person_id

    assert who("donor", "tenant_a") == "person_0"
    assert who("donor", "tenant_b") == "person_2"
    assert who("scene", "tenant_a") == "person_1"
    assert known.protected(one, "donor", 0.005, "tenant_a") is None


def test_the_nearest_people_are_counted_once() -> None:
    one = crowd(1)[0]
    views = np.stack([near(one, 0.01 + 0.001 * i, i) for i in range(40)])
    people = People(
        np.array([0] * 30 + [1] * 10, np.uint32),
        np.array([b"person_a", b"person_b"], "S48"),
        np.array([b"", b""], "S48"),
        np.array([3, 3], np.uint8),
    )
    found = Register(index(views), people).nearest(one, 2)
    assert [match.person_id for match in found] == ["person_a", "person_b"]
    assert found[1].distance == pytest.approx(0.04, abs=1e-4)


def test_a_refusal_names_nobody_to_clients() -> None:
    one = crowd(1)[0]
    screen = Screen(register([3], [""], one[None]), 0.035, "tenant_a", 1)
    with pytest.raises(PolicyRefused) as caught:
        screen.check(near(one, 0.02), "donor")
    told = caught.value
    assert (told.role, told.reason) == ("donor", "register")
    assert told.facts == {"person": "person_0", "distance": pytest.approx(0.02, abs=1e-3)}
    assert "person_0" not in told.message
    screen.check(near(one, 0.05), "donor")
