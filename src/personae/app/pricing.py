"""What a task costs; the numbers live in ``prices/*.toml``, one table a dialect."""

from __future__ import annotations

import functools
import math
import tomllib
from dataclasses import dataclass
from importlib import resources

from personae.domain.media import MediaFacts
from personae.domain.swap import SwapRequest
from personae.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices in credits.

    Attributes
    ----------
    image, video_second : int
        For one mapping; a started second counts whole.
    extra_mapping : float
        What each further mapping adds, relative to the first.
    restore : float
        What the restorer adds, relative to the price without it.
    video_minimum : int
    assumed_video_s : float, seconds
        What is held for a video whose duration nobody has measured yet.
    """

    image: int
    video_second: int
    extra_mapping: float
    restore: float
    video_minimum: int
    assumed_video_s: float


@dataclass(frozen=True, slots=True)
class Quote:
    """A price and how it came about.

    ``assumed``: the duration is not measured yet, so the price is only what is held at first.
    """

    credits: int
    seconds: float | None
    assumed: bool
    breakdown: dict[str, float]


@functools.cache
def price_table(dialect: str = "native") -> PriceTable:
    """A dialect's prices.

    Raises
    ------
    InvalidRequest
        If there is no such table.
    """
    file = resources.files("personae.app") / "prices" / f"{dialect}.toml"
    if not file.is_file():
        raise InvalidRequest(f"There is no price table for {dialect}.")
    return PriceTable(**tomllib.loads(file.read_text("utf-8"))["prices"])


def quote(request: SwapRequest, facts: MediaFacts | None, table: PriceTable | None = None) -> Quote:
    """What a swap costs, by the measured facts of its scene; None while nobody measured it.

    Animations are charged by their duration, as videos are.
    """
    table = table or price_table()
    moving = request.media == "video" if facts is None else facts.kind != "picture"
    factor = 1 + table.extra_mapping * (len(request.mappings) - 1)
    if request.restore > 0:
        factor *= 1 + table.restore
    if not moving:
        return Quote(
            math.ceil(table.image * factor), None, False, {"image": table.image, "factor": factor}
        )
    seconds = _seconds(request, facts, table)
    base = max(table.video_minimum, table.video_second * math.ceil(seconds - 1e-6))
    unknown = facts is None or facts.duration_s is None
    parts = {"per_second": table.video_second, "seconds": seconds, "factor": factor}
    return Quote(math.ceil(base * factor), seconds, unknown, parts)


def price(request: SwapRequest, facts: MediaFacts | None) -> int:
    """`quote` in credits, by the native table."""
    return quote(request, facts).credits


def _seconds(request: SwapRequest, facts: MediaFacts | None, table: PriceTable) -> float:
    """How long the part of the scene is that will be swapped."""
    start = request.start_s or 0.0
    if facts is None or facts.duration_s is None:
        if request.end_s is not None:
            return request.end_s - start
        return table.assumed_video_s
    end = facts.duration_s if request.end_s is None else min(request.end_s, facts.duration_s)
    if end <= start:
        raise InvalidRequest(
            f"The range starts at {start:g} s, but the scene ends at {facts.duration_s:g} s."
        )
    return end - start
