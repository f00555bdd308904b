"""What goes in and out of a loaded model: names, shapes and kinds of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from personae.errors import ModelError

Numbers = NDArray[Any]
"""An array of any kind of number."""

_CONVERTED: Final = ("float16", "float64")
"""Kinds of numbers that float32 is turned into for a network that wants them."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name, shape and kind of number of what goes in or comes out; None is a free size."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"

    def fits(self, array: Numbers) -> bool:
        """Whether `array` has this shape, free sizes aside; one number fits a list of one."""
        if is_shared(self) and array.ndim < 2:
            return array.size == 1
        return len(array.shape) == len(self.shape) and all(
            want in (None, have) for want, have in zip(self.shape, array.shape, strict=True)
        )

    def takes(self, array: Numbers) -> bool:
        """Whether `array` has a kind of number that this takes: its own, or float32 for floats."""
        given = array.dtype.name
        return given == self.dtype or (given == "float32" and self.dtype in _CONVERTED)

    def __str__(self) -> str:
        sizes = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name}({sizes})"


def is_shared(spec: TensorSpec) -> bool:
    """Whether an input is one number, the same for all items of a call."""
    return spec.shape in ((), (1,))


def described(specs: Sequence[TensorSpec]) -> str:
    """For people."""
    return ", ".join(map(str, specs))


def fitting(name: str, specs: Sequence[TensorSpec], arrays: Sequence[Numbers]) -> list[Numbers]:
    """`arrays` as the model takes them: float32 turned into its other floats, else as they are.

    Raises
    ------
    ModelError
        Unless they have the model's number, shapes and kinds of numbers.
    """
    fit = len(specs) == len(arrays) and all(
        spec.fits(array) and spec.takes(array) for spec, array in zip(specs, arrays, strict=True)
    )
    if not fit:
        given = ", ".join(f"{array.dtype}{array.shape}" for array in arrays) or "nothing"
        wanted = ", ".join(f"{spec.dtype} {spec}" for spec in specs)
        raise ModelError(f"The model {name} wants {wanted} and got {given}.")
    return [
        np.require(array.reshape(()) if spec.shape == () else array, spec.dtype, "C")
        for spec, array in zip(specs, arrays, strict=True)
    ]
