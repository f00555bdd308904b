"""Steps out of cards and their networks, whatever the models are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from personae.engine.card import Card
from personae.engine.card_roles import (
    DetectorContract,
    LandmarkerContract,
    OccluderContract,
    ParserContract,
    RestorerContract,
    SafetyContract,
)
from personae.engine.neural.covering import FACE_REGIONS, CardCover, Occluder, Parser
from personae.engine.neural.detecting import CardDetector
from personae.engine.neural.judging import CardScorer
from personae.engine.neural.landmarking import CardLandmarker, CardLift, PointRefiner
from personae.engine.neural.network import Network
from personae.engine.neural.restoring import CardRestorer
from personae.errors import InvalidRequest

ContractT = TypeVar("ContractT")
Model = tuple[Card, Network]


def detector(card: Card, network: Network) -> CardDetector:
    """A detector for `FaceFinder`.

    Raises
    ------
    InvalidRequest
        If the card is of something else, here as in all functions of this module.
    """
    return CardDetector(network, _contract(card, DetectorContract, "detector"))


def refiner(models: Sequence[Model]) -> PointRefiner:
    """Alignment by published landmark networks, the most trusted one first.

    Raises
    ------
    InvalidRequest, ModelError
    """
    return PointRefiner(
        [
            CardLandmarker(network, _contract(card, LandmarkerContract, "landmarker"))
            for card, network in models
        ]
    )


def lift(card: Card, network: Network) -> CardLift:
    """68 points out of five.

    Raises
    ------
    InvalidRequest, ModelError
    """
    return CardLift(network, _contract(card, LandmarkerContract, "landmarker"))


def restorer(card: Card, network: Network) -> CardRestorer:
    """A restorer for `Engine`.

    Raises
    ------
    InvalidRequest
    """
    return CardRestorer(card.name, network, _contract(card, RestorerContract, "restorer"))


def cover(
    models: Sequence[Model],
    regions: Sequence[str] = FACE_REGIONS,
    areas: Sequence[str] = (),
) -> CardCover:
    """What hides faces, for `Engine`: any number of occluders and face parsers.

    Parameters
    ----------
    models : occluders and parsers with their networks
    regions : names of a parser's card
        What the new face takes.
    areas : names of `masks.AREAS`
        To which it is confined; none confine it.

    Raises
    ------
    InvalidRequest
    """
    seers: list[Occluder | Parser] = []
    for card, network in models:
        if card.role == "parser":
            contract = _contract(card, ParserContract, "face parser")
            seers.append(Parser(network, contract, tuple(regions)))
        else:
            seers.append(Occluder(network, _contract(card, OccluderContract, "occluder")))
    return CardCover(seers, areas)


def scorer(card: Card, network: Network) -> CardScorer:
    """A scorer for the content gate.

    Raises
    ------
    InvalidRequest
    """
    return CardScorer(network, _contract(card, SafetyContract, "classifier of unsafe pictures"))


def _contract(card: Card, kind: type[ContractT], called: str) -> ContractT:
    if not isinstance(card.contract, kind):
        raise InvalidRequest(f"The model {card.name} is no {called}; it is a {card.role}.")
    return card.contract
