"""Where the parts are put together: which folder, which store, which engine."""

from __future__ import annotations

import functools
import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from personae.adapters.distributions import Progress
from personae.adapters.model_store import ModelStore
from personae.adapters.models.shelf import Shelf, read_shelf
from personae.adapters.models.sources import read_mirrors
from personae.engine.cards import card
from personae.errors import InvalidRequest, ModelError

if TYPE_CHECKING:
    from personae.engine.card import Card
    from personae.engine.gate import PictureScorer
    from personae.engine.pipeline import Engine
    from personae.engine.session import OnnxModel
    from personae.engine.sessions.layout import Layout
    from personae.engine.sessions.pool import NetworkPool, SharedNetwork
    from personae.engine.sessions.providers import Provider
    from personae.engine.types import Float32

MODELS_DIR_VARIABLE = "PERSONAE_MODELS_DIR"
PROVIDERS_VARIABLE = "PERSONAE_PROVIDERS"
MODEL_MEMORY_VARIABLE = "PERSONAE_MODEL_MEMORY"
MODEL_BATCH_VARIABLE = "PERSONAE_MODEL_BATCH"
CARDS_DIR_VARIABLE = "PERSONAE_CARDS_DIR"
MIRRORS_VARIABLE = "PERSONAE_MODEL_MIRRORS"
PERMISSIVE_ONLY_VARIABLE = "PERSONAE_PERMISSIVE_ONLY"
GATE_MODELS_VARIABLE = "PERSONAE_GATE_MODELS"

GATE_MODEL = "open_nsfw"
ENGINE_MODELS = (
    *("blazeface_short", "blazeface_full", "attention_mesh", "dlib_resnet"),
    GATE_MODEL,
)
_engine_lock = threading.Lock()
_networks_lock = threading.Lock()


def models_dir() -> Path:
    """The folder for model files: PERSONAE_MODELS_DIR, else one in the user's data folder."""
    given = os.environ.get(MODELS_DIR_VARIABLE)
    if given:
        return Path(given).expanduser()
    import platformdirs  # Only needed without the variable, and not free to import.

    return Path(platformdirs.user_data_dir("personae")) / "models"


def model_store(only_permissive: bool = False) -> ModelStore:
    """The store in `models_dir`, with the mirrors and the limits that the environment asks for.

    Parameters
    ----------
    only_permissive : bool
        Refuse models whose licence is not permissive, also if the environment does not ask for it.

    Raises
    ------
    InvalidRequest
        If a variable makes no sense.
    """
    mirrors = read_mirrors(os.environ.get(MIRRORS_VARIABLE, ""))
    return ModelStore(models_dir(), mirrors, only_permissive or permissive_only())


def shelf() -> Shelf:
    """Every card that is known: Personae's own, those in PERSONAE_CARDS_DIR and the store's."""
    given = os.environ.get(CARDS_DIR_VARIABLE, "")
    folders = [Path(each).expanduser() for each in given.split(os.pathsep) if each]
    return read_shelf([*folders, own_cards_dir()])


def own_cards_dir() -> Path:
    """The folder of an operator's own cards inside the models folder."""
    return models_dir() / "cards"


def permissive_only() -> bool:
    """Whether PERSONAE_PERMISSIVE_ONLY forbids models whose licence is not permissive.

    Raises
    ------
    InvalidRequest
        If it is neither true nor false.
    """
    given = os.environ.get(PERMISSIVE_ONLY_VARIABLE, "").strip().lower()
    if given in ("1", "true", "yes", "on"):
        return True
    if given in ("", "0", "false", "no", "off"):
        return False
    raise InvalidRequest(f"{PERMISSIVE_ONLY_VARIABLE} is {given!r}; set it to true or false.")


def fetch_missing_models(progress: Progress | None = None) -> tuple[Card, ...]:
    """Fetch what the engine needs and is not there; usually nothing. Returns what was fetched.

    Raises
    ------
    ModelError
    """
    return model_store().ensure([card(name) for name in ENGINE_MODELS], progress)


def card_called(name: str) -> Card:
    """The card of a model.

    Raises
    ------
    InvalidRequest
        If there is none of that name.
    ModelError
        If there is an operator's file of that name that makes no sense.
    """
    return shelf().card(name)


def network(wanted: Card) -> SharedNetwork:
    """The process's network of a card, loaded when it is first called.

    Raises
    ------
    InvalidRequest
        As `networks`.
    ModelError
        If it is not installed, or its licence was not accepted. Calls raise it if the model does
        not load, or is not what its card says.
    """
    from personae.adapters.networks.loading import network_part

    model_store().path(wanted, network_part(wanted).name)
    return networks().network(wanted.name)


def _store(folder: Path) -> ModelStore:
    """The store in `folder`, for loading alone."""
    return ModelStore(folder, permissive_only=permissive_only())


def models_are_missing() -> bool:
    """Whether `fetch_missing_models` would have something to do."""
    store = model_store()
    return any(store.status(card(name)) != "ready" for name in ENGINE_MODELS)


def engine() -> Engine:
    """The process's engine, its models loaded at first use.

    Models that are missing are fetched once, as `personae models pull` does.

    Raises
    ------
    ModelError
        If a model cannot be fetched or does not load.
    """
    with _engine_lock:
        return _load_engine(models_dir())


def gate_models() -> tuple[Card, ...]:
    """What the content gate asks: PERSONAE_GATE_MODELS, names with commas, else open_nsfw.

    Raises
    ------
    ModelError
        If a name is of no model, or of one that does not judge pictures.
    """
    given = os.environ.get(GATE_MODELS_VARIABLE, "").split(",")
    names = dict.fromkeys(name.strip() for name in given if name.strip())
    if not names:
        return (card(GATE_MODEL),)
    known = {each.name: each for each in shelf().cards if each.role == "safety"}
    for name in names:
        if name not in known:
            raise ModelError(
                f"{GATE_MODELS_VARIABLE} names {name}, which is no model that judges pictures; "
                f"name some of {', '.join(known)}."
            )
    return tuple(known[name] for name in names)


