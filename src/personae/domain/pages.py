"""Listings cut into pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items, newest first, and the name after which the next page starts; None on the last."""

    items: tuple[T, ...]
    next_after: str | None
