"""The names of tasks and detections, as long and as they look at the vendor's.

A detection has one number of 64 bits and two names of it: its search is polled by one, and swaps
refer to its result by the other. Either leads to the other, so only the first is stored.
"""

from __future__ import annotations

import string
import uuid

from personae.domain.ids import hex_id

_PREFIX = "dit60"
_DIGITS = string.digits + string.ascii_lowercase
_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_POLLED_CHARS, _USED_CHARS = 13, 11  # Of 64 bits in base 36 and in base 62.
_END = 1 << 64


def new_task_id() -> str:
    """A fresh UUID (version 4)."""
    return str(uuid.UUID(hex=hex_id(32), version=4))


def new_detect_task_id() -> str:
    """A fresh name of a search: 18 lower-case letters and digits."""
    return _PREFIX + _written(int(hex_id(16), 16), _DIGITS, _POLLED_CHARS)


def detect_id_of(detect_task_id: str) -> str:
    """The name of a search's result: 11 letters and digits.

    Raises
    ------
    ValueError
        If there is no search of such a name.
    """
    number = _read(detect_task_id.removeprefix(_PREFIX), _DIGITS, _POLLED_CHARS)
    if number is None or not detect_task_id.startswith(_PREFIX):
        raise ValueError(f"{detect_task_id!r} is no detect_task_id")
    return _written(number, _LETTERS, _USED_CHARS)


def detect_task_id_of(name: str) -> str:
    """The name of a search, by that or by its result's name; what is neither stays as it is."""
    number = _read(name, _LETTERS, _USED_CHARS)
    return name if number is None else _PREFIX + _written(number, _DIGITS, _POLLED_CHARS)


def _written(number: int, digits: str, chars: int) -> str:
    made: list[str] = []
    for _ in range(chars):
        number, digit = divmod(number, len(digits))
        made.append(digits[digit])
    return "".join(reversed(made))


def _read(text: str, digits: str, chars: int) -> int | None:
    """The number, if the text is one of that many digits and fits 64 bits."""
    if len(text) != chars or any(one not in digits for one in text):
        return None
    number = 0
    for one in text:
        number = number * len(digits) + digits.index(one)
    return number if number < _END else None
