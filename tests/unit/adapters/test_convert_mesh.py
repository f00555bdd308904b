"""Both halves of a cut graph compute what the whole one would have computed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from mesh_files import OPTIONS, SHAPE, mesh_model

from personae.adapters.convert_mesh import BACKBONE, CONSTANTS, HEADS, split_attention_mesh
from personae.adapters.model_store import ModelStore
from personae.engine.cards import card
from personae.engine.session import TfLiteModel
from personae.errors import ModelError


def picture() -> np.ndarray:
    return np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_the_backbone_gives_mesh_features_and_flag() -> None:
    model = TfLiteModel(split_attention_mesh(mesh_model())[BACKBONE])
    assert [each.name for each in model.outputs] == ["output_mesh", "features", "conv_faceflag"]
    x = picture()
    mesh, features, flag = model(x)
    np.testing.assert_allclose(mesh, np.tanh(x), atol=1e-3)
    np.testing.assert_array_equal(features, np.maximum(x, 0))
    np.testing.assert_allclose(flag, sigmoid(x), atol=1e-3)


def test_the_heads_take_the_squares_in_order() -> None:
    model = TfLiteModel(split_attention_mesh(mesh_model())[HEADS])
    assert [each.name for each in model.inputs] == ["crop_0", "crop_1", "crop_2"]
    x = picture()
    lips, left_eye, left_iris, right_eye, right_iris = model(x, x * 2, x * 3)
    np.testing.assert_array_equal(lips, np.maximum(x, 0))
    np.testing.assert_allclose(left_eye, np.tanh(x * 2), atol=1e-3)
    np.testing.assert_allclose(left_iris, sigmoid(x * 2), atol=1e-3)
    np.testing.assert_allclose(right_eye, np.tanh(x * 3), atol=1e-3)
    np.testing.assert_allclose(right_iris, sigmoid(x * 3), atol=1e-3)


def test_the_constants_are_the_operators_options() -> None:
    constants = json.loads(split_attention_mesh(mesh_model())[CONSTANTS])
    assert constants == [OPTIONS | {"left_rotation_idx": number} for number in range(3)]


def test_the_same_file_gives_the_same_bytes() -> None:
    assert split_attention_mesh(mesh_model()) == split_attention_mesh(mesh_model())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a TFLite"),
        (b"something else entirely", "not a TFLite"),
        (mesh_model(squares=2), "no three squares"),
        (mesh_model(left_out="scale_x"), "lacks scale_x"),
        (mesh_model(mesh_name="other"), "no tensor 'output_mesh'"),
    ],
)
def test_another_model_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ModelError, match=why):
        split_attention_mesh(data)


def test_the_installed_halves_are_what_their_card_says(store: ModelStore) -> None:
    mesh = card("attention_mesh")
    for name in ("backbone", "heads"):
        part, model = mesh.part(name), TfLiteModel(store.path(mesh, name))
        assert [(each.name, each.shape) for each in model.inputs] == [
            (each.name, each.shape) for each in part.inputs
        ]
        assert [(each.name, each.shape) for each in model.outputs] == [
            (each.name, each.shape) for each in part.outputs
        ]


def test_the_installed_constants_name_the_points_of_lips_and_eyes(store: ModelStore) -> None:
    constants = json.loads(store.path(card("attention_mesh"), "constants").read_bytes())
    assert [len(each["subset_idxs"]) for each in constants] == [80, 71, 71]
    # Mouth corners, then the corners of the eye on the viewer's left and on the right.
    corners = [(each["left_rotation_idx"], each["right_rotation_idx"]) for each in constants]
    assert corners == [(61, 291), (33, 133), (362, 263)]
