"""Networks in 8 bits: weights by their channel, what flows between by what real faces made of it.

Processors with VNNI or its like multiply four pairs of 8 bits where they multiply one of 32, with
activations unsigned and weights signed (U8S8), and the network is a third of its size. Without such
an instruction sums of two products can overflow 16 bits, so that weights then get 7 bits.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import onnx
from onnx import helper, numpy_helper

from personae.adapters.networks.loading import WEIGHT_BITS
from personae.adapters.networks.machine import multiplies_safely
from personae.engine.sessions.tensors import Numbers
from personae.engine.types import Float32
from personae.errors import ModelError

QUANTISED: Final = ("Conv",)
"""Operations in 8 bits. Matrix products stay: what they carry is the identity, and they are few."""


def quantize(
    source: Path,
    target: Path,
    samples: Sequence[dict[str, Numbers]],
    kept: Float32 | None = None,
    safely: bool | None = None,
) -> None:
    """Write a network in 8 bits.

    Parameters
    ----------
    source, target : path
        ONNX files.
    samples : sequence of dict
        What the network is calibrated on: each all of its inputs by name, for one item.
    kept : float32 array, optional
        Weights that no node uses but somebody reads, kept as the file's last.
    safely : bool, optional
        Whether the processor that will run it adds up products of 8 bits without overflow; this
        one's if it is left out. Otherwise weights get 7 bits. The file says which.

    Raises
    ------
    ModelError
        If the network has nothing to gain, or cannot be converted.
    """
    from onnxruntime import quantization
    from onnxruntime.quantization import shape_inference

    library = cast("Any", quantization)  # None of it is typed.
    shapes = cast("Any", shape_inference)
    full = multiplies_safely() if safely is None else safely
    with tempfile.TemporaryDirectory(prefix=".quantize-", dir=target.parent) as folder, _silent():
        plain = Path(folder) / "plain.onnx"
        whole = Path(folder) / "whole.onnx"
        try:
            shapes.quant_pre_process(str(source), str(plain), skip_symbolic_shape=True)
            _suit(plain)
            library.quantize_static(
                str(plain),
                str(whole),
                _reader(samples),
                quant_format=library.QuantFormat.QDQ,
                op_types_to_quantize=list(QUANTISED),
                per_channel=True,
                reduce_range=not full,
                activation_type=library.QuantType.QUInt8,
                weight_type=library.QuantType.QInt8,
                calibrate_method=library.CalibrationMethod.MinMax,
            )
        except Exception as error:  # Whatever the runtime and its tools raise.
            raise ModelError(
                f"This network cannot be had in 8 bits ({type(error).__name__}); use it as it is."
            ) from error
        _finish(whole, kept, "8" if full else "7")
        whole.replace(target)


def _reader(samples: Sequence[dict[str, Numbers]]) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    base: type[Any] = cast("Any", CalibrationDataReader)

    class Reader(base):
        def __init__(self) -> None:
            self._rest = iter(samples)

        def get_next(self) -> dict[str, Numbers] | None:
            return next(self._rest, None)

    return Reader()


def _suit(path: Path) -> None:
    """Say means over whole maps as the operation that is quick whatever the layout of the maps.

    Next to convolutions in 8 bits the runtime lays maps out with their channels last, and its
    general mean is ten times as slow over the axes in front. What is computed stays the same.
    """
    model = _load(path)
    found = False
    for node in model.graph.node:
        if node.op_type != "ReduceMean":
            continue
        values = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        axes = values.get("axes") or _constant_axes(model, node)
        if sorted(axes) == [2, 3] and values.get("keepdims", 1) == 1:
            pool = helper.make_node(
                "GlobalAveragePool", [node.input[0]], list(node.output), name=node.name
            )
            node.CopyFrom(pool)
            found = True
    if not any(node.op_type in QUANTISED for node in model.graph.node):
        raise ModelError("Nothing of this network would be in 8 bits.")
    if found:
        cast("Any", onnx).save(model, str(path))


def _constant_axes(model: Any, node: Any) -> list[int]:
    """Axes as an input, which newer graphs have in place of an attribute."""
    if len(node.input) < 2:
        return []
    for tensor in model.graph.initializer:
        if tensor.name == node.input[1]:
            return [int(axis) for axis in numpy_helper.to_array(tensor)]
    return []


def _finish(path: Path, kept: Float32 | None, weight_bits: str) -> None:
    """Add what is kept, and what processors it is for."""
    model = _load(path)
    if kept is not None:
        tensor = numpy_helper.from_array(np.ascontiguousarray(kept), "kept_weights")
        model.graph.initializer.append(tensor)
    helper.set_model_props(model, {WEIGHT_BITS: weight_bits})
    cast("Any", onnx).save(model, str(path))


def _load(path: Path) -> Any:
    return cast("Any", onnx).load(str(path))


@contextmanager
def _silent() -> Generator[None]:
    """The runtime's tools write hints to the root logger, and the runtime itself to stderr."""
    import onnxruntime

    runtime = cast("Any", onnxruntime)
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    runtime.set_default_logger_severity(4)
    try:
        yield
    finally:
        root.setLevel(level)
