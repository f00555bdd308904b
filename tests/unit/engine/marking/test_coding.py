"""An id comes back through noise, and noise alone is no id."""

from __future__ import annotations

import numpy as np
import pytest

from personae.domain import marks
from personae.engine.marking import coding
from personae.errors import InvalidRequest

IDS = (0, 1, 2**40 - 1, 0x5A12345678, 0x8000000001)


def test_the_engine_and_the_domain_mean_the_same_ids() -> None:
    assert coding.ID_BITS == marks.MARK_BITS


@pytest.mark.parametrize("mark", IDS)
def test_every_id_comes_back(mark: int) -> None:
    coded = coding.encode(mark)
    assert coded.shape == (coding.CODED_BITS,)
    assert set(np.unique(coded)) <= {-1.0, 1.0}
    assert coding.decode(coded) == mark


@pytest.mark.parametrize("mark", [-1, 2**40])
def test_what_does_not_fit_is_refused(mark: int) -> None:
    with pytest.raises(InvalidRequest, match="40 bits"):
        coding.encode(mark)


def test_a_fifth_of_all_bits_may_be_wrong() -> None:
    random = np.random.default_rng(3)
    for mark in IDS:
        coded = coding.encode(mark)
        wrong = random.permutation(coded.size)[: coded.size // 5]
        coded[wrong] *= -1
        assert coding.decode(coded) == mark


def test_it_is_read_at_the_noise_that_the_code_is_for() -> None:
    random = np.random.default_rng(4)
    read = 0
    for _ in range(40):
        mark = int(random.integers(2**40))
        noise = random.normal(0, 1.4, coding.CODED_BITS).astype(np.float32)
        read += coding.decode(coding.encode(mark) + noise) == mark
    assert read >= 38


def test_noise_is_not_an_id() -> None:
    random = np.random.default_rng(5)
    for _ in range(100):
        assert coding.decode(random.normal(0, 1, coding.CODED_BITS).astype(np.float32)) is None


def test_bits_that_are_all_alike_are_not_an_id() -> None:
    # The code's all-zero word is what a flat spectrum would give, if 0 had no checksum.
    assert coding.decode(np.ones(coding.CODED_BITS, np.float32)) is None
    assert coding.decode(np.zeros(coding.CODED_BITS, np.float32)) is None
