"""A network in 8 bits as a model of its own, with a card derived from the original's."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from personae.adapters.folder_lock import work_folder
from personae.adapters.model_store import ModelStore
from personae.adapters.models.hashes import fingerprint
from personae.adapters.models.records import write_whole
from personae.adapters.networks.loading import network_part
from personae.adapters.networks.quality import Knows, Measured, compare, require
from personae.adapters.networks.quantising import quantize
from personae.adapters.networks.samples import Sample
from personae.engine.card import Card, parse_card
from personae.engine.card_roles import SwapperContract
from personae.engine.choosing import EIGHT_BITS as SUFFIX
from personae.engine.sessions.onnx_model import OnnxModel
from personae.engine.sessions.tensors import Numbers
from personae.engine.types import Float32
from personae.errors import ModelError

_WORK: Final = ".quantizing"
_TABLE: Final = re.compile(r"\s*\[+\s*([\w.]+)\s*\]+")


@dataclass(frozen=True, slots=True)
class Variant:
    """What came of it.

    Attributes
    ----------
    card : Card
    measured : tuple of Measured
        How far it is from the original, all within their limits.
    samples : int
        How many views of faces that was measured on.
    bytes_before, bytes_after : int
        Of the network's file.
    run_s_before, run_s_after : float
        How long one run takes here with one thread, the quickest of those that were measured.
    """

    card: Card
    measured: tuple[Measured, ...]
    samples: int
    bytes_before: int
    bytes_after: int
    run_s_before: float
    run_s_after: float


def variant_text(text: str, original: Card, sha256: str, size_bytes: int) -> str:
    """The card of a model in 8 bits, as TOML: the original's but for name, summary and source.

    Parameters
    ----------
    text : str
        The original's card.
    original : Card
    sha256 : str
    size_bytes : int
        Of the file in 8 bits.
    """
    summary = f"{original.summary.rstrip('.')}; in 8 bits, made of {original.name} here."
    head = [f'name = "{original.name}{SUFFIX}"', f'summary = "{summary}"', "default = false"]
    head.append(f'role = "{original.role}"')
    if original.conversion:
        head += [f'conversion = "{original.conversion}"']
        head += [f"conversion_version = {original.conversion_version}"]
    kept: list[str] = []
    table = ""
    for line in text.splitlines():
        found = _TABLE.match(line)
        table = found.group(1) if found else table
        # What stands before the first table is `head` by now; where it comes from is another file.
        if table and table.split(".")[0] != "source":
            kept.append(line)
    source = ["[source]", f'made_of = "{original.name}"']
    source += [f'sha256 = "{sha256}"', f"size_bytes = {size_bytes}"]
    return "\n".join([*head, "", *source, "", *kept]) + "\n"


def make_variant(
    store: ModelStore,
    own_cards: Path,
    original: Card,
    text: str,
    calibration: Sequence[Sample],
    check: Sequence[Sample],
    knows: Knows,
) -> Variant:
    """Make, judge and install a model in 8 bits; nothing is changed if it is not good enough.

    Parameters
    ----------
    store : ModelStore
    own_cards : path
        Where its card goes.
    original : Card
        Installed, and its licence accepted.
    text : str
        Its card as a file.
    calibration, check : sequences of Sample
        Different ones.
    knows : Knows

    Raises
    ------
    ModelError
        If it cannot be made, or is too far from the original.
    """
    part = network_part(original)
    source = store.path(original, part.name)
    name = f"{original.name}{SUFFIX}"
    try:
        with work_folder(store.folder / _WORK) as work:
            target = work / "made.onnx"
            quantize(
                source, target, [dict(one.inputs) for one in calibration], _kept(store, original)
            )
            before = _Timed(OnnxModel(source, name=original.name))
            after = _Timed(OnnxModel(target, name=name))
            measured = tuple(compare(original, before, after, check, knows))
            require(original.name, measured)
            found = fingerprint(target)
            card_text = variant_text(text, original, found.sha256, found.size_bytes)
            made = parse_card(card_text, f"{name}.toml")
            accepted = store.licences.acceptance(original)
            if accepted is not None and store.licences.state(original) == "accepted":
                # The same licence in the same words, for what was made of what it was given for.
                store.licences.accept(made, accepted.by, accepted.at)
            take_in_variant(store, own_cards, made, card_text, target)
    except OSError as error:
        raise ModelError(
            f"The model in 8 bits cannot be written ({error.strerror or error}); make room in the "
            "models folder, or make it writable."
        ) from error
    sizes = source.stat().st_size, found.size_bytes
    return Variant(made, measured, len(check), *sizes, before.quickest_s, after.quickest_s)


def take_in_variant(store: ModelStore, own_cards: Path, made: Card, text: str, file: Path) -> None:
    """Install a model that was made here, in place of an earlier one of its name.

    Its card and its files lie in two places, which no machine can change at once. The card goes
    first and comes last: a break leaves a model that is not known, as before it was made, and
    never a card of one that cannot be loaded and cannot be pulled.

    Raises
    ------
    ModelError, OSError
        The earlier one is still there then, unless its files are gone.
    """
    path = own_cards / f"{made.name}.toml"
    earlier = path.read_text("utf-8") if path.is_file() else ""
    path.unlink(missing_ok=True)
    try:
        store.adopt(made, file)
        write_whole(path, text)
    except BaseException:
        if earlier and store.status(parse_card(earlier, path.name)) == "ready":
            write_whole(path, earlier)
        raise


class _Timed:
    """A network, and how long its quickest run took."""

    def __init__(self, network: OnnxModel) -> None:
        self._network = network
        self.inputs = network.inputs
        self.quickest_s = float("inf")

    def __call__(self, *arrays: Numbers) -> list[Float32]:
        started = time.perf_counter()
        made = self._network(*arrays)
        self.quickest_s = min(self.quickest_s, time.perf_counter() - started)
        return made


def _kept(store: ModelStore, card: Card) -> Float32 | None:
    """A swapper's projection, which its published file has as its last weights."""
    contract = card.contract
    if not isinstance(contract, SwapperContract) or not contract.conditioning.projection:
        return None
    return np.load(store.path(card, contract.conditioning.projection))
