"""Which models the content gate asks is the operator's choice."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.stand_ins import install_stand_ins

from personae import wiring
from personae.engine.cards import card
from personae.engine.gate import Scorer
from personae.engine.neural.judging import CardScorer, Vote
from personae.errors import ModelError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    install_stand_ins(tmp_path, [card("nsfw_1"), card("nsfw_2")])
    return tmp_path


@pytest.mark.parametrize("given", ["", " , "])
def test_without_a_name_it_asks_open_nsfw(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONAE_GATE_MODELS", given)
    assert [one.name for one in wiring.gate_models()] == ["open_nsfw"]
    assert isinstance(wiring.scorer(), Scorer)


def test_several_vote_and_each_is_asked_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONAE_MODELS_DIR", str(folder))
    monkeypatch.setenv("PERSONAE_GATE_MODELS", " nsfw_1,open_nsfw , nsfw_2,nsfw_1")
    assert [one.name for one in wiring.gate_models()] == ["nsfw_1", "open_nsfw", "nsfw_2"]
    assert isinstance(wiring.scorer(), Vote)
    monkeypatch.setenv("PERSONAE_GATE_MODELS", "nsfw_2")
    assert isinstance(wiring.scorer(), CardScorer)


def test_what_is_not_installed_lets_nothing_through(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSONAE_MODELS_DIR", str(folder))
    monkeypatch.setenv("PERSONAE_GATE_MODELS", "nsfw_2,nsfw_3")
    with pytest.raises(ModelError, match="models pull nsfw_3"):
        wiring.scorer()


@pytest.mark.parametrize("given", ["nsfw_9", "codeformer", "nsfw_1,nonsense"])
def test_other_names_are_the_operators_mistake(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONAE_GATE_MODELS", given)
    with pytest.raises(ModelError, match="nsfw_2"):
        wiring.scorer()
