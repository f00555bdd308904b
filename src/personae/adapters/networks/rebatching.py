"""Free the first axis of a network that was published for one item at a time.

Only what is declared and the constants of reshapes say how many items there are; whether that was
all is found out by running it, two different items at once against each alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import onnx
from onnx import numpy_helper

from personae.adapters.networks.derived import FAILED, NETWORK
from personae.engine.sessions.onnx_model import OnnxModel
from personae.engine.sessions.tensors import Numbers, TensorSpec, is_shared
from personae.errors import ModelError

_ITEMS: Final = "items"
_TOLERANCE: Final = 1e-3
"""The largest difference, as a share of the largest value: sums are rounded in another order."""
_LARGEST_BYTES: Final = 2**31 - 2**20


def free_first_axis(source: Path, folder: Path) -> bool:
    """Write ``network.onnx`` into `folder`, or a note that it cannot be done; whether it could."""
    try:
        library = cast("Any", onnx)  # Its functions are only partly typed.
        model = library.load(str(source))
        _rewrite(model)
        target = folder / NETWORK
        large = model.ByteSize() > _LARGEST_BYTES
        library.save(model, str(target), save_as_external_data=large, location="network.weights")
        del model
        _verify(source, target)
    except (ModelError, ValueError) as error:
        (folder / FAILED).write_text(f"{error}\n", "utf-8")
        return False
    return True


def _rewrite(model: Any) -> None:
    """Raises ValueError where the network has other axes in front than that of its items.

    A single number, such as how much a restorer keeps, stays one: it is the same for all items.
    """
    weights = {one.name for one in model.graph.initializer}
    ports = [one for one in model.graph.input if one.name not in weights]
    freed = 0
    for port in (*ports, *model.graph.output):
        sizes = port.type.tensor_type.shape.dim
        if port in ports and [size.dim_value for size in sizes] in ([], [1]):
            continue
        if len(sizes) < 2 or sizes[0].dim_value != 1:
            raise ValueError(f"{port.name} has no axis of items.")
        sizes[0].dim_param = _ITEMS
        freed += port in ports
    if not freed:
        raise ValueError("None of the inputs has an axis of items.")
    # Sizes that were worked out for one item would contradict.
    del model.graph.value_info[:]
    shapes = {one.name: one for one in model.graph.initializer}
    constants = {one.output[0]: one for one in model.graph.node if one.op_type == "Constant"}
    for node in model.graph.node:
        if node.op_type == "Reshape":
            _free_reshape(node.input[1], shapes, constants)


def _free_reshape(name: str, weights: dict[str, Any], constants: dict[str, Any]) -> None:
    """Have a reshape to (1, ...) take the first size from what is reshaped."""
    if name in weights:
        tensor = weights[name]
    elif name in constants and constants[name].attribute[0].HasField("t"):
        tensor = constants[name].attribute[0].t
    else:
        return
    shape = numpy_helper.to_array(tensor).copy()
    if shape.size and shape.flat[0] == 1:
        shape.flat[0] = 0  # Reshape's sign for the size that is there.
        tensor.CopyFrom(numpy_helper.from_array(shape, tensor.name))


def _verify(source: Path, target: Path) -> None:
    """Raise a ModelError unless two items together come out as they do alone."""
    single, double = OnnxModel(source), OnnxModel(target, batch=2)
    random = np.random.default_rng(0)
    pairs = [_pair(spec, random) for spec in single.inputs]
    together = double(*pairs)
    for item in range(2):
        alone = single(
            *(
                given if is_shared(spec) else given[item : item + 1]
                for spec, given in zip(single.inputs, pairs, strict=True)
            )
        )
        for one, two in zip(alone, together, strict=True):
            part = two[item : item + 1]
            limit = _TOLERANCE * max(float(np.abs(one).max(initial=0)), 1e-6)
            if part.shape != one.shape or float(np.abs(part - one).max(initial=0)) > limit:
                raise ModelError("Two items together do not come out as each does alone.")


def _pair(spec: TensorSpec, random: np.random.Generator) -> Numbers:
    """Two items, or the one number that both share."""
    sizes = [size or 1 for size in spec.shape]
    if not is_shared(spec):
        sizes[0] = 2
    values = random.uniform(0, 1, sizes)
    return values.astype(np.uint8 if spec.dtype == "uint8" else np.float32)
