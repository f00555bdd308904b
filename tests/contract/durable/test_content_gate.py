"""What the content gate refuses fails, costs nothing and says why; tenants may differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from personae.app import accounts
from personae.domain.gate import LIMIT, GatePolicy
from personae.domain.swap import Media
from personae.domain.tasks import Task
from personae.errors import InvalidRequest, NotFound
from service_lab import Lab, worker_here

CLIP: dict[str, Any] = {"content_type": "video/mp4", "frames": 50}
KINDS: dict[str, dict[str, Any]] = {"image": {}, "video": CLIP}


def refused(task: Task) -> tuple[str | None, str | None]:
    assert task.error is not None
    assert (task.error.code, task.error.fault) == ("policy_refused", "caller")
    assert not task.error.retryable
    assert task.error.facts == {"score": 0.9, "limit": LIMIT, "looked": 1}
    assert "facts" not in task.error.public()
    return task.error.role, task.error.reason


def test_every_kind_of_task_is_refused_and_costs_nothing(service: Lab) -> None:
    tenant = service.tenant(credits=100)
    good = service.asset(tenant)
    bad = service.asset(tenant, unsafe=0.9)
    clip = service.asset(tenant, **CLIP, unsafe=0.9)
    asked = [
        service.submit(tenant, "image", bad, good),
        service.submit(tenant, "image", good, bad),
        service.submit(tenant, "video", clip, good),
        service.detect(tenant, "image", bad),
        service.detect(tenant, "video", clip),
    ]
    with worker_here(service):
        done = service.wait([one.id for one in asked])
    scene, donor = ("scene", "nsfw"), ("donor", "nsfw")
    assert [refused(one) for one in done] == [scene, donor, scene, scene, scene]
    balance = service.database.read(lambda tx: tx.credits.balance(tenant))
    assert (balance.available, balance.spent, balance.held) == (100, 0, 0)


def test_a_task_remembers_what_was_seen(service: Lab) -> None:
    tenant = service.tenant(credits=100)
    good, clip = service.asset(tenant), service.asset(tenant, **CLIP)
    asked = [
        service.submit(tenant, "image", good, good),
        service.submit(tenant, "video", clip, good),
    ]
    with worker_here(service):
        done = service.wait([one.id for one in asked])
    for one in done:
        seen = (one.result or {})["gate"]
        assert {role: told["limit"] for role, told in seen.items()} == dict.fromkeys(
            ("donor", "scene", "output"), LIMIT
        )


def test_a_tenant_may_be_treated_in_another_way(service: Lab) -> None:
    strict, lax = service.tenant("strict"), service.tenant("lax")

    def set_up(tx: Any) -> None:
        accounts.set_gate(tx, strict, {"scene": 0.05}, 1.0)
        accounts.set_gate(tx, lax, {"on": False}, 1.0)

    service.database.write(set_up)
    warm, hot = service.asset(strict, unsafe=0.1), service.asset(lax, unsafe=0.9)
    tasks = [
        service.submit(strict, "image", warm, service.asset(strict)),
        service.submit(lax, "image", hot, service.asset(lax)),
    ]
    with worker_here(service):
        first, second = service.wait([one.id for one in tasks])
    assert first.error is not None
    assert first.error.facts == {"score": 0.1, "limit": 0.05, "looked": 1}
    assert (second.status, (second.result or {})["gate"]) == ("succeeded", {"off": "policy"})


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("media", ["image", "video"])
def test_asking_to_do_without_is_heard_only_where_it_is_allowed(
    service: Lab, allowed: bool, media: Media
) -> None:
    tenant = service.tenant(credits=100)
    bad, good = service.asset(tenant, **KINDS[media], unsafe=0.9), service.asset(tenant)
    task = service.submit(tenant, media, bad, good, without_gate=True)
    with worker_here(service, gate=GatePolicy(may_disable=allowed)):
        (done,) = service.wait([task.id])
    if allowed:
        assert (done.status, (done.result or {})["gate"]) == ("succeeded", {"off": "asked"})
    else:
        assert refused(done) == ("scene", "nsfw")


def test_what_is_set_for_a_tenant_adds_up_and_can_be_forgotten(service: Lab) -> None:
    tenant = service.tenant()

    def change(changes: dict[str, Any] | None) -> dict[str, Any]:
        return service.database.write(lambda tx: accounts.set_gate(tx, tenant, changes, 1.0))

    assert change({"donor": 0.5}) == {"donor": 0.5}
    assert change({"scene": 0.4}) == {"donor": 0.5, "scene": 0.4}
    with pytest.raises(InvalidRequest):
        change({"scene": 4})
    stored = service.database.read(lambda tx: tx.tenants.get(tenant))
    assert stored is not None
    assert stored.settings["gate"] == {"donor": 0.5, "scene": 0.4}
    assert GatePolicy().of_tenant(stored.settings) == replace(GatePolicy(), donor=0.5, scene=0.4)
    assert change(None) == {}
    with pytest.raises(NotFound):
        service.database.write(lambda tx: accounts.set_gate(tx, "tenant_x", {}, 1.0))
