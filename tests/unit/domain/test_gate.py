"""The content gate's policy: what an operator may ask of it."""

from __future__ import annotations

from typing import Any

import pytest

from personae.domain.gate import LIMIT, GatePolicy
from personae.errors import InvalidRequest

LOOKING = {"gate_donor": LIMIT, "gate_scene": LIMIT, "gate_output": LIMIT, "gate_every_s": 1.0}
NOT_LOOKING = {"gate_donor": None, "gate_scene": None, "gate_output": None}


def test_it_is_on_unless_somebody_switched_it_off() -> None:
    assert GatePolicy().options() == LOOKING
    assert GatePolicy(on=False).options() == NOT_LOOKING


def test_asking_to_do_without_changes_nothing_unless_that_is_allowed() -> None:
    assert GatePolicy().options(asked_off=True) == LOOKING
    allowed = GatePolicy(may_disable=True)
    assert allowed.options(asked_off=True) == NOT_LOOKING
    assert allowed.options() == LOOKING


def test_a_tenant_differs_where_its_settings_say_so() -> None:
    general = GatePolicy(scene=0.5)
    assert general.of_tenant({}) == general.of_tenant({"gate": {}}) == general
    own = general.of_tenant({"gate": {"donor": 0.9, "may_disable": True}, "other": 1})
    assert own == GatePolicy(donor=0.9, scene=0.5, may_disable=True)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"on": 1}, "on is true or false"),
        ({"may_disable": "yes"}, "may_disable is true or false"),
        ({"donor": 1.5}, "limit for the donor"),
        ({"scene": True}, "limit for the scene"),
        ({"output": None}, "limit for the output"),
        ({"every_s": 0.01}, "every 0.1 to 60 seconds"),
        ({"every_s": float("nan")}, "every 0.1 to 60 seconds"),
        ({"limit": 0.5}, "no setting 'limit'; it has on, donor"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        GatePolicy().but(wrong)
