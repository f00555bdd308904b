"""Engines by what is asked of them: chosen by what is installed, put together, and kept."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from personae import wiring
from personae.engine.card import Card
from personae.engine.card_roles import (
    ConverterContract,
    EmbedderContract,
    SwapperContract,
)
from personae.engine.choosing import Wish, choose
from personae.engine.setup import CLASSICAL, MESH, OFF, EngineSetup
from personae.errors import InvalidRequest, PersonaeError

if TYPE_CHECKING:
    from personae.engine.faces.rough import RoughDetector
    from personae.engine.neural.conditioning import Conditioner
    from personae.engine.neural.landmarking import PointRefiner
    from personae.engine.neural.network import Network
    from personae.engine.pipeline import Engine
    from personae.engine.restore import Restorer
    from personae.engine.swapper import Cover, Swapper
    from personae.engine.types import Float32

_T = TypeVar("_T")

EMBEDDED = EngineSetup()


def setup_for(wish: Wish) -> EngineSetup:
    """What a wish means on this machine; see `choose`.

    Raises
    ------
    InvalidRequest
    """
    store, shelf = wiring.model_store(), wiring.shelf()

    def is_ready(name: str) -> bool:
        """Whether a model is installed, allowed, and has all the models that it needs."""
        try:
            card = shelf.card(name)
            return all(store.usable(one) for one in (card, *shelf.needs(card)))
        except PersonaeError:
            return False

    return choose(wish, shelf.card, is_ready, wiring.eight_bits_are_quicker)


def renderers(setup: EngineSetup, threads: int | None) -> int | None:
    """How many threads render with a setup; None where models do not decide it.

    Networks take so much longer than everything else that no core is left to it alone.
    """
    if not setup.models:
        return None
    return max(1, min(threads or 16, wiring.layout().workers))


def engine_for(setup: EngineSetup) -> Engine:
    """The process's engine of that setup; its models are loaded with it.

    Raises
    ------
    ModelError
        If a model is not installed, or does not load.
    """
    if setup == EMBEDDED:
        return wiring.engine()
    return _build(wiring.models_dir(), setup)


@functools.lru_cache(maxsize=4)
def _build(_folder: Path, setup: EngineSetup) -> Engine:
    detectors = [_detector(setup.detector)] if setup.detector else []
    return wiring.engine().beside(_swapper(setup), _restorer(setup), _cover(setup), detectors)


def _swapper(setup: EngineSetup) -> Swapper | None:
    if setup.engine == MESH:
        return None
    from personae.engine.neural.swapping import NeuralSwapper

    card = wiring.card_called(setup.engine)
    network = wiring.network(card)
    return NeuralSwapper(
        card, network, conditioner(card), setup.boost, setup.likeness, _refiner(setup)
    )


def conditioner(card: Card) -> Conditioner:
    """What tells a swapper whose face to make.

    Raises
    ------
    InvalidRequest, ModelError
    """
    import numpy as np

    from personae.engine.neural.conditioning import Conditioner

    assert isinstance(card.contract, SwapperContract)
    how = card.contract.conditioning
    if how.kind == "picture":
        return Conditioner(how)
    embedder, contract = _known(how.embedder, EmbedderContract)
    converter: Network | None = None
    if how.converter:
        wanted, _ = _known(how.converter, ConverterContract)
        converter = wiring.network(wanted)
    projection: Float32 | None = None
    if how.projection:
        path = wiring.model_store().path(card, how.projection)
        projection = np.load(path, allow_pickle=False).astype(np.float32)
    return Conditioner(how, wiring.network(embedder), contract, converter, projection)


def _refiner(setup: EngineSetup) -> PointRefiner | None:
    from personae.engine.neural import building

    models = [_model(name) for name in setup.landmarkers]
    return building.refiner(models) if models else None


def _detector(name: str) -> RoughDetector:
    from personae.engine.neural import building

    return building.detector(*_model(name))


def _restorer(setup: EngineSetup) -> Restorer | None:
    from personae.engine.neural import building

    return (
        None if setup.restorer in (CLASSICAL, OFF) else building.restorer(*_model(setup.restorer))
    )


def _cover(setup: EngineSetup) -> Cover | None:
    from personae.engine.neural import building

    names = [*setup.occluders, *([setup.parser] if setup.parser else [])]
    models = [_model(name) for name in names]
    return building.cover(models, setup.regions or building.FACE_REGIONS) if models else None


def _model(name: str) -> tuple[Card, Network]:
    card = wiring.card_called(name)
    return card, wiring.network(card)


def _known(name: str, kind: type[_T]) -> tuple[Card, _T]:
    """A card and its contract.

    Raises
    ------
    InvalidRequest
        If there is no such card, or it says nothing of this kind.
    """
    card = wiring.card_called(name)
    if not isinstance(card.contract, kind):
        raise InvalidRequest(f"The model {name} is a {card.role} that no step here can use.")
    return card, card.contract
