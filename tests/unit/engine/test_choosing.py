"""What levels of quality take of what is installed, and in how many bits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from personae.engine.card import Card
from personae.engine.cards import card
from personae.engine.choosing import LEVELS, Wish, choose, levels
from personae.engine.setup import MESH, EngineSetup
from personae.errors import InvalidRequest


def _card(name: str) -> Card:
    return card(name.removesuffix("_int8"))


def _engine(
    level: str, *ready: str, quicker: bool = False, engine: str | None = None
) -> tuple[str, bool]:
    """The engine that a level takes, and whether it was asked what is quicker."""
    asked: list[bool] = []

    def are_quicker() -> bool:
        asked.append(True)
        return quicker

    setup = choose(Wish(level, engine), _card, lambda name: name in ready, are_quicker)
    return setup.engine, bool(asked)


@pytest.mark.parametrize("level", LEVELS)
def test_without_models_it_is_the_mesh_engine(level: str) -> None:
    assert _engine(level, quicker=True)[0] == MESH


BOTH = ("inswapper_128", "inswapper_128_int8")


@pytest.mark.parametrize(
    ("level", "quicker", "taken"),
    [
        ("draft", True, MESH),
        ("standard", True, "inswapper_128_int8"),
        ("standard", False, "inswapper_128"),
        ("best", True, "inswapper_128"),
    ],
)
def test_8_bits_where_they_are_quicker_and_allowed(level: str, quicker: bool, taken: str) -> None:
    assert _engine(level, *BOTH, quicker=quicker)[0] == taken


def test_any_swapper_may_be_in_8_bits_and_the_order_stays() -> None:
    assert _engine("standard", "hyperswap_1a_256", *BOTH, quicker=True)[0] == "hyperswap_1a_256"
    assert _engine("standard", "simswap_256_int8", quicker=True)[0] == "simswap_256_int8"
    assert _engine("standard", "simswap_256_int8")[0] == MESH, "On an accelerator it is no gain."


def test_a_name_is_what_it_says() -> None:
    assert _engine("standard", *BOTH, quicker=True, engine="inswapper_128") == (BOTH[0], False)
    assert _engine("best", *BOTH, engine="inswapper_128_int8") == (BOTH[1], False)


def test_where_networks_run_is_asked_only_if_it_matters() -> None:
    """Who made nonsense of PERSONAE_PROVIDERS can still swap without networks."""
    assert not _engine("draft", *BOTH)[1]
    assert not _engine("best", *BOTH)[1]
    assert not _engine("standard", engine=MESH)[1]
    assert _engine("standard", *BOTH)[1]


@pytest.mark.parametrize("level", LEVELS)
def test_levels_name_models_of_their_roles(level: str) -> None:
    told = levels()[level]
    roles: dict[str, Callable[[str], bool]] = {
        "engine": lambda name: name == MESH or card(name).role == "swapper",
        "restorer": lambda name: name == "classical" or card(name).role == "restorer",
        "occluders": lambda name: card(name).role == "occluder",
        "parser": lambda name: name == "" or card(name).role == "parser",
    }
    for step, fits in roles.items():
        assert all(map(fits, told[step]))
    assert told["engine"][-1] == MESH


def chosen(wish: Wish) -> EngineSetup:
    return choose(wish, card, lambda _: False)


def test_what_is_switched_off_is_off_at_any_strength() -> None:
    off = chosen(Wish(restorer="off"))
    assert off.restoring(0.7) == 0
    assert chosen(Wish(restorer="classical")).restoring(0.7) == 0.7


@pytest.mark.parametrize("wish", [Wish(engine="mesh", boost_px=512), Wish(likeness=0.9)])
def test_what_the_embedded_engine_has_no_use_for_is_refused(wish: Wish) -> None:
    with pytest.raises(InvalidRequest, match="leave"):
        chosen(wish)
