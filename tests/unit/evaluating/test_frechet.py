"""The Fréchet distance of Gaussians whose distance can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from personae.engine.types import Float64
from personae.errors import InvalidRequest
from personae.evaluating.frechet import Gaussian, frechet_distance


def of(vectors: Float64) -> Gaussian:
    made = Gaussian()
    for vector in vectors:
        made.add(vector)
    return made


def samples(count: int = 400, seed: int = 3) -> Float64:
    return np.random.default_rng(seed).normal(size=(count, 4)) @ np.diag([1.0, 2.0, 0.5, 3.0])


def test_mean_and_covariance_are_those_of_numpy_also_far_from_zero() -> None:
    vectors = samples() + 1e6
    made = of(vectors)
    assert np.allclose(made.mean, vectors.mean(0))
    assert np.allclose(made.covariance, np.cov(vectors.T), rtol=1e-6)


def test_equal_sets_are_at_no_distance() -> None:
    assert frechet_distance(of(samples()), of(samples())) == pytest.approx(0, abs=1e-9)


def test_a_shift_counts_by_its_square() -> None:
    shifted = samples() + np.array([3.0, 0.0, 4.0, 0.0])
    assert frechet_distance(of(samples()), of(shifted)) == pytest.approx(25)


def test_one_dimension_is_the_difference_of_means_and_of_deviations() -> None:
    # By hand: (5 - 2)² + (3 - 1)², with deviations of 1 and 3.
    one = np.array([[1.0], [2.0], [3.0]])  # mean 2, deviation 1
    other = np.array([[2.0], [5.0], [8.0]])  # mean 5, deviation 3
    assert frechet_distance(of(one), of(other)) == pytest.approx(9 + 4)


def test_axes_that_do_not_agree() -> None:
    # Covariances diag(4, 1) and diag(1, 4): the trace of the root is 2 + 2, so 10 - 8.
    root = np.sqrt(3.0 / 2)
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]) * root / np.sqrt(2)
    wide, tall = corners * [2, 1], corners * [1, 2]
    assert np.allclose(np.diag(of(wide).covariance) / of(wide).covariance[1, 1], [4, 1])
    scale = of(wide).covariance[1, 1]
    assert frechet_distance(of(wide), of(tall)) == pytest.approx(2 * scale)


def test_fewer_vectors_than_dimensions_give_a_number() -> None:
    few = np.random.default_rng(1).normal(size=(5, 64))
    assert np.isfinite(frechet_distance(of(few), of(few * 1.5 + 1)))
    assert frechet_distance(of(few), of(few)) == pytest.approx(0, abs=1e-6)


def test_too_little_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="two vectors"):
        frechet_distance(of(samples(1)), of(samples()))
    with pytest.raises(InvalidRequest, match="one length"):
        frechet_distance(of(samples()), of(samples()[:, :3]))
