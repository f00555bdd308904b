"""What is not permissive is accepted by name, and again when it changes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from personae.adapters.models.licences import Licences
from personae.engine.card import Card
from personae.engine.cards import card
from personae.errors import ModelError

SWAPPER, OTHER, FREE = card("inswapper_128"), card("simswap_256"), card("yunet_2023_mar")


def other_licence(each: Card) -> Card:
    return dataclasses.replace(each, licence=dataclasses.replace(each.licence, statement="Pay."))


def test_permissive_ones_need_nobodys_word(tmp_path: Path) -> None:
    licences = Licences(tmp_path)
    assert licences.state(FREE) == "permissive"
    licences.require([FREE])
    assert licences.state(SWAPPER) == "needed"
    with pytest.raises(ModelError, match="run `personae models accept inswapper_128`"):
        licences.require([FREE, SWAPPER])
    with pytest.raises(ModelError, match=r"accept inswapper_128 simswap_256 --yes`\.$"):
        licences.require([SWAPPER, FREE, OTHER], " --yes")


def test_who_when_and_which_words_are_kept(tmp_path: Path) -> None:
    Licences(tmp_path).accept(SWAPPER, "ann", 5.0)
    licences = Licences(tmp_path)
    given = licences.acceptance(SWAPPER)
    assert given is not None
    assert (given.by, given.at, given.licence) == ("ann", 5.0, "InsightFace non-commercial")
    assert licences.state(SWAPPER) == "accepted"
    assert licences.state(OTHER) == "needed", "One name, one model."
    licences.require([SWAPPER])


def test_another_licence_is_asked_about_again(tmp_path: Path) -> None:
    licences = Licences(tmp_path)
    licences.accept(SWAPPER, "ann", 5.0)
    changed = other_licence(SWAPPER)
    assert licences.state(changed) == "changed"
    with pytest.raises(ModelError, match="is another one by now, which has not been accepted"):
        licences.require([changed])


@pytest.mark.parametrize("text", ["", "{}", "[]", "not json"])
def test_an_unreadable_record_is_none(text: str, tmp_path: Path) -> None:
    licences = Licences(tmp_path)
    licences.accept(SWAPPER, "ann", 5.0)
    (tmp_path / ".licences" / "inswapper_128.json").write_text(text)
    assert licences.state(SWAPPER) == "needed"


def test_only_permissive(tmp_path: Path) -> None:
    Licences(tmp_path).accept(SWAPPER, "ann", 5.0)
    strict = Licences(tmp_path, permissive_only=True)
    strict.require([FREE])
    for refused in (lambda: strict.require([SWAPPER]), lambda: strict.accept(OTHER, "ann", 5.0)):
        with pytest.raises(ModelError, match="which is not permissive"):
            refused()
