"""A mark's id as bits that survive noise: a checksum, and a convolutional code around both.

The code has rate 1/6 and constraint length 9, with the generators that 3GPP2 C.S0002 (cdma2000)
gives for that rate. Decoding follows A. J. Viterbi, "Error bounds for convolutional codes", IEEE
Trans. Inf. Theory 13 (1967).
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from personae.engine.types import Float32, Int32
from personae.errors import InvalidRequest

ID_BITS: Final = 40
CHECK_BITS: Final = 24
"""One wrong answer in 2**24 passes the checksum by chance."""

_GENERATORS: Final = (0o457, 0o755, 0o551, 0o637, 0o625, 0o727)
_MEMORY: Final = 8
_STATES: Final = 1 << _MEMORY
_STEPS: Final = ID_BITS + CHECK_BITS + _MEMORY
CODED_BITS: Final = _STEPS * len(_GENERATORS)

_CRC_START, _CRC_POLYNOMIAL = 0xB704CE, 0x864CFB
"""CRC-24 of RFC 4880, section 6.1."""


def encode(mark: int) -> Float32:
    """The bits that stand for an id: float32 (CODED_BITS,), each 1 (for 0) or -1 (for 1).

    Raises
    ------
    InvalidRequest
        If the id has more than `ID_BITS` bits, or is negative.
    """
    if not 0 <= mark < 1 << ID_BITS:
        raise InvalidRequest(f"A mark is a number of {ID_BITS} bits, not {mark!r}.")
    signs, following = _outputs(), _following()
    state, coded = 0, np.empty((_STEPS, len(_GENERATORS)), np.float32)
    for step, bit in enumerate([*_bits(mark), *[0] * _MEMORY]):
        coded[step] = signs[state, bit]
        state = following[state, bit]
    return coded.reshape(-1)


def decode(soft: Float32) -> int | None:
    """The likeliest id behind noisy bits, or None where its checksum does not fit.

    Parameters
    ----------
    soft : float32 (CODED_BITS,)
        As `encode` gives them, with noise; the larger, the surer.
    """
    bits = _likeliest(soft.reshape(_STEPS, -1))
    mark = int("".join(map(str, bits[:ID_BITS])), 2)
    return mark if bits == _bits(mark) else None


def _likeliest(soft: Float32) -> list[int]:
    """The bits whose coded form agrees best with `soft`, (_STEPS, generators)."""
    before = _before()
    newest = np.arange(_STATES) >> (_MEMORY - 1)
    signs = _outputs()[before, newest[:, None]]
    gains = np.einsum("spg,tg->tsp", signs, soft)
    score = np.full(_STATES, -np.inf, np.float32)
    score[0] = 0
    choices = np.empty((_STEPS, _STATES), np.bool_)
    for step in range(_STEPS):
        paths = score[before] + gains[step]
        choices[step] = paths[:, 1] > paths[:, 0]
        score = paths.max(axis=1)
    state, bits = 0, [0] * _STEPS
    for step in range(_STEPS - 1, -1, -1):
        bits[step] = state >> (_MEMORY - 1)
        state = int(before[state, int(choices[step, state])])
    return bits[:-_MEMORY]


def _bits(mark: int) -> list[int]:
    """The id and its checksum, most significant bits first."""
    check = _CRC_START
    bits = [mark >> place & 1 for place in range(ID_BITS - 1, -1, -1)]
    for bit in bits:
        check ^= bit << (CHECK_BITS - 1)
        check <<= 1
        if check >> CHECK_BITS:
            check ^= 1 << CHECK_BITS | _CRC_POLYNOMIAL
    return bits + [check >> place & 1 for place in range(CHECK_BITS - 1, -1, -1)]


# A state is the last bits that came, the newest one foremost.


@cache
def _outputs() -> NDArray[np.float32]:
    """What leaves in a state for the next bit: (_STATES, 2, generators), 1 or -1."""
    register = np.arange(_STATES)[:, None] | np.array([0, _STATES])
    taps = register[..., None] & np.array(_GENERATORS)
    return (1 - 2 * (np.bitwise_count(taps) & 1).astype(np.int8)).astype(np.float32)


@cache
def _following() -> Int32:
    """The state after the next bit: (_STATES, 2)."""
    return ((np.arange(_STATES)[:, None] | np.array([0, _STATES])) >> 1).astype(np.int32)


@cache
def _before() -> Int32:
    """The two states from which each state is reached: (_STATES, 2)."""
    older = (np.arange(_STATES) << 1) & (_STATES - 1)
    return np.column_stack([older, older | 1]).astype(np.int32)
