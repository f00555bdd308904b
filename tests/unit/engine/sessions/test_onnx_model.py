"""Kinds of numbers, memory that runs out, and memory of a device's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from personae.engine.session import OnnxModel
from personae.engine.sessions.memory import lacks_memory
from personae.errors import ModelError


def _saved(path: Path, first: int | str, weight_kind: int = TensorProto.DOUBLE) -> Path:
    """A network that multiplies pictures by a number."""
    make = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["weight"], ["small"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["x", "small"], ["y"]),
        ],
        "weighted",
        [make("x", TensorProto.FLOAT, [first, 3]), make("weight", weight_kind, [])],
        [make("y", TensorProto.FLOAT, [first, 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def _doubling(path: Path) -> Path:
    make = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "doubling",
        [make("x", TensorProto.FLOAT16, ["n", 3])],
        [make("y", TensorProto.FLOAT16, ["n", 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


class _Cramped:
    """A runtime's session whose memory is enough for some items; no machine here has too little."""

    def __init__(self, session: Any, most: int) -> None:
        self._session = session
        self._most = most
        self.calls: list[int] = []

    def run(self, names: None, feed: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        items = len(next(iter(feed.values())))
        if items > self._most:
            raise RuntimeError("BFCArena::AllocateRawInternal Failed to allocate memory of 9 bytes")
        self.calls.append(items)
        return self._session.run(names, feed)


@pytest.mark.parametrize("weight", [np.float64(0.5), np.array(0.5), np.float32([0.5])])
def test_a_double_beside_pictures(tmp_path: Path, weight: Any) -> None:
    model = OnnxModel(_saved(tmp_path / "weighted.onnx", "n"), batch=8)
    x = np.float32([[2, 4, 6]])
    np.testing.assert_array_equal(model(x, np.asarray(weight))[0], x / 2)
    assert model.inputs[1].dtype == "float64"
    assert model.batch == 8, "The number is the same for all."
    model._session = _Cramped(model._session, most=1)
    five = np.arange(15, dtype=np.float32).reshape(5, 3)
    np.testing.assert_array_equal(model(five, np.asarray(weight))[0], five / 2)


def test_float32_goes_in_and_out_of_networks_in_16_bits(tmp_path: Path) -> None:
    made = OnnxModel(_doubling(tmp_path / "half.onnx"))(np.float32([[1, 2, 3]]))[0]
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, [[2, 4, 6]])


def test_whole_numbers_are_not_taken_for_others(tmp_path: Path) -> None:
    path = _saved(tmp_path / "whole.onnx", "n", TensorProto.UINT8)
    model, x = OnnxModel(path), np.float32([[1, 2, 3]])
    np.testing.assert_array_equal(model(x, np.array(3, np.uint8))[0], x * 3)
    with pytest.raises(ModelError, match=r"wants float32 x\(\?, 3\), uint8 weight\(\) and got"):
        model(x, np.array(3.0))


def test_too_little_memory_for_all_is_enough_for_some(tmp_path: Path) -> None:
    model = OnnxModel(_doubling(tmp_path / "half.onnx"), batch=8)
    cramped = _Cramped(model._session, most=2)
    model._session = cramped
    x = np.arange(21, dtype=np.float32).reshape(7, 3)
    np.testing.assert_array_equal(model(x)[0], x * 2)
    assert max(cramped.calls) <= 2
    assert sum(cramped.calls) == 7


def test_too_little_memory_for_one_is_one_sentence(tmp_path: Path) -> None:
    model = OnnxModel(_doubling(tmp_path / "half.onnx"), name="big", batch=8)
    model._session = _Cramped(model._session, most=0)
    with pytest.raises(ModelError, match="no memory for one run of the model big; free some"):
        model(np.ones((4, 3), np.float32))


def test_bound_memory_gives_the_same(tmp_path: Path) -> None:
    """As on an accelerator, with the computer's own memory in place of the device's."""
    model = OnnxModel(_doubling(tmp_path / "half.onnx"))
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    plain = model(x)[0]
    model._memory = ("cpu", 0)
    np.testing.assert_array_equal(model(x)[0], plain)


def _greedy(path: Path) -> Path:
    """A network that asks for n to the 20th numbers: 4 TB for four items, 4 MB for two."""
    make = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("Shape", ["x"], ["count"], start=0, end=1),
            helper.make_node("Cast", ["count"], ["base"], to=TensorProto.DOUBLE),
            helper.make_node("Pow", ["base", "power"], ["many"]),
            helper.make_node("Cast", ["many"], ["size"], to=TensorProto.INT64),
            helper.make_node("ConstantOfShape", ["size"], ["zeros"]),
            helper.make_node("ReduceMax", ["zeros"], ["zero"], keepdims=0),
            helper.make_node("Add", ["x", "zero"], ["y"]),
        ],
        "greedy",
        [make("x", TensorProto.FLOAT, ["n", 3])],
        [make("y", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor("power", TensorProto.DOUBLE, [], [20.0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def test_a_runtime_that_has_no_memory_for_a_batch_gets_smaller_ones(tmp_path: Path) -> None:
    """The real one, which really asks for too much."""
    model = OnnxModel(_greedy(tmp_path / "greedy.onnx"), batch=8)
    x = np.arange(24, dtype=np.float32).reshape(8, 3)
    np.testing.assert_array_equal(model(x)[0], x)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems let memory be limited otherwise")
def test_too_little_memory_to_load_is_one_sentence(tmp_path: Path) -> None:
    weights = numpy_helper.from_array(np.ones((5000, 5000), np.float32), "w")
    make = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "large",
        [make("x", TensorProto.FLOAT, ["n", 5000])],
        [make("y", TensorProto.FLOAT, ["n", 5000])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = tmp_path / "large.onnx"
    path.write_bytes(model.SerializeToString())
    code = (
        "import resource, sys, onnxruntime; from pathlib import Path\n"
        "from personae.engine.session import OnnxModel\n"
        "from personae.errors import ModelError\n"
        "pages = int(Path('/proc/self/statm').read_text().split()[0])\n"
        "limit = pages * resource.getpagesize() + 60 * 2**20\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        "try: OnnxModel(sys.argv[1], name='large')\n"
        "except ModelError as error: print(error.message)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == (
        "There is no memory for the model large; free some, or choose a smaller one.\n"
    ), done.stderr


@pytest.mark.parametrize(
    ("told", "lacks"),
    [
        ("Failed to allocate memory for requested buffer of size 4398046511104", True),
        ("CUDA failure 2: out of memory ; GPU=0 ; hostname=x", True),
        ("CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED", True),
        ("CUDNN failure: CUDNN_STATUS_ALLOC_FAILED", True),
        ("HIP failure 2: hipErrorOutOfMemory", True),
        ("8007000E Not enough memory resources are available to complete this operation.", True),
        ("Exception during initialization: std::bad_alloc", True),
        ("bad allocation", True),
        ("Got invalid dimensions for input: x", False),
        ("CUDNN_STATUS_NOT_SUPPORTED", False),
    ],
)
def test_tells_a_lack_of_memory_from_the_rest(told: str, lacks: bool) -> None:
    assert lacks_memory(RuntimeError(told)) is lacks
    assert lacks_memory(MemoryError())
