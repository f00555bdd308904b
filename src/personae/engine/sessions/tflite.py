"""TensorFlow Lite graphs on the CPU."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final, cast

from personae.engine.sessions.tensors import TensorSpec, described, fitting
from personae.engine.types import Float32
from personae.errors import ModelError

PULL_AGAIN: Final = "pull the model again with `personae models pull`"

_first_load = threading.Lock()


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
            raise ModelError(f"The model {self.name} does not load; {PULL_AGAIN}.") from error
        self._interpreter = interpreter
        self._lock = threading.Lock()
        self._in: list[int] = [detail["index"] for detail in interpreter.get_input_details()]
        self._out: list[int] = [detail["index"] for detail in interpreter.get_output_details()]
        self.inputs = _specs(interpreter.get_input_details())
        self.outputs = _specs(interpreter.get_output_details())

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
        given = fitting(self.name, self.inputs, arrays)
        with self._lock:
            for index, array in zip(self._in, given, strict=True):
                self._interpreter.set_tensor(index, array)
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(index) for index in self._out]

    def __repr__(self) -> str:
        return f"TfLiteModel({self.name}: {described(self.inputs)} -> {described(self.outputs)})"


def _specs(details: list[dict[str, Any]]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(detail["name"], tuple(int(size) for size in detail["shape"]))
        for detail in details
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
