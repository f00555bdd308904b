"""A network in 8 bits as a model of its own, with a card derived from the original's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from personae.adapters.model_store import ModelStore
from personae.adapters.models.hashes import fingerprint
from personae.adapters.models.records import write_whole
from personae.adapters.networks.loading import network_part
from personae.adapters.networks.quality import Knows, Measured, compare, require
from personae.adapters.networks.quantising import quantize
from personae.adapters.networks.samples import Sample
from personae.engine.card import Card, parse_card
from personae.engine.card_roles import SwapperContract
from personae.engine.sessions.onnx_model import OnnxModel
from personae.engine.types import Float32
from personae.errors import ModelError

SUFFIX: Final = "_int8"
_TABLE: Final = re.compile(r"\s*\[+\s*([\w.]+)\s*\]+")


@dataclass(frozen=True, slots=True)
class Variant:
    """What came of it.

    Attributes
    ----------
    card : Card
    measured : tuple of Measured
        How far it is from the original, all within their limits.
    bytes_before, bytes_after : int
        Of the network's file.
    """

    card: Card
    measured: tuple[Measured, ...]
    bytes_before: int
    bytes_after: int


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
    source = ["[source]", f'sha256 = "{sha256}"', f"size_bytes = {size_bytes}"]
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
    work = store.folder / f".{original.name}{SUFFIX}.making.onnx"
    try:
        quantize(source, work, [dict(one.inputs) for one in calibration], _kept(store, original))
        measured = _judged(original, source, work, check, knows)
        found = fingerprint(work)
        card_text = variant_text(text, original, found.sha256, found.size_bytes)
        made = parse_card(card_text, f"{original.name}{SUFFIX}.toml")
        accepted = store.licences.acceptance(original)
        if accepted is not None and store.licences.state(original) == "accepted":
            # The same licence in the same words, for what was made of what it was given for.
            store.licences.accept(made, accepted.by, accepted.at)
        store.adopt(made, work)
        write_whole(own_cards / f"{made.name}.toml", card_text)
    except OSError as error:
        raise ModelError(
            f"The model in 8 bits cannot be written ({error.strerror or error}); make room in the "
            "models folder, or make it writable."
        ) from error
    finally:
        work.unlink(missing_ok=True)
    return Variant(made, measured, source.stat().st_size, found.size_bytes)


def _judged(
    card: Card, source: Path, made: Path, check: Sequence[Sample], knows: Knows
) -> tuple[Measured, ...]:
    original = OnnxModel(source, name=card.name)
    other = OnnxModel(made, name=f"{card.name}{SUFFIX}")
    measured = tuple(compare(card, original, other, check, knows))
    require(card.name, measured)
    return measured


def _kept(store: ModelStore, card: Card) -> Float32 | None:
    """A swapper's projection, which its published file has as its last weights."""
    contract = card.contract
    if not isinstance(contract, SwapperContract) or not contract.conditioning.projection:
        return None
    return np.load(store.path(card, contract.conditioning.projection))
