"""A card that makes no sense is refused by name and field."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pytest

from personae.engine.card import parse_card
from personae.engine.cards import all_cards, card, cards
from personae.errors import InvalidRequest, ModelError

GOOD = (resources.files("personae.engine.cards") / "blazeface_short.toml").read_text("utf-8")


def test_the_cards_of_the_first_swap() -> None:
    assert [each.name for each in cards()] == [
        "attention_mesh",
        "blazeface_full",
        "blazeface_short",
        "dlib_resnet",
        "open_nsfw",
    ]
    assert set(cards()) < set(all_cards())
    assert cards(["open_nsfw"]) == (card("open_nsfw"),)


def test_a_card_is_read_whole() -> None:
    read = parse_card(GOOD, "blazeface_short.toml")
    assert read == card("blazeface_short")
    assert read.licence.name == "Apache-2.0"
    assert read.source.distribution is not None
    assert str(read.source.distribution) == "mediapipe==0.10.21"
    assert read.source.distribution.tags == "cp311-cp311-manylinux_2_28_x86_64"
    assert read.part().inputs[0].shape == (1, 128, 128, 3)
    assert read.part().inputs[0].range == (-1, 1)


def test_a_card_with_an_address() -> None:
    start, end = GOOD.index("[source]"), GOOD.index("[[part]]")
    source = f'[source]\nurl = "https://example.org/m"\nsize_bytes = 5\nsha256 = "{"ab" * 32}"\n'
    read = parse_card(GOOD[:start] + source + GOOD[end:], "test")
    assert (read.source.url, read.source.distribution) == ("https://example.org/m", None)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('role = "detector"', 'role = "wizard"', "'wizard' instead of one of detector"),
        ('role = "detector"', "", "'role'"),
        ("default = true", "default = 1", "wrong kind for 'default'"),
        ("size_bytes = 229714", "size_bytes = true", "wrong kind for 'size_bytes'"),
        ("size_bytes = 229714", "size_bytes = 0", "impossible size 0"),
        ("bbff11cebd1e", "BBFF11CEBD1E", "malformed value .* 'sha256'"),
        ('file = "blazeface_short.tflite"', 'file = "../elsewhere"', "malformed .* 'file'"),
        ('name = "blazeface_short"', 'name = "Blaze Face"', "malformed .* 'name'"),
        ("range = [-1.0, 1.0]", "range = [1.0, -1.0]", "'range'"),
        ("shape = [1, 896, 16]", 'shape = ["1", 896]', "something else than numbers"),
        ('summary = "', 'colour = "red"\nsummary = "', "no use for 'colour'"),
        ("[licence]", "[license]", "'licence'"),
        ("default = true", 'default = true\nconversion = "x"', "a version of 1 or more"),
        ('name = "blazeface_short"', "name = ", "not valid TOML"),
    ],
)
def test_a_mistake_is_named(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(ModelError, match=message) as caught:
        parse_card(GOOD.replace(old, new, 1), "test.toml")
    assert "test.toml" in caught.value.message


def test_an_unknown_model_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InvalidRequest, match="no model 'gfpgan'; did you mean gfpgan_1_"):
        card("gfpgan")
    with pytest.raises(InvalidRequest, match="no model 'nope'; `personae models list` shows all"):
        card("nope")


def test_a_part_is_asked_for_by_name() -> None:
    mesh = card("attention_mesh")
    assert mesh.part("heads").file == "attention_heads.tflite"
    for name in ("", "tail"):
        with pytest.raises(InvalidRequest, match="has the parts backbone, heads, constants"):
            mesh.part(name)


def test_the_triangles_are_one_surface_with_one_winding() -> None:
    text = (resources.files("personae.engine") / "data" / "mesh_triangles.txt").read_text()
    triangles = np.loadtxt(text.splitlines(), int)
    assert triangles.shape == (852, 3)
    assert (triangles.min(), triangles.max()) == (0, 467)
    assert len(np.unique(triangles)) == 468
    edges = [tuple(edge) for a, b, c in triangles for edge in ((a, b), (b, c), (c, a))]
    assert len(set(edges)) == len(edges), "Each edge is walked once in each direction."
    rim = [edge for edge in edges if edge[::-1] not in set(edges)]
    assert len(rim) == 88, "The outline of the face, both eyes and the mouth."
