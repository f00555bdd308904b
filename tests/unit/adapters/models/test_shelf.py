"""An operator's own cards stand beside Personae's; a broken one costs only itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_networks import swapper_text

from personae.adapters.models.shelf import read_shelf
from personae.engine.cards import all_cards, card
from personae.errors import InvalidRequest, ModelError

GOOD = swapper_text("small", "https://example.org/small.onnx")


def test_own_cards_are_known_like_ours(tmp_path: Path) -> None:
    (tmp_path / "anything.toml").write_text(GOOD)
    shelf = read_shelf([tmp_path, tmp_path / "none"])
    assert len(shelf.cards) == len(all_cards()) + 1
    assert shelf.card("small").role == "swapper"
    assert shelf.own == {"small": tmp_path / "anything.toml"}
    assert shelf.text(shelf.card("small")) == GOOD
    assert shelf.card("inswapper_128") == card("inswapper_128")
    assert 'name = "inswapper_128"' in shelf.text(card("inswapper_128"))
    assert [each.name for each in shelf.choose(["small", "small"])] == ["small"]
    assert all(each.default for each in shelf.choose())


def test_what_a_model_needs() -> None:
    shelf = read_shelf([])
    needs = {each.name: [n.name for n in shelf.needs(each)] for each in shelf.cards}
    assert needs["ghost_1_256"] == ["arcface_w600k_r50", "crossface_ghost"]
    assert needs["crossface_ghost"] == ["arcface_w600k_r50"]
    assert needs["uniface_256"] == needs["xseg_1"] == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('role = "swapper"', 'role = "wizard"', "broken.toml has 'wizard' instead of one of"),
        ('summary = "A small one."', "", "broken.toml has no value for 'summary'"),
        ("boosts = [1, 2]", "boosts = [2]", "broken.toml, swapper has .* for 'boosts'"),
        ('"arcface_128"', '"nowhere"', "broken.toml has 'nowhere' instead of .* for 'template'"),
        ('"with_projection"', '"by_magic"', "broken.toml has an unknown value for 'conversion'"),
        ("default = false", "default = true", "broken.toml has the value true for 'default'"),
        (
            'name = "small"',
            'name = "cards"',
            "has the reserved value 'cards' for 'name'",
        ),
        ('"projection.npy"', '"made.json"', "reserved value 'made.json' for 'file'"),
        ('"projection.npy"', '"small.onnx"', "the same value twice for 'file'"),
        ('name = "small"', 'name = "inswapper_128"', "the name 'inswapper_128' of Personae's own"),
        ('name = "small"', "name = ", "not valid TOML"),
    ],
)
def test_a_broken_card_names_file_and_field(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    assert old in GOOD
    (tmp_path / "broken.toml").write_text(GOOD.replace(old, new, 1))
    (tmp_path / "zz.toml").write_text(GOOD.replace('"small"', '"fine"'))
    shelf = read_shelf([tmp_path])
    assert shelf.card("fine").name == "fine"
    (problem,) = shelf.problems.values()
    with pytest.raises(ModelError, match=message) as told:
        shelf.card("broken")
    assert told.value.message == problem
    assert str(tmp_path) not in problem


def test_two_own_cards_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD)
    (tmp_path / "b.toml").write_text(GOOD)
    shelf = read_shelf([tmp_path])
    assert list(shelf.problems.values()) == [
        "The model card b.toml has the name 'small' of a.toml; give it another one."
    ]


@pytest.mark.parametrize("data", [b"\xff\xfe", b"#" * ((1 << 18) + 1)])
def test_what_is_no_text_or_too_long(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(data)
    (tmp_path / "y.toml").mkdir()
    assert len(read_shelf([tmp_path]).problems) == 2


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="did you mean inswapper_128"):
        read_shelf([tmp_path]).card("inswaper_128")
