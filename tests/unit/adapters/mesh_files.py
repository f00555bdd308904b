"""A tiny TFLite graph with the custom operators of the attention mesh, between plain ones.

input -> RELU -> features -> 3 x (Landmarks2TransformMatrix, TransformTensorBilinear) -> heads
input -> TANH -> output_mesh;  input -> LOGISTIC -> conv_faceflag
"""

from __future__ import annotations

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers

RELU, TANH, LOGISTIC, CUSTOM = 19, 28, 14, 32
SHAPE = (1, 4, 4, 2)
HEADS = ("conv_lips", "conv_left_eye", "conv_left_iris", "conv_right_eye", "conv_right_iris")
OPTIONS = {
    "left_rotation_idx": 61,
    "right_rotation_idx": 291,
    "target_rotation_radians": 0.5,
    "output_width": 16,
    "output_height": 16,
    "scale_x": 1.5,
    "scale_y": 1.25,
    "subset_idxs": [61, 146, 91],
}


class _Builder:
    def __init__(self) -> None:
        self.tensors: list[schema.TensorT] = []
        self.operators: list[schema.OperatorT] = []
        self.codes: list[tuple[int, bytes]] = []

    def tensor(self, name: str) -> int:
        made = schema.TensorT()
        made.name, made.shape, made.buffer = name.encode(), np.array(SHAPE, np.int32), 0
        self.tensors.append(made)
        return len(self.tensors) - 1

    def run(
        self,
        kind: int,
        inputs: list[int],
        output: str,
        custom: bytes = b"",
        options: dict[str, object] | None = None,
    ) -> int:
        operator = schema.OperatorT()
        if (kind, custom) not in self.codes:
            self.codes.append((kind, custom))
        operator.opcodeIndex = self.codes.index((kind, custom))
        operator.inputs = np.array(inputs, np.int32)
        result = self.tensor(output)
        operator.outputs = np.array([result], np.int32)
        if options is not None:
            operator.customOptions = np.frombuffer(bytes(flexbuffers.Dumps(options)), np.uint8)
        self.operators.append(operator)
        return result

    def finish(self, inputs: list[int], outputs: list[int]) -> bytes:
        graph, model = schema.SubGraphT(), schema.ModelT()
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
        model.version, model.subgraphs, model.buffers = 3, [graph], [schema.BufferT()]
        model.operatorCodes = []
        for kind, custom in self.codes:
            code = schema.OperatorCodeT()
            code.builtinCode = code.deprecatedBuiltinCode = kind
            code.customCode, code.version = custom or None, 1
            model.operatorCodes.append(code)
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def mesh_model(squares: int = 3, left_out: str = "", mesh_name: str = "output_mesh") -> bytes:
    """The graph; `left_out` names an option that the transforms lack."""
    builder = _Builder()
    picture = builder.tensor("input")
    mesh = builder.run(TANH, [picture], mesh_name)
    features = builder.run(RELU, [picture], "features")
    options = {name: value for name, value in OPTIONS.items() if name != left_out}
    crops: list[int] = []
    for number in range(squares):
        matrix = builder.run(
            CUSTOM,
            [mesh],
            f"matrix_{number}",
            b"Landmarks2TransformMatrix",
            options | {"left_rotation_idx": number},
        )
        crop = builder.run(
            CUSTOM, [features, matrix], f"crop_{number}", b"TransformTensorBilinear", {}
        )
        crops.append(crop)
    heads = [
        builder.run(kind, [crops[min(number, squares - 1)]], name)
        for kind, number, name in zip(
            (RELU, TANH, LOGISTIC, TANH, LOGISTIC), (0, 1, 1, 2, 2), HEADS, strict=True
        )
    ]
    flag = builder.run(LOGISTIC, [picture], "conv_faceflag")
    return builder.finish([picture], [mesh, flag, *heads])
