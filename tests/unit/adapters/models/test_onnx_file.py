"""An ONNX file is looked into without its weights, and anything else is told from one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from small_networks import small_swapper

from personae.adapters.models.onnx_file import read_header, read_last_weights
from personae.engine.card_check import Port
from personae.errors import ModelError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "network.onnx"
    path.write_bytes(small_swapper())
    return path


def test_what_a_network_takes_and_gives(file: Path) -> None:
    header = read_header(file, "small")
    crop = (1, 3, 16, 16)
    assert header.inputs == (Port("target", crop, "float32"), Port("source", (1, 8), "float32"))
    assert header.outputs == (Port("anything", crop, "float32"),)
    assert read_last_weights(file, "small").shape == (8, 8)


def test_free_sizes_half_precision_and_weights_that_old_files_list_as_inputs(file: Path) -> None:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT16, ["batch", None, 4])
    w = helper.make_tensor_value_info("w", TensorProto.FLOAT, [2])
    y = helper.make_tensor_value_info("y", TensorProto.DOUBLE, [])
    weights = [numpy_helper.from_array(np.array([1, 2], np.float16), "w")]
    graph = helper.make_graph([], "g", [x, w], [y], weights)
    file.write_bytes(helper.make_model(graph, ir_version=3).SerializeToString())
    header = read_header(file, "small")
    assert header.inputs == (Port("x", (None, None, 4), "float16"),)
    assert header.outputs == (Port("y", (), "float64"),)
    last = read_last_weights(file, "small")
    assert last.dtype == np.float32
    assert last.tolist() == [1, 2]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!DOCTYPE html><html></html>",
        b"\x00" * 5000,
        b"\xff" * 5000,
        b"PK\x03\x04" + b"x" * 99,
    ],
)
def test_what_is_no_network(data: bytes, file: Path) -> None:
    file.write_bytes(data)
    with pytest.raises(ModelError, match="not a whole ONNX network"):
        read_header(file, "small")


def test_any_cut_is_noticed(file: Path) -> None:
    whole = small_swapper()
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        with pytest.raises(ModelError, match="not a whole ONNX network"):
            read_header(file, "small")


def test_weights_in_another_file_are_refused(file: Path) -> None:
    graph = helper.make_graph([], "g", [], [], [])
    weights = TensorProto(name="w", dims=[1], data_type=TensorProto.FLOAT)
    weights.data_location = TensorProto.EXTERNAL
    entry = weights.external_data.add()
    entry.key, entry.value = "location", "../../secret"
    graph.initializer.append(weights)
    file.write_bytes(helper.make_model(graph).SerializeToString())
    with pytest.raises(ModelError, match="keeps its weights in another file"):
        read_header(file, "small")


def test_a_network_without_weights_has_no_last_ones(file: Path) -> None:
    file.write_bytes(helper.make_model(helper.make_graph([], "g", [], [])).SerializeToString())
    with pytest.raises(ModelError, match="last weights of the model small cannot be read"):
        read_last_weights(file, "small")


def test_noise_never_ends_in_anything_else(file: Path) -> None:
    dice = np.random.default_rng(5)
    whole = small_swapper()
    for _ in range(300):
        spoilt = bytearray(whole)
        for at in dice.integers(0, len(whole), 8):
            spoilt[at] = dice.integers(0, 256)
        file.write_bytes(bytes(spoilt))
        try:
            read_header(file, "small")
            read_last_weights(file, "small")
        except ModelError:
            continue
