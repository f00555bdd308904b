"""Names of things, and the numbers that they are."""

from __future__ import annotations

import pytest

from personae.domain.ids import new_id, packed, unpacked


def test_a_name_is_a_number_and_back() -> None:
    name = new_id("asset", 1723807527.474)
    value = unpacked(name)
    assert packed("asset", value) == name
    assert value >> 80 == 1723807527474
    assert value < 1 << 128


@pytest.mark.parametrize("value", [0, 1, 31, 32, (1 << 128) - 1])
def test_every_number_of_128_bits_has_a_name(value: int) -> None:
    assert unpacked(packed("asset", value)) == value
    assert len(packed("asset", value)) == len("asset_") + 26
