"""From a name to a network in memory: installed, licensed, prepared, and as its card says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from personae.adapters.model_store import ModelStore
from personae.adapters.networks.derived import FOLDER, batched, is_worth_preparing, prepared
from personae.adapters.networks.machine import multiplies_safely
from personae.engine.card import Card, Part
from personae.engine.card_check import Port, require_match
from personae.engine.sessions.onnx_model import OnnxModel
from personae.engine.sessions.pool import Recipe
from personae.engine.sessions.providers import Provider
from personae.engine.sessions.tensors import TensorSpec
from personae.errors import ModelError

WEIGHT_BITS: Final = "personae.weight_bits"
"""What a network in 8 bits says in its file: 7 where its weights are small enough for any CPU."""
_OVERHEAD: Final = 1.25
"""What a network takes in memory for each byte of its file: weights, and room to work in."""


class Loader:
    """Recipes for a pool, by the names of cards.

    Parameters
    ----------
    store : ModelStore
    card_of : callable
        The card of a name; raises InvalidRequest if there is none.
    providers : sequence of Provider
    batch : int
        How many items networks are asked to take at a time. For more than one, published networks
        are rewritten that take one.
    safely : bool, optional
        Whether this processor adds up products of 8 bits without overflow; found out if left out.
    """

    def __init__(
        self,
        store: ModelStore,
        card_of: Callable[[str], Card],
        providers: Sequence[Provider],
        batch: int = 1,
        safely: bool | None = None,
    ) -> None:
        self._store = store
        self._safely = safely
        self._card_of = card_of
        self._providers = tuple(providers)
        self._batch = batch

    def __call__(self, name: str) -> Recipe:
        """How to load the network of a card.

        Raises
        ------
        InvalidRequest
            If there is no such card.
        ModelError
            If the model is not installed, or its licence was not accepted.
        """
        card = self._card_of(name)
        part = network_part(card)
        path = self._store.path(card, part.name)
        size = int(path.stat().st_size * _OVERHEAD)
        return Recipe(lambda: self._load(card, part, path), size)

    def prepare(self, name: str) -> bool:
        """Make now what is made of an installed network before it is first loaded.

        Returns whether that is there, or not worth while; otherwise its first load takes longer.

        Raises
        ------
        InvalidRequest, ModelError
            As for loading.
        """
        card = self._card_of(name)
        part = network_part(card)
        path, ready = self._files(part, self._store.path(card, part.name))
        return ready is not None or self._accelerated or not is_worth_preparing(path)

    @property
    def _accelerated(self) -> bool:
        return any(one.accelerator for one in self._providers)

    def _files(self, part: Part, path: Path) -> tuple[Path, Path | None]:
        """The network that is loaded, and the same prepared for this processor."""
        if self._batch > 1 and _one_at_a_time(part):
            path = batched(path) or path
        return path, None if self._accelerated else prepared(path)

    def _load(self, card: Card, part: Part, path: Path) -> OnnxModel:
        path, ready = self._files(part, path)
        model = OnnxModel(
            ready or path,
            providers=self._providers,
            name=card.name,
            batch=self._batch,
            cache=self._cache(card),
            prepared=ready is not None,
        )
        require_match(card, part, _ports(model.inputs), _ports(model.outputs))
        if any(one.name == "cpu" for one in self._providers):
            self._require_exact(card, model)
        return model

    def _require_exact(self, card: Card, model: OnnxModel) -> None:
        """Raise a ModelError if sums in this network would overflow on this processor.

        They would come out as other pictures, not as an error.
        """
        if model.notes.get(WEIGHT_BITS) != "8":
            return
        safely = multiplies_safely() if self._safely is None else self._safely
        if not safely:
            raise ModelError(
                f"The model {card.name} was made for processors with VNNI or its like, and would "
                "give wrong pictures on this one; make it here with `personae models quantize`, "
                "or use the model that it was made of."
            )

    def _cache(self, card: Card) -> Path | None:
        """A folder for an accelerator's own files; None where nothing can be written."""
        if not any(one.name in ("tensorrt", "openvino") for one in self._providers):
            return None
        folder = self._store.where(card) / FOLDER / "engines"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return None
        return folder


def network_part(card: Card) -> Part:
    """The part of a card that is an ONNX network.

    Raises
    ------
    ModelError
        If there is none, or several.
    """
    found = [part for part in card.parts if part.inputs and part.file.endswith(".onnx")]
    if len(found) != 1:
        raise ModelError(f"The model {card.name} has not one ONNX network but {len(found)}.")
    return found[0]


def _one_at_a_time(part: Part) -> bool:
    return any(tensor.shape[:1] == (1,) for tensor in part.inputs)


def _ports(specs: Sequence[TensorSpec]) -> list[Port]:
    return [Port(spec.name, spec.shape, spec.dtype) for spec in specs]
