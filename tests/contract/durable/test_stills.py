"""Stills come and go with the output that they stand for; scenes whose kind nobody said."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from personae.adapters.fetch.fake import FakeFetcher, FakePage
from personae.adapters.media_host.fake import fake_media
from personae.app import tasks
from personae.app.reconcile import Reconciler
from personae.domain.media import Asset
from personae.domain.swap import SwapOutput
from personae.domain.tasks import Task
from service_lab import Lab, worker_here

WITH = SwapOutput(stills=True)


def files_of(service: Lab, task: Task) -> dict[str, Asset]:
    found: Sequence[Asset] = service.database.read(lambda tx: tx.assets.of_task(task.id))
    made = {one.role: one for one in found}
    assert len(made) == len(found)
    return made


@pytest.mark.parametrize(
    ("content_type", "media_kind", "roles"),
    [
        ("image/jpeg", "image", {"output", "thumbnail"}),
        ("image/gif", "video", {"output", "cover", "thumbnail"}),
        ("video/mp4", "video", {"output", "cover", "thumbnail"}),
    ],
)
@pytest.mark.parametrize("duration_s", [0.8, 3.0])
def test_stills_are_made_with_the_output(
    service: Lab, content_type: str, media_kind, roles: set[str], duration_s: float
) -> None:
    tenant = service.tenant()
    donor = service.asset(tenant)
    facts = {"width": 640, "height": 360}
    if media_kind == "video":
        facts["duration_s"] = duration_s  # In chunks, if it is longer than a second.
    scene = service.asset(tenant, content_type, **facts)
    with worker_here(service) as media:
        (done,) = service.wait([service.submit(tenant, media_kind, scene, donor, output=WITH).id])
    assert done.status == "succeeded", done.error
    files = files_of(service, done)
    assert set(files) == roles
    result = done.result or {}
    assert result["assets"] == [files["output"].id]
    assert result["thumbnail"] == files["thumbnail"].id
    assert result.get("cover") == (files["cover"].id if "cover" in files else None)
    for role, asset in files.items():
        assert asset.facts is not None
        size = (asset.facts.width, asset.facts.height)
        assert size == ((1080, 540) if role == "thumbnail" else (640, 360))
        stored = service.blobs.get_bytes(asset.blob_key)
        assert len(stored) == asset.size_bytes
        assert asset.expires_at == done.expires_at
        assert asset.content_type == (content_type if role == "output" else "image/png")
    assert files["thumbnail"].filename == f"{done.id}-thumbnail.png"
    assert [job["op"] for job in media.jobs].count("stills") == 1
    if media_kind == "video":
        assert files["output"].facts is not None
        assert files["output"].facts.duration_s == duration_s


def test_nobody_gets_stills_who_did_not_ask(service: Lab) -> None:
    tenant = service.tenant()
    scene = service.asset(tenant, "video/mp4", duration_s=0.5)
    with worker_here(service) as media:
        (done,) = service.wait([service.submit(tenant, "video", scene, service.asset(tenant)).id])
    assert set(files_of(service, done)) == {"output"}
    assert not {"cover", "thumbnail"} & set(done.result or {})
    assert "stills" not in [job["op"] for job in media.jobs]


def test_stills_are_deleted_with_their_task(service: Lab) -> None:
    tenant = service.tenant()
    donor = service.asset(tenant)
    scene = service.asset(tenant, "video/mp4", duration_s=0.5)
    with worker_here(service):
        (done,) = service.wait([service.submit(tenant, "video", scene, donor, output=WITH).id])
    files = files_of(service, done)
    unused = service.database.write(lambda tx: tasks.delete(tx, tenant, done.id, time.time()))
    assert sorted(unused) == sorted(one.blob_key for one in files.values())
    assert len(unused) == 3


def test_stills_expire_with_their_output(service: Lab) -> None:
    tenant = service.tenant()
    donor = service.asset(tenant)
    scene = service.asset(tenant, "video/mp4", duration_s=0.5)
    with worker_here(service):
        service.wait([service.submit(tenant, "video", scene, donor, output=WITH).id])
    year = 365 * 86400.0
    later = Reconciler(service.database, service.blobs, service.work, lambda: time.time() + year)
    assert later.expire_assets() == 3
    # Only what was uploaded is left.
    # Working files go a little after the task is done.
    kept = [key for key in service.blobs.list_keys("", time.time() + 9) if key[:5] != "work/"]
    assert len(kept) == 2


def test_a_cancel_while_stills_are_made_leaves_nothing(service: Lab) -> None:
    tenant = service.tenant(credits=9)
    donor = service.asset(tenant)
    scene = service.asset(tenant, sleep_s=60, ops=["stills"])
    with worker_here(service) as media:
        task = service.submit(tenant, "image", scene, donor, output=WITH)
        service.wait_until(lambda: any(job["op"] == "stills" for job in media.jobs))
        service.cancel(task)
        (done,) = service.wait([task.id])
        assert done.status == "canceled"
    assert service.database.read(lambda tx: tx.assets.of_task(task.id)) == []
    assert service.blobs.list_keys("outputs", time.time() + 9) == []
    assert service.database.read(lambda tx: tx.credits.balance(tenant)).available == 9


@pytest.mark.parametrize(
    ("content_type", "cost"), [("image/jpeg", 1), ("image/gif", 2), ("video/mp4", 3)]
)
@pytest.mark.parametrize("by_url", [False, True])
def test_a_scene_of_any_kind_is_done_as_what_it_is(
    service: Lab, content_type: str, cost: int, by_url: bool
) -> None:
    tenant = service.tenant(credits=100)
    donor = service.asset(tenant)
    length = {} if content_type == "image/jpeg" else {"duration_s": float(cost)}
    url = "https://example.com/scene"
    network = FakeFetcher({url: FakePage(fake_media(content_type, **length))})
    scene = url if by_url else service.asset(tenant, content_type, **length)
    with worker_here(service, network) as media:
        (done,) = service.wait([service.submit(tenant, "any", scene, donor, output=WITH).id])
        (again,) = service.wait(
            [service.detect(tenant, "any", scene).id] if not by_url else [done.id]
        )
    assert done.status == "succeeded", done.error
    assert again.status == "succeeded", again.error
    assert done.kind == (
        "swap_image" if content_type == "image/jpeg" and not by_url else "swap_video"
    )
    files = files_of(service, done)
    assert files["output"].content_type == content_type
    assert ("cover" in files) == (content_type != "image/jpeg")
    assert done.credits_charged == cost
    ops = [job["op"] for job in media.jobs]
    assert ("plan_chunks" in ops) == (content_type != "image/jpeg")
    assert ("join" in ops) == (content_type == "video/mp4")
    assert service.database.read(lambda tx: tx.credits.audit()) == []


def test_an_output_that_a_scene_cannot_have_is_refused_once_it_is_known(service: Lab) -> None:
    tenant = service.tenant(credits=100)
    donor = service.asset(tenant)
    url = "https://example.com/scene"
    network = FakeFetcher({url: FakePage(fake_media("image/jpeg"))})
    with worker_here(service, network):
        task = service.submit(tenant, "any", url, donor, output=SwapOutput(container="mp4"))
        (done,) = service.wait([task.id])
    assert done.status == "failed"
    assert done.error is not None
    assert (done.error.code, done.error.fault) == ("invalid_request", "caller")
    assert service.database.read(lambda tx: tx.credits.balance(tenant)).available == 100


@pytest.mark.parametrize(("off", "status"), [("image_swap", "failed"), ("video_swap", "succeeded")])
def test_what_is_switched_off_is_seen_once_the_scene_is_known(
    service: Lab, off: str, status: str
) -> None:
    url = "https://example.com/scene"
    network = FakeFetcher({url: FakePage(fake_media("image/jpeg"))})
    tenant = service.tenant(credits=100)
    donor = service.asset(tenant)
    with worker_here(service, network, disabled=[off]):
        (done,) = service.wait([service.submit(tenant, "any", url, donor).id])
    assert done.status == status
    left = service.database.read(lambda tx: tx.credits.balance(tenant))
    if status == "failed":
        assert done.error is not None
        assert (done.error.code, left.available) == ("feature_disabled", 100)
