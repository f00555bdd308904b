"""The audit log over HTTP: one's own lines, and refusals that leave one though all was undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from personae.domain.audit import ACTORS
from wire.checks import problem
from wire.native.given import GIVEN
from wire.service import Service


def own(service: Service, as_: str = "ours", **query: Any) -> list[dict[str, Any]]:
    return service.call("GET", "/audit", as_=as_, params={"limit": 100, **query}).json()["items"]


def whole(service: Service, **query: Any) -> list[dict[str, Any]]:
    answer = service.operate("GET", "/admin/audit", params={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_nobody_reads_anothers_lines(service: Service) -> None:
    names = GIVEN["done_swap"](service)
    assert own(service, subject=names["swap"])
    assert own(service, "theirs", subject=names["swap"]) == []
    mine = {one["hash"] for one in own(service)}
    assert mine.isdisjoint(one["hash"] for one in own(service, "theirs"))
    assert all(one["action"] != "audit.begin" for one in own(service))


def test_operators_lines_are_not_a_tenants_to_read(service: Service) -> None:
    for path in ("/admin/audit", "/admin/audit/head"):
        problem(service.call("GET", path), 403, "forbidden")
    problem(service.client.get("/native/v1/audit"), 401, "unauthorized")


def test_a_refusal_leaves_a_line_whose_reason_only_operators_read(service: Service) -> None:
    gate = service.app.state.gate
    names = GIVEN["scene"](service) | GIVEN["donor"](service)
    asset = service.database.read(lambda tx: tx.assets.get(None, names["donor"]))
    assert asset is not None
    refused = frozenset({asset.sha256 or ""})
    gate.services = replace(
        gate.services, settings=replace(gate.services.settings, refused_files=refused)
    )
    body = {
        "media": "image",
        "scene": {"asset_id": names["scene"]},
        "mappings": [
            {"donor": {"photos": [{"asset_id": names["donor"]}]}, "scene_face": {"by": "largest"}}
        ],
    }
    before = len(own(service))
    problem(service.call("POST", "/swaps", body), 403, "policy_refused")
    lines = own(service)
    assert len(lines) == before + 1
    assert lines[0]["action"] == "policy.refuse"
    assert lines[0]["detail"].keys() == {"role"}
    assert lines[0]["actor"].startswith("key_")
    [line] = whole(service, action="policy.refuse")
    assert line["detail"]["reason"] == "file"
    assert line["tenant_id"] == service.tenant()


def test_who_acted_for_the_operator_is_not_told(service: Service) -> None:
    names = GIVEN["done_swap"](service)
    wanted = {"subject": names["swap"], "reason": "A court said so."}
    assert service.operate("POST", "/admin/takedowns", wanted).status_code == 202
    lines = own(service, action="asset.*")
    assert {one["actor"] for one in lines if one["action"] == "asset.takedown"} == {"operator"}
    assert all("takedown" not in one["detail"] for one in lines)
    assert any(
        one["actor"] not in ACTORS and one["detail"]["takedown"]
        for one in whole(service, action="asset.takedown")
    )
    assert "A court said so." not in str(whole(service))


def test_listings_are_filtered_and_paged(service: Service) -> None:
    GIVEN["done_swap"](service)
    first = service.call("GET", "/audit", params={"limit": 2}).json()
    rest = service.call(
        "GET", "/audit", params={"limit": 100, "cursor": first["next_cursor"]}
    ).json()
    assert [*first["items"], *rest["items"]] == own(service)
    assert {one["action"] for one in own(service, action="task.*")} == {"task.submit"}
    assert {one["action"] for one in own(service, action="key.issue")} == {"key.issue"}
    problem(
        service.call("GET", "/audit", params={"action": "task.submit' OR 1"}),
        422,
        "invalid_request",
    )
    assert whole(service, since="2030-01-01T00:00:00Z") == []
    assert {one["tenant_id"] for one in whole(service, tenant_id=service.tenant())} == {
        service.tenant()
    }


def test_the_head_is_that_of_the_last_line(service: Service) -> None:
    GIVEN["done_swap"](service)
    service.operator_key()
    head = service.operate("GET", "/admin/audit/head").json()
    newest = whole(service, limit=1)[0]
    assert (head["lines"], head["hash"]) == (newest["number"], newest["hash"])


def test_a_key_is_first_used_once(service: Service) -> None:
    for _ in range(3):
        service.call("GET", "/account")
        service.flush()
        service.clock.advance(120)
    [line] = own(service, action="key.first_use")
    assert line["actor"] == line["subject"]


def test_the_number_of_lines_is_a_metric(service: Service) -> None:
    GIVEN["done_swap"](service)
    head = service.operate("GET", "/admin/audit/head").json()
    assert f"personae_audit_lines {float(head['lines'])}" in service.client.get("/metrics").text
