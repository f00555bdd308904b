"""What makes the files that Personae loads out of the files that their authors publish."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from personae.engine.card import Card
from personae.errors import ModelError


def _split_attention_mesh(data: bytes) -> dict[str, bytes]:
    from personae.adapters.convert_mesh import split_attention_mesh

    return split_attention_mesh(data)


def _convert_dlib_resnet(data: bytes) -> dict[str, bytes]:
    from personae.adapters.convert_dlib import convert_dlib_resnet

    return {"dlib_resnet.onnx": convert_dlib_resnet(data)}


# By the name that the card gives. Each is imported only when it is used: they need libraries
# that nothing else does and that are slow to import.
_CONVERSIONS: Final[Mapping[str, Callable[[bytes], dict[str, bytes]]]] = MappingProxyType(
    {
        "split_attention_mesh": _split_attention_mesh,
        "convert_dlib_resnet": _convert_dlib_resnet,
    }
)


def convert(card: Card, data: bytes) -> dict[str, bytes]:
    """Make the files of `card` from the published file's bytes, whose hash is already checked.

    Returns
    -------
    dict of str to bytes
        For every part of the card its file name and what goes into it.

    Raises
    ------
    ModelError
        If the bytes cannot be converted, or the card's conversion is not known or makes other
        files than the card lists.
    """
    wanted = {part.file for part in card.parts}
    if not card.conversion:
        return dict.fromkeys(wanted, data)
    conversion = _CONVERSIONS.get(card.conversion)
    if conversion is None:
        raise ModelError(f"The model card {card.name} asks for an unknown {card.conversion!r}.")
    made = conversion(data)
    if set(made) != wanted:
        raise ModelError(f"The conversion of {card.name} makes other files than its card lists.")
    return made
