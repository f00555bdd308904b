"""Telling a lack of memory from what else goes wrong in a runtime."""

from __future__ import annotations

from typing import Final

from personae.errors import ModelError

_SIGNS: Final = (
    *("failed to allocate", "out of memory", "out_of_memory", "outofmemory", "not enough memory"),
    *("bad allocation", "bad_alloc", "alloc_failed"),
)
"""What runtime, drivers and allocators say, in small letters."""


class NoMemory(ModelError):
    """There is no memory for a model; free some, or choose a smaller one."""


def lacks_memory(error: Exception) -> bool:
    """Whether this is what a runtime says when it gets no memory."""
    return isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in _SIGNS)
