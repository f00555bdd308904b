"""Lay the matrix that a swapper hides among its weights beside the network, ready to be read.

inswapper and what was trained after it want the donor's unit vector times a square matrix. That
matrix is no input of the network and nothing in it uses it: it is merely the last of its
initializers, so that everybody who wants it parses half a gigabyte for one megabyte.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from personae.adapters.models.onnx_file import read_last_weights
from personae.engine.card import Card
from personae.engine.card_roles import SwapperContract
from personae.errors import ModelError


def take_projection(card: Card, published: Path, projection: Path) -> None:
    """Write the last weights of a swapper as float32 (n, n) to a ``.npy`` file.

    n is the length of the vector that the network is conditioned by.

    Raises
    ------
    ModelError
        If the last weights are no such matrix.
    OSError
        If `projection` cannot be written.
    """
    contract = card.contract
    if not isinstance(contract, SwapperContract):
        raise ModelError(f"The model card {card.name} is no swapper's; it has no projection.")
    wanted = contract.conditioning.input
    length = next((each.shape[-1] for each in card.part("graph").inputs if each.name == wanted), 0)
    matrix = read_last_weights(published, card.name)
    if matrix.shape != (length, length) or not np.isfinite(matrix).all():
        raise ModelError(
            f"The last weights of the model {card.name} are not the {length} x {length} matrix "
            "that its card asks for; get the published file."
        )
    np.save(projection, matrix, allow_pickle=False)
