"""Every call of every dialect that changes something leaves a line, and looking leaves none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from personae.app import audit_reading
from personae.domain.audit import ACTIONS, ACTORS
from personae.domain.audit_chain import Line
from personae.wire.a2e.dialect import A2e
from personae.wire.aifaceswap.dialect import Aifaceswap
from personae.wire.aifaceswap.settings import AifaceswapSettings
from personae.wire.crun.dialect import Crun
from personae.wire.dialects import Dialect
from personae.wire.guard import access_of
from wire.a2e.given import GIVEN as OF_A2E
from wire.aifaceswap.given import GIVEN as OF_AIFACESWAP
from wire.cases import Given, ask, prepare
from wire.crun.given import GIVEN as OF_CRUN
from wire.native.given import GIVEN as OF_NATIVE
from wire.service import Service
from wire.vidnoz.given import GIVEN as OF_VIDNOZ
from wire.vidnoz.given import dialect as vidnoz

HERE = Path(__file__).parent
DIALECTS: dict[str, tuple[tuple[Dialect, ...], Given]] = {
    "native": ((), OF_NATIVE),
    "a2e": ((A2e(),), OF_A2E),
    "crun": ((Crun(),), OF_CRUN),
    "aifaceswap": ((Aifaceswap(AifaceswapSettings(wait_s=0.05)),), OF_AIFACESWAP),
    "vidnoz": (vidnoz(), OF_VIDNOZ),
}
CHANGES_NOTHING = {
    "vidnozToken": "a token is signed, not stored; what it is used for leaves lines of its key",
    "inspectFile": "nothing is kept of what anybody asks about",
}
ELSEWHERE = dict.fromkeys(
    ("add_person", "remove_person", "look_up_photo"),
    "the operators' page of the register, over the rules of the calls that are tried here",
)
READS = {"asset.link", "asset.download", "asset.reserve", "asset.create"}
"""Some vendors reserve an upload by GET, and some calls take over what was uploaded meanwhile."""
READING = ("GET", "HEAD", "OPTIONS")


def changing(service: Service) -> set[str]:
    """Operations that change something, as the application's own routes say."""
    found: set[str] = set()
    for context in iter_route_contexts(service.app.routes):
        route = context._effective_route  # pyright: ignore[reportPrivateUsage]
        if not isinstance(route, APIRoute) or access_of(route.endpoint).reads:
            continue
        if route.methods - set(READING):
            found.add(route.operation_id or route.name)
    return found - CHANGES_NOTHING.keys() - ELSEWHERE.keys()


def cases(name: str) -> list[tuple[str, dict[str, Any]]]:
    files = sorted((HERE / name / "cases").glob("*.json"))
    return [(one.stem, json.loads(one.read_text("utf-8"))) for one in files]


def succeeds(case: dict[str, Any]) -> bool:
    body = case["response"].get("body")
    code = body.get("code", 0) if isinstance(body, dict) else 0
    return case["response"]["status"] < 300 and code in (0, 200, "<int>")


def lines(service: Service) -> list[Line]:
    gate = service.app.state.gate
    service.client.await_(gate.accesses.flush, gate.services.database)
    return service.database.read(lambda tx: list(audit_reading.exported(tx)))


ALL = [(name, stem, case) for name in DIALECTS for stem, case in cases(name) if succeeds(case)]


@pytest.mark.parametrize(("name", "stem", "case"), ALL, ids=[f"{a}-{b}" for a, b, _ in ALL])
def test_a_call_leaves_a_line_if_it_changes_something(
    opened: Callable[..., Service], name: str, stem: str, case: dict[str, Any]
) -> None:
    dialects, given = DIALECTS[name]
    service = opened(dialects, preview_wait_s=0.05)
    service.key()
    service.operator_key()
    names = prepare(service, case, given)
    before = len(lines(service))
    answer = ask(service, case, names)
    assert answer.status_code == case["response"]["status"], answer.text
    fresh = lines(service)[before:]
    for line in fresh:
        known = ACTIONS[line.action]
        assert line.actor in ACTORS or line.actor.startswith("key_"), line
        assert line.detail.keys() <= {*known.told, *known.kept}
    if case["operation"] in changing(service):
        acted = [one for one in fresh if one.action not in ("asset.link", "asset.download")]
        assert acted, f"{case['operation']} left no line"
        if not case["request"].get("anonymous") and case["operation"] != "uploadFile":
            assert any(one.actor.startswith("key_") for one in acted), acted
    else:
        assert {one.action for one in fresh} <= READS


@pytest.mark.parametrize("name", DIALECTS)
def test_every_changing_call_is_among_them(opened: Callable[..., Service], name: str) -> None:
    covered = {case["operation"] for one, _, case in ALL if one in (name, "native")}
    assert changing(opened(DIALECTS[name][0])) <= covered


def test_looking_again_and_again_leaves_one_line_an_hour(
    opened: Callable[..., Service],
) -> None:
    service = opened()
    names = prepare(service, {"given": ["done_swap"]}, OF_NATIVE)
    before = len(lines(service))
    for _ in range(20):
        assert service.call("GET", f"/swaps/{names['swap']}").status_code == 200
    [first] = lines(service)[before:]
    assert (first.action, first.actor[:4]) == ("asset.link", "key_")
    service.clock.advance(3600)
    [_, counted] = lines(service)[before:]
    assert (counted.action, counted.detail) == ("asset.link", {"times": 19})
    assert service.call("GET", f"/swaps/{names['swap']}").status_code == 200
    assert len(lines(service)) == before + 3
