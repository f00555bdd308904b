"""Whether a network is the one that its card describes: names, numbers, ranks, sizes and types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from personae.engine.card import ANY_NAME, Card, Part, Tensor
from personae.errors import ModelError


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output as a network itself declares it.

    Attributes
    ----------
    name : str
    shape : tuple of int or None
        None where the network leaves the size free.
    type : str
        As NumPy calls it, such as ``float32``; empty where it is not known.
    """

    name: str
    shape: tuple[int | None, ...]
    type: str = ""


def require_match(card: Card, part: Part, inputs: Sequence[Port], outputs: Sequence[Port]) -> None:
    """Raise unless a part's network takes and gives what its card says.

    Inputs go by their names, in any order. Outputs go by their positions, and their names are
    compared where the card knows them; it may leave out further outputs at the end. A size that
    either side leaves free fits every size, and one number fits a list of one.

    Raises
    ------
    ModelError
        With the first difference.
    """
    problem = _inputs_problem(part, inputs) or _outputs_problem(part, outputs)
    if problem:
        raise ModelError(
            f"The model {card.name} is not what its card says: {problem}; look at the card, or "
            "get the file that belongs to it."
        )


def _inputs_problem(part: Part, inputs: Sequence[Port]) -> str:
    there = {port.name: port for port in inputs}
    wanted = {tensor.name for tensor in part.inputs}
    if set(there) != wanted or len(there) != len(inputs):
        names = ", ".join(port.name for port in inputs) or "none"
        return f"its inputs are {names} instead of {', '.join(sorted(wanted))}"
    problems = (_difference("input", tensor, there[tensor.name]) for tensor in part.inputs)
    return next(filter(None, problems), "")


def _outputs_problem(part: Part, outputs: Sequence[Port]) -> str:
    if len(outputs) < len(part.outputs):
        return f"it has {len(outputs)} outputs instead of {len(part.outputs)}"
    for tensor, port in zip(part.outputs, outputs, strict=False):
        if tensor.name == ANY_NAME:
            continue
        if tensor.name != port.name:
            return f"its output {port.name} is not called {tensor.name}"
        if problem := _difference("output", tensor, port):
            return problem
    return ""


def _difference(kind: str, tensor: Tensor, port: Port) -> str:
    if port.type and port.type != tensor.type:
        return f"its {kind} {port.name} is {port.type} instead of {tensor.type}"
    if tensor.shape == (1,) and port.shape == ():
        return ""
    fits = len(tensor.shape) == len(port.shape) and all(
        want == -1 or have in (None, want)
        for want, have in zip(tensor.shape, port.shape, strict=True)
    )
    if fits:
        return ""
    return f"its {kind} {port.name} is {_sizes(port.shape)} instead of {_sizes(tensor.shape)}"


def _sizes(shape: Sequence[int | None]) -> str:
    """A shape for people, free sizes as question marks."""
    return " x ".join("?" if size in (None, -1) else str(size) for size in shape) or "one number"
