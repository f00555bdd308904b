"""A network as the steps use it: a function of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from personae.engine.types import Float32
from personae.errors import ModelError


class Network(Protocol):
    """A loaded model; threads share it."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def batch(self) -> int:
        """How many items one call may take along the first axis; 1 where the graph fixes it."""
        ...

    def __call__(self, *arrays: Float32) -> list[Float32]:
        """Run it: arrays in the order of the card's inputs, outputs in the order of the graph's.

        Raises
        ------
        ModelError
        """
        ...


def in_batches(network: Network, *arrays: Float32) -> Float32:
    """The first output for all items, as many at a time as the network takes.

    Parameters
    ----------
    network : Network
    *arrays : float32 (n, …)
        An item each along the first axis.

    Returns
    -------
    float32 (n, …)

    Raises
    ------
    ModelError
        If the network gives no item for each.
    """
    count, most = len(arrays[0]), max(1, network.batch)
    made: list[Float32] = []
    for start in range(0, count, most):
        part = [np.ascontiguousarray(array[start : start + most]) for array in arrays]
        output = network(*part)[0]
        if not output.shape or output.shape[0] != len(part[0]):
            raise ModelError(
                f"The model {network.name} gave {output.shape} for {len(part[0])} items: its card "
                "does not fit it."
            )
        made.append(output)
    return made[0] if len(made) == 1 else np.concatenate(made)


def ordered(inputs: Sequence[str], given: dict[str, Float32]) -> list[Float32]:
    """Arrays in the order of a card's inputs."""
    return [given[name] for name in inputs]
