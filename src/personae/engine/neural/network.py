"""Networks as steps see them: functions of batches, with names and shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np

from personae.engine.session import TensorSpec
from personae.engine.types import Float32, Float64
from personae.errors import ModelError


class Network(Protocol):
    """A loaded network; threads may share it."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def inputs(self) -> Sequence[TensorSpec]:
        """What goes in, in the order of the arguments."""
        ...

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        """What comes out, in that order."""
        ...

    @property
    def batch(self) -> int:
        """How many pictures one call may take."""
        ...

    def __call__(self, *arrays: Float32 | Float64) -> list[Float32]:
        """Run it; the results are the caller's own."""
        ...


def does_not_fit(network: Network, gave: Sequence[Float32]) -> ModelError:
    """What to raise where a network's answer is not what its card says."""
    shapes = ", ".join(str(tuple(one.shape)) for one in gave) or "nothing"
    return ModelError(
        f"The model {network.name} gave {shapes}, which does not fit its card; "
        "pull the model again or correct the card."
    )


def run_in_batches(
    network: Network,
    name: str,
    pictures: Float32,
    further: Mapping[str, Float32 | Float64] = MappingProxyType({}),
) -> list[Float32]:
    """Run a network over any number of pictures, as many at once as it takes.

    Parameters
    ----------
    network : Network
    name : str
        The input that takes the pictures.
    pictures : float32 (n, ...), n at least 1
    further : arrays by the names of the other inputs, the same for every call

    Returns
    -------
    list of float32 (n, ...), one for each output

    Raises
    ------
    ModelError
        If the network has other inputs, or does not give one result for each picture.
    """
    names = _names(network, {name, *further})
    most = max(1, network.batch)
    parts: list[list[Float32]] = []
    for start in range(0, len(pictures), most):
        some = pictures[start : start + most]
        gave = network(*(some if each == name else further[each] for each in names))
        if not gave or any(not one.ndim or len(one) != len(some) for one in gave):
            raise does_not_fit(network, gave)
        parts.append(gave)
    if len(parts) == 1:
        return parts[0]
    return [np.concatenate(ones) for ones in zip(*parts, strict=True)]


def in_batches(network: Network, given: Mapping[str, Float32]) -> Float32:
    """The first output for all items, of which every input has one along its first axis.

    Parameters
    ----------
    network : Network
    given : float32 (n, …) by the names of the inputs

    Returns
    -------
    float32 (n, …)

    Raises
    ------
    ModelError
        If the network has other inputs, or gives no item for each.
    """
    arrays = [given[name] for name in _names(network, given)]
    count, most = len(arrays[0]), max(1, network.batch)
    made: list[Float32] = []
    for start in range(0, count, most):
        part = [np.ascontiguousarray(array[start : start + most]) for array in arrays]
        gave = network(*part)
        if not gave or not gave[0].ndim or len(gave[0]) != len(part[0]):
            raise does_not_fit(network, gave)
        made.append(gave[0])
    return made[0] if len(made) == 1 else np.concatenate(made)


def _names(network: Network, wanted: Iterable[str]) -> list[str]:
    """The names of a network's inputs, in its order, which must be those that a card says."""
    names = [spec.name for spec in network.inputs]
    if set(names) != set(wanted):
        raise ModelError(
            f"The model {network.name} wants {', '.join(names)}, and its card says otherwise; "
            "pull the model again or correct the card."
        )
    return names
