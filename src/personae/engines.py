"""Engines by what is asked of them: chosen by what is installed, put together, and kept."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from personae import wiring
from personae.engine.card import Card
from personae.engine.card_roles import (
    ConverterContract,
    EmbedderContract,
    SwapperContract,
)
from personae.engine.choosing import Wish, choose
from personae.engine.setup import CLASSICAL, MESH, EngineSetup
from personae.errors import ModelError

if TYPE_CHECKING:
    from personae.engine.neural.conditioning import Conditioner
    from personae.engine.neural.network import Network
    from personae.engine.pipeline import Engine
    from personae.engine.restore import Restorer
    from personae.engine.swapper import Cover, Swapper
    from personae.engine.types import Float32

EMBEDDED = EngineSetup()


def setup_for(wish: Wish) -> EngineSetup:
    """What a wish means on this machine; see `choose`.

    Raises
    ------
    InvalidRequest
    """
    return choose(wish, wiring.card_called, is_ready)


def is_ready(name: str) -> bool:
    """Whether a model is installed, allowed, and has all the models that it needs."""
    store = wiring.model_store()
    try:
        cards = with_needs(wiring.card_called(name))
    except Exception as error:
        if type(error).__module__.startswith("personae."):
            return False
        raise
    return all(store.status(one) == "ready" for one in cards)


def with_needs(card: Card) -> tuple[Card, ...]:
    """A model and the models that it cannot do without."""
    if not isinstance(card.contract, SwapperContract):
        return (card,)
    how = card.contract.conditioning
    names = [name for name in (how.embedder, how.converter) if name]
    return (card, *(wiring.card_called(name) for name in names))


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
    return wiring.engine().beside(_swapper(setup), _restorer(setup), _cover(setup))


def _swapper(setup: EngineSetup) -> Swapper | None:
    if setup.engine == MESH:
        return None
    from personae.engine.neural.swapping import NeuralSwapper

    card = wiring.card_called(setup.engine)
    network = wiring.network(card, "graph")
    return NeuralSwapper(card, network, _conditioner(card), setup.boost, setup.likeness)


def _conditioner(card: Card) -> Conditioner:
    import numpy as np

    from personae.engine.neural.conditioning import Conditioner

    assert isinstance(card.contract, SwapperContract)
    how = card.contract.conditioning
    if how.kind == "picture":
        return Conditioner(how)
    embedder = wiring.card_called(how.embedder)
    if not isinstance(embedder.contract, EmbedderContract):
        raise ModelError(f"The model {embedder.name}, which {card.name} needs, is no embedder.")
    converter: Network | None = None
    if how.converter:
        wanted = wiring.card_called(how.converter)
        if not isinstance(wanted.contract, ConverterContract):
            raise ModelError(f"The model {wanted.name}, which {card.name} needs, converts nothing.")
        converter = wiring.network(wanted)
    projection: Float32 | None = None
    if how.projection:
        path = wiring.model_store().path(card, how.projection)
        projection = np.load(path, allow_pickle=False).astype(np.float32)
    return Conditioner(how, wiring.network(embedder), embedder.contract, converter, projection)


def _restorer(setup: EngineSetup) -> Restorer | None:
    if setup.restorer == CLASSICAL:
        return None
    raise ModelError("Restorer models are not there yet.")


def _cover(setup: EngineSetup) -> Cover | None:
    return None
