"""The attention face mesh cut at its custom operators into two plain TFLite graphs.

``face_landmark_with_attention.tflite`` finds 468 points and a feature map, cuts three squares
(lips and eyes) out of that map with operators that only MediaPipe's own runtime knows, and
refines each square. Cut before and after those operators, both halves run anywhere; the cutting
in between is a few lines of NumPy that need only the operators' options.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, cast

import numpy as np

from personae.errors import ModelError

BACKBONE: Final = "attention_backbone.tflite"
HEADS: Final = "attention_heads.tflite"
CONSTANTS: Final = "attention_constants.json"

_MESH, _FACE_FLAG = "output_mesh", "conv_faceflag"
_REFINED = ("conv_lips", "conv_left_eye", "conv_left_iris", "conv_right_eye", "conv_right_iris")
_TRANSFORM, _CROP = b"Landmarks2TransformMatrix", b"TransformTensorBilinear"
_OPTIONS = (
    "left_rotation_idx",
    "right_rotation_idx",
    "target_rotation_radians",
    "output_width",
    "output_height",
    "scale_x",
    "scale_y",
    "subset_idxs",
)
_FILE_IDENTIFIER = b"TFL3"
_NO_TENSOR = -1  # What an operator writes for an optional input that it does not have.


def split_attention_mesh(data: bytes) -> dict[str, bytes]:
    """Cut the published landmark model into two graphs and the constants of what lay between.

    Parameters
    ----------
    data : bytes
        ``face_landmark_with_attention.tflite``.

    Returns
    -------
    dict of str to bytes
        ``attention_backbone.tflite``: float32 (1, 192, 192, 3) RGB in [0, 1] to the mesh
        (1, 1, 1, 1404), the feature map (1, 48, 48, 32) and the face flag's logit (1, 1, 1, 1).
        ``attention_heads.tflite``: three crops of the feature map, (1, 16, 16, 32) each, to the
        points of lips (160 values), left eye (142), left iris (10), right eye and right iris, in
        the crop's pixels. ``attention_constants.json``: for lips, left and right eye in this
        order, which points span the square and how it is scaled and turned.

    Raises
    ------
    ModelError
        If the model is not that one.
    """
    model = _parse(data)
    graph = model.subgraphs[0]
    crops = _operators(model, _CROP)
    transforms = _operators(model, _TRANSFORM)
    if len(crops) != 3 or len(transforms) != 3:
        raise ModelError("The face mesh model has no three squares to cut out: it is another one.")
    picture = [int(i) for i in graph.inputs]
    features = int(crops[0].inputs[0])
    backbone_outputs = [_named(graph, _MESH), features, _named(graph, _FACE_FLAG)]
    heads_inputs = [int(crop.outputs[0]) for crop in crops]
    heads_outputs = [_named(graph, name) for name in _REFINED]
    constants = [_options(operator) for operator in transforms]
    return {
        BACKBONE: _extract(_parse(data), picture, backbone_outputs),
        HEADS: _extract(_parse(data), heads_inputs, heads_outputs),
        CONSTANTS: (json.dumps(constants, indent=1) + "\n").encode(),
    }


# The classes of the file format are generated without types, so that they stay Any here.


def _parse(data: bytes) -> Any:
    from ai_edge_litert import schema_py_generated

    schema = cast("Any", schema_py_generated)
    if data[4:8] != _FILE_IDENTIFIER:
        raise ModelError("The face mesh model is not a TFLite file.")
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(data), 0))


def _operators(model: Any, custom_code: bytes) -> list[Any]:
    """The custom operators of one kind, in the order in which they run."""
    codes = model.operatorCodes
    return [
        operator
        for operator in model.subgraphs[0].operators
        if codes[operator.opcodeIndex].customCode == custom_code
    ]


def _named(graph: Any, name: str) -> int:
    """The number of the tensor called `name`."""
    for number, tensor in enumerate(graph.tensors):
        if tensor.name == name.encode():
            return number
    raise ModelError(f"The face mesh model has no tensor {name!r}: it is another one.")


def _options(operator: Any) -> dict[str, Any]:
    from flatbuffers import flexbuffers

    values = cast("Any", flexbuffers).GetRoot(bytes(operator.customOptions)).Value
    missing = [field for field in _OPTIONS if field not in values]
    if missing:
        raise ModelError(f"A square of the face mesh model lacks {', '.join(missing)}.")
    return {field: values[field] for field in _OPTIONS}


def _needed(graph: Any, inputs: Sequence[int], outputs: Sequence[int]) -> list[Any]:
    """The operators that lead from `inputs` to `outputs`, in their order."""
    maker = {
        int(tensor): number
        for number, operator in enumerate(graph.operators)
        for tensor in operator.outputs
    }
    needed: set[int] = set()
    waiting = list(outputs)
    while waiting:
        tensor = waiting.pop()
        number = maker.get(tensor)
        if tensor in inputs or number is None or number in needed:
            continue
        needed.add(number)
        waiting += [int(i) for i in graph.operators[number].inputs if i != _NO_TENSOR]
    return [graph.operators[number] for number in sorted(needed)]


def _extract(model: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
    """The part of the graph between two sets of tensors as a model of its own."""
    import flatbuffers

    graph = model.subgraphs[0]
    graph.operators = _needed(graph, inputs, outputs)
    used = {int(i) for op in graph.operators for i in (*op.inputs, *op.outputs)}
    kept = sorted((used | set(inputs) | set(outputs)) - {_NO_TENSOR})
    numbers = {old: new for new, old in enumerate(kept)} | {_NO_TENSOR: _NO_TENSOR}
    for operator in graph.operators:
        operator.inputs = np.array([numbers[int(i)] for i in operator.inputs], np.int32)
        operator.outputs = np.array([numbers[int(i)] for i in operator.outputs], np.int32)
    graph.tensors = [graph.tensors[old] for old in kept]
    graph.inputs = np.array([numbers[i] for i in inputs], np.int32)
    graph.outputs = np.array([numbers[i] for i in outputs], np.int32)
    _drop_unused(model)
    builder = cast("Any", flatbuffers.Builder(1 << 20))
    builder.Finish(model.Pack(builder), _FILE_IDENTIFIER)
    return bytes(builder.Output())


def _drop_unused(model: Any) -> None:
    """Keep only the weights and operator kinds that what is left of the graph names."""
    graph = model.subgraphs[0]
    buffers = [0]  # Buffer 0 is empty by the format's rule and stands for "no data".
    for tensor in graph.tensors:
        if tensor.buffer not in buffers:
            buffers.append(tensor.buffer)
        tensor.buffer = buffers.index(tensor.buffer)
    codes = sorted({operator.opcodeIndex for operator in graph.operators})
    for operator in graph.operators:
        operator.opcodeIndex = codes.index(operator.opcodeIndex)
    model.buffers = [model.buffers[i] for i in buffers]
    model.operatorCodes = [model.operatorCodes[i] for i in codes]
    model.metadata = model.metadataBuffer = model.signatureDefs = None
