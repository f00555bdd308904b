"""Stand-ins for the published networks: same names, shapes and ranges, about the same arithmetic.

No weights of published models can be had where Personae is developed, nor may they be committed.
What these networks make says nothing about what the published ones would make of a face; they say
whether everything around them works, and what it costs. Wherever they are measured, the table calls
them stand-ins.

They look for the marker, a colour that no photograph has: see `pictures`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.stand_ins import detectors, faces, landmarks, swappers
from benchmarks.stand_ins.figures import (
    DEFAULT_GENERATOR,
    GENERATORS,
    SMALL,
    SMALL_GENERATOR,
    figures_of,
)
from benchmarks.stand_ins.graph import Graph
from personae.adapters.models.hashes import fingerprint
from personae.adapters.models.licences import Licences
from personae.adapters.models.records import MADE, Made, MadeFile, Pin, made_text, write_pin
from personae.engine.card import Card, Part
from personae.engine.card_roles import SwapperContract

Size = Literal["full", "small"]


@dataclass(frozen=True)
class StandIn:
    """A written network and what it costs: multiplications with addition, and weights."""

    path: Path
    macs: int
    parameters: int


def make_stand_in(card: Card, folder: Path, size: Size = "small") -> StandIn:
    """Write the network of a card as its publisher would publish it.

    Parameters
    ----------
    card : Card
        Of a model that is a published ONNX file; its contract says what the network does.
    folder : path
        Where the file goes, under the name of the card's graph.
    size : "full" or "small"
        About the published arithmetic and weights, or next to none; same names and shapes.

    Returns
    -------
    StandIn
        The same card gives the same bytes.
    """
    full = size == "full"
    graph = Graph(card.name, half=card.name.endswith("_fp16"))
    figures = figures_of(card.name, card.role) if full else SMALL
    if card.role == "swapper":
        large = GENERATORS.get(card.name, DEFAULT_GENERATOR)
        swappers.swapper(graph, card, large if full else SMALL_GENERATOR)
    elif card.role == "converter":
        faces.converter(graph, card, full)
    else:
        maker = {
            "embedder": faces.embedder,
            "features": faces.embedder,
            "detector": detectors.detector,
            "landmarker": landmarks.landmarker,
            "restorer": faces.restorer,
            "occluder": faces.occluder,
            "parser": faces.parser,
            "safety": faces.safety,
        }[card.role]
        maker(graph, card, figures)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / graph_part(card).file
    graph.save(path, projection() if _projected(card) else None)
    return StandIn(path, graph.macs, graph.parameters)


def graph_part(card: Card) -> Part:
    """The part of a card that is the network."""
    return next(part for part in card.parts if part.inputs)


def projection() -> np.ndarray:
    """The matrix (512, 512) that inswapper's stand-in has as its last weight.

    It keeps lengths and mixes everything: Sylvester's construction of a Hadamard matrix.
    """
    made = np.ones((1, 1), np.float32)
    for _ in range(9):
        made = np.block([[made, made], [made, -made]])
    return made / np.float32(512**0.5)


def _projected(card: Card) -> str:
    """The file of a swapper's projection; empty where it has none."""
    contract = card.contract
    if not isinstance(contract, SwapperContract) or not contract.conditioning.projection:
        return ""
    return card.part(contract.conditioning.projection).file


def install_stand_ins(
    models_folder: Path, cards: Iterable[Card], size: Size = "small"
) -> list[StandIn]:
    """Put stand-ins into a models folder, as if the cards' models had been pulled into it.

    Their licences count as accepted there, and the hashes that some publishers tell as found.
    """
    made: list[StandIn] = []
    licences = Licences(models_folder)
    for card in cards:
        home = models_folder / card.name
        stand_in = make_stand_in(card, home, size)
        if file := _projected(card):
            np.save(home / file, projection())
        if not card.licence.permissive:
            licences.accept(card, "a stand-in", 0.0)
        _vouch_for(card, models_folder, stand_in.path)
        made.append(stand_in)
    return made


def _vouch_for(card: Card, folder: Path, network: Path) -> None:
    """Write the records that a pull leaves behind."""
    found = {part.file: fingerprint(folder / card.name / part.file) for part in card.parts}
    sha256 = card.source.sha256 or found[network.name].sha256
    if card.source.sha256_ends:
        start, end = card.source.sha256_ends
        sha256 = start + sha256[len(start) : 64 - len(end)] + end
    files = {name: MadeFile(one.size_bytes, one.sha256) for name, one in found.items()}
    made = Made(sha256, card.conversion, card.conversion_version, files)
    (folder / card.name / MADE).write_text(made_text(made), "utf-8")
    write_pin(folder, card.name, Pin(sha256, files[network.name].size_bytes, "a stand-in", 0.0))
