"""Loaded models that are called like functions: arrays in, arrays out.

The runtimes are imported when the first model is loaded, not when Personae is imported.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from personae.engine.types import Float32, Float64
from personae.errors import ModelError

CPU: Final = "CPUExecutionProvider"

_PULL_AGAIN = "pull the model again with `personae models pull`"
_first_load = threading.Lock()


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name and shape of what goes in or comes out of a model; None is a free size."""

    name: str
    shape: tuple[int | None, ...]

    def fits(self, array: Float32 | Float64) -> bool:
        """Whether `array` has this shape, free sizes aside."""
        return len(array.shape) == len(self.shape) and all(
            want in (None, have) for want, have in zip(self.shape, array.shape, strict=True)
        )

    def __str__(self) -> str:
        sizes = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name}({sizes})"


def _described(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(map(str, specs))


def _checked(name: str, specs: Sequence[TensorSpec], arrays: Sequence[Float32 | Float64]) -> None:
    """Raise a ModelError unless `arrays` are what the model wants."""
    fit = len(specs) == len(arrays) and all(
        spec.fits(array) and array.dtype == np.float32
        for spec, array in zip(specs, arrays, strict=True)
    )
    if not fit:
        given = ", ".join(f"{array.dtype}{array.shape}" for array in arrays)
        raise ModelError(f"The model {name} wants float32 {_described(specs)} and got {given}.")


class TfLiteModel:
    """A TensorFlow Lite graph on the CPU.

    Calls from several threads wait for each other; give every thread its own model for speed.

    Parameters
    ----------
    model : path or bytes
        The file, or what is in it.
    threads : int
        How many threads one call may use. The result does not depend on it in a way that the
        runtime promises; Personae uses 1.

    Raises
    ------
    ModelError
        If the file is missing or does not load.
    """

    def __init__(self, model: Path | str | bytes, threads: int = 1) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.name = "of bytes" if isinstance(model, bytes) else Path(model).name
        given: dict[str, Any] = (
            {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
        )
        try:
            with _without_greeting():
                # The runtime has no types.
                interpreter = cast("Any", Interpreter(num_threads=threads, **given))
                interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{_shown(model)} does not load; {_PULL_AGAIN}.") from error
        self._interpreter = interpreter
        self._lock = threading.Lock()
        self._in: list[int] = [detail["index"] for detail in interpreter.get_input_details()]
        self._out: list[int] = [detail["index"] for detail in interpreter.get_output_details()]
        self.inputs = _tflite_specs(interpreter.get_input_details())
        self.outputs = _tflite_specs(interpreter.get_output_details())

    def __call__(self, *arrays: Float32) -> list[Float32]:
        """Run the model.

        Parameters
        ----------
        *arrays : float32, one for each of `inputs`
            Not modified.

        Returns
        -------
        list of float32 arrays, one for each of `outputs`
            The caller's own copies.

        Raises
        ------
        ModelError
            If a shape or a type does not fit.
        """
        _checked(self.name, self.inputs, arrays)
        with self._lock:
            for index, array in zip(self._in, arrays, strict=True):
                self._interpreter.set_tensor(index, array)
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(index) for index in self._out]

    def __repr__(self) -> str:
        return f"TfLiteModel({self.name}: {_described(self.inputs)} -> {_described(self.outputs)})"


class OnnxModel:
    """An ONNX graph on the CPU or on an accelerator that was asked for by name.

    Safe to call from several threads at once.

    Parameters
    ----------
    path : path
        The file.
    threads : int
        How many threads one call may use on the CPU.
    providers : sequence of str, optional
        ONNX Runtime's names in order of preference, such as ``"CUDAExecutionProvider"``. Those
        that are named must really be active: nothing falls back to the CPU unnoticed.

    Raises
    ------
    ModelError
        If the file is missing or does not load, or an accelerator cannot be used.
    """

    def __init__(
        self, path: Path | str, threads: int = 1, providers: Sequence[str] | None = None
    ) -> None:
        import onnxruntime

        runtime = cast("Any", onnxruntime)  # The runtime has no types.
        self.name = Path(path).name
        asked = list(providers or [CPU])
        _require(asked, runtime.get_available_providers(), "in this installation of onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # Errors only; what matters is raised.
        # Threads that spin while they wait would take the CPU from decoder and encoder.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = runtime.InferenceSession(str(path), options, providers=asked)
        except Exception as error:  # The runtime raises a dozen classes of its own.
            raise ModelError(f"{_shown(path)} does not load; {_PULL_AGAIN}.") from error
        self.providers: tuple[str, ...] = tuple(session.get_providers())
        _require(asked, self.providers, f"for {self.name}")
        self._session = session
        self.inputs = _onnx_specs(session.get_inputs())
        self.outputs = _onnx_specs(session.get_outputs())
        self.batch = 1 if self.inputs and self.inputs[0].shape[:1] == (1,) else 8

    def __call__(self, *arrays: Float32 | Float64) -> list[Float32]:
        """Run the model: as `TfLiteModel.__call__`."""
        _checked(self.name, self.inputs, arrays)
        given = {spec.name: array for spec, array in zip(self.inputs, arrays, strict=True)}
        return list(self._session.run(None, given))

    def __repr__(self) -> str:
        return (
            f"OnnxModel({self.name}: {_described(self.inputs)} -> {_described(self.outputs)}, "
            f"{self.providers[0]})"
        )


def _require(asked: Sequence[str], there: Sequence[str], where: str) -> None:
    """Raise a ModelError unless every provider that was asked for is there."""
    missing = [provider for provider in asked if provider not in there]
    if missing:
        raise ModelError(
            f"{' and '.join(missing)} cannot be used {where}, which has {', '.join(there)}; "
            "install the runtime for this accelerator or choose the CPU."
        )


def _shown(model: Path | str | bytes) -> str:
    return f"A model of {len(model)} bytes" if isinstance(model, bytes) else f"The model {model}"


def _tflite_specs(details: list[dict[str, Any]]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(detail["name"], tuple(int(size) for size in detail["shape"]))
        for detail in details
    )


def _onnx_specs(values: list[Any]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(
            value.name, tuple(size if isinstance(size, int) else None for size in value.shape)
        )
        for value in values
    )


@contextlib.contextmanager
def _without_greeting() -> Generator[None]:
    """Keep the line that TensorFlow Lite prints at its first start off the person's screen.

    It comes from C++ straight to file descriptor 2 and no setting stops it, so that the
    descriptor is pointed elsewhere for the milliseconds that a model takes to load.
    """
    with _first_load:
        try:
            sys.stderr.flush()
            kept = os.dup(2)
        except (OSError, AttributeError, ValueError):  # No standard error: nothing to keep off.
            yield
            return
        try:
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
