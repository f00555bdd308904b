"""Look into an ONNX file without loading its weights.

Published networks have up to 1.7 GB, nearly all of it weights. What a network takes and gives
stands beside them, so that this walks over the file's fields (protocol buffers: a number, a kind,
often a length), reads those and skips the rest. Field numbers are those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from personae.engine.card_check import Port
from personae.errors import ModelError

if TYPE_CHECKING:
    from personae.engine.types import Float32

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_MODEL_IR_VERSION, _MODEL_GRAPH = 1, 7
_GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 5, 11, 12
_TENSOR_NAME, _TENSOR_LOCATION = 8, 14
_ELSEWHERE: Final = 1  # A tensor's location: in another file.
_LONGEST_PORT: Final = 1 << 20
_MOST_FIELDS: Final = 1 << 20
_TYPES: Final = {1: "float32", 2: "uint8", 7: "int64", 10: "float16", 11: "float64"}


class _NotOnnx(Exception):
    """The bytes cannot be an ONNX network."""


@dataclass(frozen=True, slots=True)
class OnnxHeader:
    """What a network takes and gives, and where in the file its last weights are."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    last_weights: tuple[int, int] | None
    """Offset and length, in bytes, of the last initializer."""


@dataclass(frozen=True, slots=True)
class _Field:
    number: int
    kind: int
    value: int
    """Of a varint; otherwise the length of what follows at `offset`."""
    offset: int


def read_header(path: Path, name: str) -> OnnxHeader:
    """Read what the network in `path` takes and gives.

    Parameters
    ----------
    path : path
    name : str
        The model's, for messages.

    Raises
    ------
    ModelError
        If it is not a whole ONNX network, or keeps weights in another file.
    """
    try:
        with path.open("rb") as file:
            return _header(file, path.stat().st_size)
    except _NotOnnx as error:
        raise ModelError(
            f"The file for the model {name} is not a whole ONNX network ({error}); get the "
            "published file."
        ) from error


def read_last_weights(path: Path, name: str) -> Float32:
    """The last initializer of the network in `path`, as float32 of its own shape.

    Raises
    ------
    ModelError
        If there is none, or the file is not ONNX.
    """
    import numpy as np
    import onnx
    from google.protobuf.message import DecodeError
    from onnx import numpy_helper

    found = read_header(path, name).last_weights
    try:
        if found is None:
            raise ValueError("it has no weights")
        with path.open("rb") as file:
            file.seek(found[0])
            tensor = onnx.TensorProto.FromString(file.read(found[1]))
        return np.ascontiguousarray(numpy_helper.to_array(tensor), np.float32)
    except (ValueError, TypeError, DecodeError) as error:
        raise ModelError(
            f"The last weights of the model {name} cannot be read ({error}); get the published "
            "file."
        ) from error


def _header(file: BinaryIO, size: int) -> OnnxHeader:
    graph: _Field | None = None
    versioned = False
    for field in _fields(file, 0, size):
        if field.number == _MODEL_GRAPH and field.kind == _LENGTH:
            graph = field
        versioned = versioned or (field.number, field.kind) == (_MODEL_IR_VERSION, _VARINT)
    if graph is None or not versioned:
        raise _NotOnnx("there is no graph in it")
    inputs: list[Port] = []
    outputs: list[Port] = []
    weights: set[str] = set()
    last: tuple[int, int] | None = None
    for field in _fields(file, graph.offset, graph.offset + graph.value):
        if field.kind != _LENGTH:
            continue
        if field.number == _GRAPH_INPUT:
            inputs.append(_port(file, field))
        elif field.number == _GRAPH_OUTPUT:
            outputs.append(_port(file, field))
        elif field.number == _GRAPH_INITIALIZER:
            weights.add(_weights_name(file, field))
            last = (field.offset, field.value)
    # Old files list weights among the inputs too; nobody has to give those.
    given = tuple(port for port in inputs if port.name not in weights)
    return OnnxHeader(given, tuple(outputs), last)


def _fields(file: BinaryIO, start: int, end: int) -> Generator[_Field]:
    """The fields between two offsets; what has a length is skipped over."""
    at = start
    for _ in range(_MOST_FIELDS):
        if at == end:
            return
        file.seek(at)
        key = _varint(file)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            field = _Field(number, kind, _varint(file), file.tell())
            at = field.offset
        elif kind in (_LENGTH, _FIXED32, _FIXED64):
            length = _varint(file) if kind == _LENGTH else 4 if kind == _FIXED32 else 8
            field = _Field(number, kind, length, file.tell())
            at = field.offset + length
        else:
            raise _NotOnnx("its fields make no sense")
        if at > end or number == 0:
            raise _NotOnnx("it is cut off or no such file at all")
        yield field
    raise _NotOnnx("it has too many fields")


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise _NotOnnx("it is cut off")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise _NotOnnx("its fields make no sense")


def _weights_name(file: BinaryIO, tensor: _Field) -> str:
    name = ""
    for field in _fields(file, tensor.offset, tensor.offset + tensor.value):
        if field.number == _TENSOR_LOCATION and field.value == _ELSEWHERE:
            raise _NotOnnx("it keeps its weights in another file")
        if field.number == _TENSOR_NAME and field.kind == _LENGTH and field.value < _LONGEST_PORT:
            file.seek(field.offset)
            name = file.read(field.value).decode("utf-8", "replace")
    return name


def _port(file: BinaryIO, field: _Field) -> Port:
    import onnx
    from google.protobuf.message import DecodeError

    if field.value > _LONGEST_PORT:
        raise _NotOnnx("its inputs and outputs make no sense")
    file.seek(field.offset)
    try:
        value: Any = onnx.ValueInfoProto.FromString(file.read(field.value))
    except DecodeError as error:
        raise _NotOnnx("its inputs and outputs make no sense") from error
    tensor = value.type.tensor_type
    shape = tuple(
        int(size.dim_value) if size.WhichOneof("value") == "dim_value" else None
        for size in tensor.shape.dim
    )
    kind = _TYPES.get(tensor.elem_type, f"number type {tensor.elem_type}")
    return Port(value.name, shape, kind)
