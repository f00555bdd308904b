"""Loaded models check what goes in and say what they run on."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from personae.adapters.model_store import ModelStore
from personae.engine.cards import all_cards, card
from personae.engine.session import CPU, OnnxModel, TfLiteModel
from personae.errors import ModelError


@pytest.fixture(scope="module")
def doubling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX model that doubles what it is given."""
    make = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["twice"])],
        "doubling",
        [make("x", TensorProto.FLOAT, ["n", 3])],
        [make("twice", TensorProto.FLOAT, ["n", 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = tmp_path_factory.mktemp("models") / "doubling.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture(scope="module")
def detector(store: ModelStore) -> TfLiteModel:
    return TfLiteModel(store.path(card("blazeface_short")))


def test_runs_an_onnx_model(doubling: Path) -> None:
    model = OnnxModel(doubling)
    x = np.float32([[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(model(x)[0], x * 2)
    assert model.providers == (CPU,)
    assert repr(model) == f"OnnxModel(doubling.onnx: x(?, 3) -> twice(?, 3), {CPU})"


def test_runs_a_tflite_model(detector: TfLiteModel) -> None:
    boxes, scores = detector(np.zeros((1, 128, 128, 3), np.float32))
    assert (boxes.shape, scores.shape) == ((1, 896, 16), (1, 896, 1))
    assert (scores < 0).all(), "There is no face on black."
    assert "input(1, 128, 128, 3) -> regressors(1, 896, 16)" in repr(detector)


def test_bytes_do_as_well_as_a_file(store: ModelStore, detector: TfLiteModel) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (1, 128, 128, 3)).astype(np.float32)
    again = TfLiteModel(store.path(card("blazeface_short")).read_bytes())
    for one, other in zip(detector(x), again(x), strict=True):
        np.testing.assert_array_equal(one, other)


def test_results_are_the_callers_own(detector: TfLiteModel) -> None:
    x = np.zeros((1, 128, 128, 3), np.float32)
    first = detector(x)[0]
    kept = first.copy()
    detector(x + 1)
    np.testing.assert_array_equal(first, kept)


def test_threads_do_not_mix_their_results(detector: TfLiteModel) -> None:
    inputs = [np.full((1, 128, 128, 3), value, np.float32) for value in np.linspace(-1, 1, 6)]
    alone = [detector(x)[0] for x in inputs]
    together: dict[int, list[np.ndarray]] = {}

    def work(number: int) -> None:
        together[number] = [detector(inputs[number])[0] for _ in range(10)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, results in together.items():
        for result in results:
            np.testing.assert_array_equal(result, alone[number])
    assert len(together) == len(inputs)


@pytest.mark.parametrize(
    "given",
    [
        [],
        [np.zeros((1, 4), np.float32)],
        [np.zeros(3, np.float32)],
        [np.zeros((1, 3), np.float64)],
        [np.zeros((1, 3), np.float32)] * 2,
    ],
)
def test_what_does_not_fit_is_refused(given: list[np.ndarray], doubling: Path) -> None:
    with pytest.raises(ModelError, match=r"doubling\.onnx wants float32 x\(\?, 3\)"):
        OnnxModel(doubling)(*given)


def test_a_tflite_model_refuses_what_does_not_fit(detector: TfLiteModel) -> None:
    with pytest.raises(ModelError, match=r"wants float32 input\(1, 128, 128, 3\)"):
        detector(np.zeros((1, 64, 64, 3), np.float32))


def test_an_accelerator_that_is_not_there_is_an_error(doubling: Path) -> None:
    with pytest.raises(ModelError, match="NoSuchExecutionProvider cannot be used"):
        OnnxModel(doubling, providers=["NoSuchExecutionProvider", CPU])


@pytest.mark.parametrize("kind", [OnnxModel, TfLiteModel])
def test_a_file_that_does_not_load_is_named(
    kind: type[OnnxModel | TfLiteModel], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.bin"
    with pytest.raises(ModelError, match=r"broken\.bin does not load"):
        kind(broken)
    broken.write_bytes(b"not a model" * 100)
    with pytest.raises(ModelError, match=r"broken\.bin does not load"):
        kind(broken)


def test_loading_is_silent_and_importing_is_light(store: ModelStore) -> None:
    path = store.path(card("blazeface_short"))
    code = (
        "import sys; from personae.engine.session import TfLiteModel\n"
        "heavy = {'ai_edge_litert', 'onnxruntime', 'onnx'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        f"TfLiteModel({str(path)!r})\n"
        "print('still here', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "still here\n")


def test_installed_onnx_models_are_what_their_cards_say(store: ModelStore) -> None:
    checked = 0
    for each in all_cards():
        part = each.parts[0]
        if not part.file.endswith(".onnx") or store.status(each) != "ready":
            continue
        model = OnnxModel(store.path(each))
        assert [(one.name, one.shape) for one in model.inputs] == [
            (one.name, tuple(None if size < 0 else size for size in one.shape))
            for one in part.inputs
        ]
        assert [one.name for one in model.outputs] == [one.name for one in part.outputs]
        checked += 1
    assert checked
