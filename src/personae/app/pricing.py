"""What work costs; the numbers live in ``prices/*.toml``, one table a dialect.

A table has rows: a call (or a kind of it, such as a quality) and what it costs. The native API has
one row for pictures and one for videos; a dialect has those of its vendor's price list.
"""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

from personae.domain.engines import EngineChoice
from personae.domain.media import MediaFacts
from personae.domain.swap import SwapRequest
from personae.errors import InvalidRequest

IMAGE, VIDEO = "image", "video"
"""Rows for requests that name none."""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """Prices in credits.

    A started second counts whole. The price is ``flat + seconds * (per_second +
    per_mapping_second * mappings)``, at least `minimum`, times what further mappings and the
    restorer add and what engine and quality cost, rounded up.

    Attributes
    ----------
    extra_mapping : float
        What each mapping beyond the first adds, relative to the first.
    restore : float
        What the restorer adds where a client asks for it, by a strength or by a quality that
        restores, relative to the price without it.
    """

    flat: int = 0
    per_second: int = 0
    per_mapping_second: int = 0
    minimum: int = 0
    extra_mapping: float = 0.0
    restore: float = 0.0

    @property
    def by_time(self) -> bool:
        """Whether the scene's duration matters."""
        return bool(self.per_second or self.per_mapping_second)


@dataclass(frozen=True, slots=True)
class PriceTable:
    """A dialect's rows by name.

    Attributes
    ----------
    assumed_video_s : float, seconds
        What is held for a video whose duration nobody has measured yet.
    engine_factors, quality_factors : mapping
        What an engine, or a quality, costs relative to the rows' prices; 1 where nothing is said.
    """

    rows: Mapping[str, PriceRow] = field(default_factory=dict[str, PriceRow])
    assumed_video_s: float = 10.0
    engine_factors: Mapping[str, float] = field(default_factory=dict[str, float])
    quality_factors: Mapping[str, float] = field(default_factory=dict[str, float])

    def factors(self, choice: EngineChoice) -> dict[str, float]:
        """What a choice multiplies a price with, beside 1."""
        told = {
            "engine": self.engine_factors.get(choice.engine, 1.0),
            "quality": self.quality_factors.get(choice.quality, 1.0),
        }
        return {name: factor for name, factor in told.items() if factor != 1}


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
    told = tomllib.loads(file.read_text("utf-8"))
    rows = {name: PriceRow(**row) for name, row in told["prices"].items()}
    return PriceTable(
        rows, float(told["assumed_video_s"]), told.get("engines", {}), told.get("qualities", {})
    )


def quote(request: SwapRequest, facts: MediaFacts | None, table: PriceTable | None = None) -> Quote:
    """What a swap costs, by the measured facts of its scene; None while nobody measured it.

    Animations are charged by their duration, as videos are. A client that declares a duration pays
    for it if it is the longer one.

    Raises
    ------
    InvalidRequest
        If the table has no such row, or the range lies behind the scene's end.
    """
    table = table or price_table()
    moving = request.media == "video" if facts is None else facts.kind != "picture"
    name = request.tariff or (VIDEO if moving else IMAGE)
    row = table.rows.get(name)
    if row is None:
        raise InvalidRequest(f"There is no price for {name}.")
    mappings = len(request.mappings)
    factor = 1 + row.extra_mapping * (mappings - 1)
    if request.restore > 0 or (request.quality is not None and request.choice.restore > 0):
        factor *= 1 + row.restore  # What the operator's default adds costs nothing more.
    factors = table.factors(request.choice)
    factor *= math.prod(factors.values())
    if not row.by_time:
        credits = math.ceil(max(row.flat, row.minimum) * factor - 1e-9)
        open_yet = facts is None and request.media == "any"
        return Quote(credits, None, open_yet, {"image": row.flat, "factor": factor, **factors})
    seconds = _seconds(request, facts, table)
    per_second = row.per_second + row.per_mapping_second * mappings
    base = max(row.minimum, row.flat + per_second * math.ceil(seconds - 1e-6))
    unknown = facts is None or (moving and facts.duration_s is None)
    parts = {"per_second": per_second, "seconds": seconds, "factor": factor, **factors}
    return Quote(math.ceil(base * factor - 1e-9), seconds, unknown, parts)


def detection_price(tariff: str | None, table: PriceTable) -> int:
    """What a search for faces costs: nothing, unless the table has a row of that name."""
    if tariff is None or tariff not in table.rows:
        return 0
    return table.rows[tariff].flat


def _seconds(request: SwapRequest, facts: MediaFacts | None, table: PriceTable) -> float:
    """How long the part of the scene is that will be swapped; a picture is a second long."""
    start, declared = request.start_s or 0.0, request.declared_s or 0.0
    if facts is not None and facts.kind == "picture":
        return max(1.0, declared)
    if facts is None or facts.duration_s is None:
        if request.end_s is not None:
            return max(request.end_s - start, declared)
        return declared or table.assumed_video_s
    end = facts.duration_s if request.end_s is None else min(request.end_s, facts.duration_s)
    if end <= start:
        raise InvalidRequest(
            f"The range starts at {start:g} s, but the scene ends at {facts.duration_s:g} s."
        )
    return max(end - start, declared)
