"""What a label may say, and whose label an output carries."""

from __future__ import annotations

import pytest

from personae.domain.labels import Label, TenantLabels
from personae.errors import InvalidRequest

ONE, OTHER = Label("AI"), Label("Made by AI", "top", 0.1)


def test_text_is_tidied() -> None:
    assert Label("  Ge\u0301ne\u0301re\u0301   par l'IA ").text == "Généré par l'IA"


@pytest.mark.parametrize(
    "text",
    ["", "   ", "x" * 81, "two\nlines", "a\tb\x00", "a\u202eb", "\u200b", "\ud800", "\ufeffAI"],
)
def test_what_cannot_be_seen_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="label"):
        Label(text)


@pytest.mark.parametrize("size", [0, 0.019, 0.151, float("nan"), True, "0.1"])
def test_sizes_outside_the_range_are_refused(size: float) -> None:
    with pytest.raises(InvalidRequest, match="size"):
        Label("AI", size=size)


def test_places_are_named() -> None:
    with pytest.raises(InvalidRequest, match="bottom-right"):
        Label("AI", "middle")


def test_labels_survive_their_column() -> None:
    labels = TenantLabels(ONE, None, enforced=True)
    assert TenantLabels.of({"label": labels.to_json(), "other": 1}) == labels
    assert TenantLabels.of({}) == TenantLabels()


@pytest.mark.parametrize(
    ("own", "asked", "drawn"),
    [
        (TenantLabels(), None, None),
        (TenantLabels(), OTHER, OTHER),
        (TenantLabels(pictures=ONE), None, ONE),
        (TenantLabels(pictures=ONE), OTHER, OTHER),
        (TenantLabels(pictures=ONE, enforced=True), OTHER, ONE),
        (TenantLabels(videos=ONE, enforced=True), OTHER, OTHER),
        (TenantLabels(videos=ONE), None, None),
    ],
)
def test_whose_label_is_drawn(own: TenantLabels, asked: Label | None, drawn: Label | None) -> None:
    assert own.choose(asked, moving=False) == drawn


def test_clips_have_a_label_of_their_own() -> None:
    own = TenantLabels(ONE, OTHER)
    assert own.choose(None, moving=True) == OTHER
    assert own.choose(None, moving=False) == ONE