def scorer() -> PictureScorer:
    """What the content gate scores pictures with; its models are loaded for the first of them.

    Scoring then raises `ModelError` if one does not load, or open_nsfw cannot be fetched.

    Raises
    ------
    ModelError
        If PERSONAE_GATE_MODELS makes no sense, or names what is not installed.
    """
    from personae.engine.gate import Scorer
    from personae.engine.neural import building
    from personae.engine.neural.judging import Vote

    scorers = [
        Scorer(_score) if each.name == GATE_MODEL else building.scorer(each, network(each))
        for each in gate_models()
    ]
    return scorers[0] if len(scorers) == 1 else Vote(scorers)


def _score(*arrays: Float32) -> list[Float32]:
    with _engine_lock:
        gate = _load_gate(models_dir())
    return gate(*arrays)


def providers() -> tuple[Provider, ...]:
    """Where networks compute: PERSONAE_PROVIDERS, else the CPU.

    Raises
    ------
    InvalidRequest
        If it names something that there is not.
    """
    from personae.engine.sessions.providers import parse_providers

    return parse_providers(os.environ.get(PROVIDERS_VARIABLE, ""))


def eight_bits_are_quicker() -> bool:
    """Whether networks in 8 bits are: on a processor that multiplies 8 bits, and on no accelerator.

    Raises
    ------
    InvalidRequest
        As `providers`.
    """
    from personae.adapters.networks.machine import multiplies_safely

    return all(one.on_cpu for one in providers()) and multiplies_safely()


def prepare_network(wanted: Card) -> bool:
    """Make now what would otherwise be made when an installed model is first loaded.

    Returns whether that is there; otherwise the first load takes longer, and that is all.

    Raises
    ------
    InvalidRequest, ModelError
        As `networks`, and if the model may not be loaded at all.
    """
    if wanted.name in ENGINE_MODELS:
        return True  # They are loaded as they are.
    from personae.adapters.networks.loading import Loader

    store = _store(models_dir())
    return Loader(store, card_called, providers(), layout().batch).prepare(wanted.name)


def layout() -> Layout:
    """How many threads do what on this machine, and how many faces networks take at a time.

    Raises
    ------
    InvalidRequest
        If PERSONAE_PROVIDERS or PERSONAE_MODEL_BATCH makes no sense.
    """
    from personae.adapters.networks.machine import cores, whole_number
    from personae.engine.sessions.layout import layout as best

    batch = whole_number(MODEL_BATCH_VARIABLE, os.environ.get(MODEL_BATCH_VARIABLE, ""))
    return best(cores(), providers(), batch)


def networks() -> NetworkPool:
    """The process's networks by the names of their cards, loaded when they are first called.

    Raises
    ------
    InvalidRequest
        If one of the variables about running models makes no sense. Calls raise ModelError if a
        model is not installed, its licence was not accepted, or it does not load.
    """
    from personae.adapters.networks.machine import memory_bytes

    chosen = providers()
    budget = memory_bytes(MODEL_MEMORY_VARIABLE, os.environ.get(MODEL_MEMORY_VARIABLE, ""), chosen)
    with _networks_lock:
        return _networks(models_dir(), chosen, budget, layout().batch)


@functools.lru_cache(maxsize=1)
def _networks(
    folder: Path, chosen: tuple[Provider, ...], budget_bytes: int, batch: int
) -> NetworkPool:
    from personae.adapters.networks.loading import Loader
    from personae.engine.sessions.pool import NetworkPool

    return NetworkPool(Loader(_store(folder), card_called, chosen, batch), budget_bytes)


@functools.lru_cache(maxsize=1)
def _load_gate(folder: Path) -> OnnxModel:
    from personae.engine.session import OnnxModel

    store = ModelStore(folder)
    store.ensure([card(GATE_MODEL)])
    return OnnxModel(store.path(card(GATE_MODEL)))


@functools.lru_cache(maxsize=1)
def _load_engine(folder: Path) -> Engine:
    import cv2
    from threadpoolctl import threadpool_limits

    from personae.engine.faces.blazeface import BlazeFace
    from personae.engine.faces.embedder import Embedder
    from personae.engine.faces.finder import FaceFinder
    from personae.engine.faces.landmarks import LandmarkModel
    from personae.engine.pipeline import Engine
    from personae.engine.session import OnnxModel, TfLiteModel

    # The engine's matrices and pictures are small, and its stages have threads of their own:
    # further ones, of BLAS and of OpenCV, cost more than they give, and a sum split over another
    # number of threads may round differently. Both settings hold for the whole process.
    threadpool_limits(1, "blas")
    cv2.setNumThreads(1)
    store = ModelStore(folder)
    store.ensure([card(name) for name in ENGINE_MODELS])
    mesh = card("attention_mesh")
    constants = json.loads(store.path(mesh, "constants").read_text("utf-8"))
    finder = FaceFinder(
        [
            BlazeFace(TfLiteModel(store.path(card("blazeface_short"))), full_range=False),
            BlazeFace(TfLiteModel(store.path(card("blazeface_full"))), full_range=True),
        ],
        LandmarkModel(
            TfLiteModel(store.path(mesh, "backbone")),
            TfLiteModel(store.path(mesh, "heads")),
            constants,
        ),
    )
    return Engine(finder, Embedder(OnnxModel(store.path(card("dlib_resnet")))))
