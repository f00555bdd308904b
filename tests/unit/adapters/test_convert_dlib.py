"""The ONNX graph says what dlib says."""

from __future__ import annotations

from pathlib import Path

import dlib
import numpy as np
import pytest
from dlib_files import RandomNetwork, small_network
from skimage import data

from personae.adapters.convert_dlib import convert_dlib_resnet
from personae.adapters.dlib_network import Affine, Conv, fold_affine, read_network
from personae.engine.session import OnnxModel
from personae.errors import ModelError

PICTURES = [(40, 150), (0, 0), (300, 100)]  # Rows and columns in the astronaut.


def crop(row: int, column: int) -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[row : row + 150, column : column + 150])


def planes(rgb: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rgb.transpose(2, 0, 1), np.float32)


@pytest.fixture(scope="module")
def whole_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of the very type that dlib loads, with random weights."""
    path = tmp_path_factory.mktemp("dlib") / "network.dat"
    path.write_bytes(RandomNetwork().write())
    return path


def test_agrees_with_dlib_on_random_weights(whole_network: Path, tmp_path: Path) -> None:
    converted = tmp_path / "network.onnx"
    converted.write_bytes(convert_dlib_resnet(whole_network.read_bytes()))
    ours, theirs = OnnxModel(converted), dlib.face_recognition_model_v1(str(whole_network))
    faces = [crop(*where) for where in PICTURES]
    wanted = np.array([theirs.compute_face_descriptor(face) for face in faces])
    assert np.abs(wanted).max() > 0.1, "The random network says nothing: the test cannot fail."
    got = ours(np.stack([planes(face) for face in faces]))[0]
    assert np.abs(got - wanted).max() <= 1e-4 * np.abs(wanted).max()


def test_a_batch_is_the_same_as_one_by_one(tmp_path: Path) -> None:
    converted = tmp_path / "small.onnx"
    converted.write_bytes(convert_dlib_resnet(small_network()))
    model = OnnxModel(converted)
    assert str(model.inputs[0]) == "face(?, 3, 39, 39)"
    assert str(model.outputs[0]) == "embedding(?, 6)"
    batch = np.random.default_rng(1).uniform(0, 255, (3, 3, 39, 39)).astype(np.float32)
    together = model(batch)[0]
    alone = [model(batch[i : i + 1])[0][0] for i in range(3)]
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 1e-3


def test_the_same_file_gives_the_same_bytes() -> None:
    assert convert_dlib_resnet(small_network()) == convert_dlib_resnet(small_network())


def test_reads_input_and_layers() -> None:
    picture, layers = read_network(RandomNetwork(size=39, first_channels=8, blocks=()).write())
    assert picture.size_wh == (39, 39)
    assert picture.mean_rgb == pytest.approx((122.782, 117.001, 104.298), abs=1e-4)
    names = [type(layer).__name__ for layer in layers]
    assert names == ["Conv", "Affine", "Relu", "Pool", "Pool", "Linear"]
    assert isinstance(layers[0], Conv)
    assert layers[0].weights.shape == (8, 3, 7, 7)
    assert (layers[0].stride, layers[0].padding) == ((2, 2), (0, 0))


def test_folding_keeps_what_a_convolution_and_an_affine_layer_do() -> None:
    random = np.random.default_rng(2)
    weights = random.normal(size=(4, 3, 1, 1)).astype(np.float32)
    conv = Conv(weights, random.normal(size=4).astype(np.float32), (1, 1), (0, 0))
    affine = Affine(random.normal(size=4).astype(np.float32), np.float32([1, 2, 3, 4]))
    pixel = random.normal(size=3)
    both = (weights[:, :, 0, 0] @ pixel + conv.bias) * affine.gamma + affine.beta
    folded = fold_affine(conv, affine)
    np.testing.assert_allclose(folded.weights[:, :, 0, 0] @ pixel + folded.bias, both, rtol=1e-5)


@pytest.mark.parametrize("kept", [0, 10, 100, 5000, -1])
def test_a_cut_off_file_is_refused(kept: int) -> None:
    with pytest.raises(ModelError, match="dlib"):
        convert_dlib_resnet(small_network()[:kept])


@pytest.mark.parametrize("piece", [b"con_4", b"affine_", b"loss_metric_2", b"input_rgb"])
def test_another_network_is_refused(piece: bytes) -> None:
    altered = small_network().replace(piece, b"x" * len(piece), 1)
    with pytest.raises(ModelError, match="dlib"):
        convert_dlib_resnet(altered)
