"""The Fréchet distance of two sets of feature vectors, kept as two Gaussians.

Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium",
NeurIPS 2017; the distance of two Gaussians is Dowson and Landau's, Journal of Multivariate
Analysis 12(3), 1982.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from personae.engine.types import Float64
from personae.errors import InvalidRequest


@dataclass(slots=True, eq=False)
class Gaussian:
    """Mean and covariance of vectors that are seen one after the other.

    Memory depends on the vectors' length alone. Sums are taken about the first vector, so that
    large values far from 0 lose nothing.
    """

    count: int = 0
    _first: Float64 = field(default_factory=lambda: np.zeros(0))
    _sum: Float64 = field(default_factory=lambda: np.zeros(0))
    _products: Float64 = field(default_factory=lambda: np.zeros((0, 0)))

    def add(self, vector: Float64) -> None:
        """Take in one more vector, float64 (D,)."""
        if self.count == 0:
            self._first = vector.astype(np.float64)
            self._sum = np.zeros(len(vector))
            self._products = np.zeros((len(vector), len(vector)))
        off = vector - self._first
        self._sum += off
        self._products += np.outer(off, off)
        self.count += 1

    @property
    def mean(self) -> Float64:
        """float64 (D,)."""
        return self._first + self._sum / max(self.count, 1)

    @property
    def covariance(self) -> Float64:
        """float64 (D, D), with the divisor N - 1."""
        centred = self._products - np.outer(self._sum, self._sum) / max(self.count, 1)
        return centred / max(self.count - 1, 1)


def frechet_distance(one: Gaussian, other: Gaussian) -> float:
    """``|m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^½)``, at least 0.

    The trace of the root is taken from the eigenvalues of ``C1^½ C2 C1^½``, which is symmetric, so
    that covariances of fewer vectors than dimensions do no harm.

    Raises
    ------
    InvalidRequest
        If one of them has seen fewer than two vectors, or they have different lengths.
    """
    if min(one.count, other.count) < 2:
        raise InvalidRequest("A Fréchet distance needs two vectors or more on each side.")
    if one.mean.shape != other.mean.shape:
        raise InvalidRequest("A Fréchet distance needs vectors of one length.")
    first, second = one.covariance, other.covariance
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    inner = np.linalg.eigvalsh(root @ second @ root)
    shared = float(np.sqrt(np.maximum(inner, 0)).sum())
    apart = float(((one.mean - other.mean) ** 2).sum())
    return max(0.0, apart + float(np.trace(first) + np.trace(second)) - 2 * shared)
