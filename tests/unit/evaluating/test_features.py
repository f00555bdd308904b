"""Feature networks as cards describe them, on small generated ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from faces import headshot
from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.engine.canvas import RgbCanvas
from personae.engine.card_roles import Picture
from personae.engine.session import OnnxModel
from personae.engine.types import Face, UInt8
from personae.errors import InvalidRequest, ModelError
from personae.evaluating.features import Features, installed_features, load_features

RGB = headshot("hopper")


@pytest.fixture
def face(store: ModelStore) -> Face:
    return wiring.engine().faces(RgbCanvas(RGB))[0]


def network(path: Path, side_px: int) -> OnnxModel:
    """A stand-in: the mean of each channel, float32 (1, 3, S, S) to (1, 3, 1, 1)."""
    shape = [1, 3, side_px, side_px]
    graph = helper.make_graph(
        [helper.make_node("GlobalAveragePool", ["x"], ["y"])],
        "mean",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 1, 1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, str(path))
    return OnnxModel(path)


def picture(**changes: object) -> Picture:
    values = {
        "input": "x",
        "size_px": 96,
        "template": "",
        "order": "rgb",
        "layout": "nchw",
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
    }
    return Picture(**{**values, **changes})  # pyright: ignore[reportArgumentType]


def bright(level: int) -> UInt8:
    return np.full_like(RGB, level)


def test_a_vector_is_what_the_network_says_of_the_face(tmp_path: Path, face: Face) -> None:
    features = Features("means", network(tmp_path / "net.onnx", 96), picture())
    assert features.of(bright(255), face) == pytest.approx([1, 1, 1])
    assert features.of(bright(0), face) == pytest.approx([-1, -1, -1])
    red = bright(0)
    red[..., 0] = 255
    assert features.of(red, face) == pytest.approx([1, -1, -1])
    turned = Features("means", network(tmp_path / "net.onnx", 96), picture(order="bgr"))
    assert turned.of(red, face) == pytest.approx([-1, -1, 1])


def test_only_the_face_is_looked_at(tmp_path: Path, face: Face) -> None:
    for template in ("", "arcface_128"):
        features = Features("means", network(tmp_path / "n.onnx", 64), picture(
            size_px=64, template=template))  # fmt: skip
        far = RGB.copy()
        far[:20, :20] = 255
        assert features.of(far, face) == pytest.approx(features.of(RGB, face))


def test_what_is_no_vector_is_refused(face: Face) -> None:
    for made in (np.zeros((1, 5000)), np.full((1, 4), np.nan)):
        wrong = Features("wrong", lambda batch, made=made: [made], picture())  # pyright: ignore[reportArgumentType, reportUnknownLambdaType]
        with pytest.raises(ModelError, match="no vector"):
            wrong.of(RGB, face)


def test_names(store: ModelStore) -> None:
    with pytest.raises(InvalidRequest, match="no feature network 'nothing'"):
        installed_features("nothing")
    from personae.engine.cards import card

    with pytest.raises(ModelError, match="dlib_resnet makes no features"):
        load_features(card("dlib_resnet"))
