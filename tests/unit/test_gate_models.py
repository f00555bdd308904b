"""Which models the content gate asks is the operator's choice."""

from __future__ import annotations

import pytest

from personae import wiring
from personae.engine.gate import Scorer
from personae.engine.neural.judging import CardScorer, Vote
from personae.errors import ModelError


@pytest.mark.parametrize("given", ["", " , "])
def test_without_a_name_it_asks_open_nsfw(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONAE_GATE_MODELS", given)
    assert [one.name for one in wiring.gate_models()] == ["open_nsfw"]
    assert isinstance(wiring.scorer(), Scorer)


def test_several_vote_and_each_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONAE_GATE_MODELS", " nsfw_1,open_nsfw , nsfw_3,nsfw_1")
    assert [one.name for one in wiring.gate_models()] == ["nsfw_1", "open_nsfw", "nsfw_3"]
    assert isinstance(wiring.scorer(), Vote)
    monkeypatch.setenv("PERSONAE_GATE_MODELS", "nsfw_2")
    assert isinstance(wiring.scorer(), CardScorer)


@pytest.mark.parametrize("given", ["nsfw_9", "codeformer", "nsfw_1,nonsense"])
def test_other_names_are_the_operators_mistake(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONAE_GATE_MODELS", given)
    with pytest.raises(ModelError, match="nsfw_2"):
        wiring.scorer()
