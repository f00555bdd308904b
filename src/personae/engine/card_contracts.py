"""Reading the contract of a card: its role's table, field by field, into `card_roles`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from personae.engine.card_fields import Table
from personae.engine.card_roles import (
    Conditioning,
    Contract,
    ConverterContract,
    DetectorContract,
    EmbedderContract,
    FeaturesContract,
    LandmarkerContract,
    OccluderContract,
    ParserContract,
    Picture,
    RestorerContract,
    SafetyContract,
    SwapperContract,
    Triple,
)


def read_contract(role: str, table: Table) -> Contract:
    """The contract in a card's table that is called as its role.

    Raises
    ------
    ModelError
        If a field is missing, unknown or makes no sense.
    """
    made = _READERS[role](table)
    table.finish()
    return made


def _picture(table: Table, *, template: bool = True) -> Picture:
    made = Picture(
        input=table.text("input"),
        size_px=table.take("size_px", int, 0),
        template=table.text("template") if template else table.text("template", ""),
        order=table.one_of("order", ("rgb", "bgr")),
        layout=table.one_of("layout", ("nchw", "nhwc")),
        mean=_triple(table, "mean"),
        std=_triple(table, "std"),
    )
    table.finish()
    return made


def _triple(table: Table, field: str) -> Triple:
    values = table.numbers(field, float)
    if len(values) != 3 or (field == "std" and min(values) <= 0):
        raise table.error(field, "something else than three numbers")
    return values[0], values[1], values[2]


def _pair(table: Table, field: str) -> tuple[float, float]:
    values = table.numbers(field, float)
    if len(values) != 2:
        raise table.error(field, "something else than two numbers")
    return values[0], values[1]


def _conditioning(table: Table) -> Conditioning:
    kind = table.one_of("kind", ("embedding", "picture"))
    entry = table.text("input")
    if kind == "picture":
        made = Conditioning(entry, "picture", picture=_picture(table.table("picture")))
    else:
        made = Conditioning(
            entry,
            "embedding",
            embedder=table.text("embedder"),
            converter=table.text("converter", ""),
            projection=table.text("projection", ""),
            unit=table.take("unit", bool),
        )
    table.finish()
    return made


def _swapper(table: Table) -> SwapperContract:
    boosts = table.numbers("boosts", int)
    if not boosts or boosts[0] != 1 or list(boosts) != sorted(set(boosts)):
        raise table.error("boosts", "something else than rising whole numbers from 1")
    return SwapperContract(
        picture=_picture(table.table("picture")),
        conditioning=_conditioning(table.table("conditioning")),
        normalised=table.take("normalised", bool),
        boosts=boosts,
        leaning=_pair(table, "leaning"),
    )


def _embedder(table: Table) -> EmbedderContract:
    return EmbedderContract(_picture(table.table("picture")))


def _converter(table: Table) -> ConverterContract:
    return ConverterContract(table.text("input"), table.text("embedder"))


def _detector(table: Table) -> DetectorContract:
    return DetectorContract(
        picture=_picture(table.table("picture"), template=False),
        decode=table.one_of("decode", ("rows", "anchors", "grid")),
        strides=table.numbers("strides", int) if table.has("strides") else (),
        anchors=table.take("anchors", int, 0),
        least_score=table.take("least_score", float),
        overlap=table.take("overlap", float),
    )


def _landmarker(table: Table) -> LandmarkerContract:
    kind = table.one_of("kind", ("points", "lift"))
    points = kind == "points"
    return LandmarkerContract(
        kind="points" if points else "lift",
        picture=_picture(table.table("picture"), template=False) if points else None,
        face_px=table.size("face_px") if points else 0,
        unit=table.take("unit", float) if points else 1.0,
        heat=table.text("heat", ""),
        sure=_pair(table, "sure") if points else (0.0, 1.0),
        input="" if points else table.text("input"),
        template="" if points else table.text("template"),
    )


def _restorer(table: Table) -> RestorerContract:
    return RestorerContract(
        picture=_picture(table.table("picture")),
        weight=table.text("weight", ""),
        weight_value=table.take("weight_value", float, 0.0),
    )


def _occluder(table: Table) -> OccluderContract:
    picture = _picture(table.table("picture"))
    return OccluderContract(picture, table.take("blur_px", float), table.take("floor", float))


def _parser(table: Table) -> ParserContract:
    regions = table.table("regions")
    named = {name: regions.numbers(name, int) for name in regions.names()}
    return ParserContract(
        picture=_picture(table.table("picture")),
        regions=MappingProxyType(named),
        blur_px=table.take("blur_px", float),
        floor=table.take("floor", float),
    )


def _safety(table: Table) -> SafetyContract:
    return SafetyContract(
        picture=_picture(table.table("picture"), template=False),
        contain=table.take("contain", bool),
        plus=table.numbers("plus", int),
        minus=table.numbers("minus", int) if table.has("minus") else (),
        any_of=table.take("any_of", bool, False),
        limit=table.take("limit", float),
        box_numbers=table.take("box_numbers", int, 0),
    )


def _features(table: Table) -> FeaturesContract:
    return FeaturesContract(_picture(table.table("picture"), template=False))


_READERS: Final[Mapping[str, Callable[[Table], Contract]]] = MappingProxyType(
    {
        "swapper": _swapper,
        "embedder": _embedder,
        "converter": _converter,
        "detector": _detector,
        "landmarker": _landmarker,
        "restorer": _restorer,
        "occluder": _occluder,
        "parser": _parser,
        "safety": _safety,
        "features": _features,
    }
)
