"""What makes the files that Personae loads out of the files that their authors publish."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from personae.engine.card import Card
from personae.errors import ModelError

Conversion = Callable[[Card, Path, Path], dict[str, Path]]


def _split_attention_mesh(card: Card, published: Path, folder: Path) -> dict[str, Path]:
    from personae.adapters.convert_mesh import split_attention_mesh

    return _written(split_attention_mesh(published.read_bytes()), folder)


def _convert_dlib_resnet(card: Card, published: Path, folder: Path) -> dict[str, Path]:
    from personae.adapters.convert_dlib import convert_dlib_resnet

    made = convert_dlib_resnet(published.read_bytes())
    return _written({"dlib_resnet.onnx": made}, folder)


def _with_projection(card: Card, published: Path, folder: Path) -> dict[str, Path]:
    from personae.adapters.convert_projection import take_projection

    projection = folder / card.part("projection").file
    take_projection(card, published, projection)
    return {card.part("graph").file: published, projection.name: projection}


def _written(files: Mapping[str, bytes], folder: Path) -> dict[str, Path]:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in files}


# By the name that the card gives. Each is imported only when it is used: they need libraries
# that nothing else does and that are slow to import.
_CONVERSIONS: Final[Mapping[str, Conversion]] = MappingProxyType(
    {
        "split_attention_mesh": _split_attention_mesh,
        "convert_dlib_resnet": _convert_dlib_resnet,
        "with_projection": _with_projection,
    }
)

KEEPS_THE_PUBLISHED: Final = frozenset({"with_projection"})
"""Conversions that leave the published file as it is, beside what they make of it."""


def is_known(conversion: str) -> bool:
    """Whether a card may ask for this conversion."""
    return not conversion or conversion in _CONVERSIONS


def convert(card: Card, published: Path, folder: Path) -> dict[str, Path]:
    """Make the files of `card` from the published file, which is already checked.

    Parameters
    ----------
    card : Card
    published : path
        Not modified; it may be one of the files that are returned.
    folder : path
        An empty folder on the same disk, for what is made.

    Returns
    -------
    dict of str to path
        For every part of the card its file name and where that file is now.

    Raises
    ------
    ModelError
        If the file cannot be converted, or the card's conversion is not known or makes other
        files than the card lists.
    OSError
        If `folder` cannot be written.
    """
    if not card.conversion:
        return {card.part().file: published}
    conversion = _CONVERSIONS.get(card.conversion)
    if conversion is None:
        raise ModelError(f"The model card {card.name} asks for an unknown {card.conversion!r}.")
    made = conversion(card, published, folder)
    if set(made) != {part.file for part in card.parts}:
        raise ModelError(f"The conversion of {card.name} makes other files than its card lists.")
    return made
