"""Outputs are sealed before they are stored; what goes wrong with that costs no task."""

from __future__ import annotations

import time

from personae.app import submit, tasks
from personae.app.submit import Context
from personae.domain.media import Asset
from personae.domain.swap import MediaRef, SceneFace, SwapMapping, SwapRequest
from personae.domain.tasks import Task
from service_lab import Lab, worker_here


def files_of(service: Lab, task: Task) -> dict[str, Asset]:
    assert task.status == "succeeded", task.error
    found = service.database.read(lambda tx: tx.assets.of_task(task.id))
    return {one.role: one for one in found}


def test_an_output_is_sealed_once_before_it_is_measured(service: Lab) -> None:
    tenant = service.tenant()
    scene, donor = service.asset(tenant, "image/jpeg"), service.asset(tenant)
    with worker_here(service) as media:
        (done,) = service.wait([service.submit(tenant, "image", scene, donor).id])
    assert [job["op"] for job in media.jobs if job["op"] != "ping"] == ["swap", "seal", "probe"]
    swap, seal, probe = (job for job in media.jobs if job["op"] != "ping")
    assert seal["path"] == swap["output"] == probe["path"]
    assert (seal["scene"], seal["mappings"]) == (swap["scene"], swap["mappings"])
    result, output = done.result or {}, files_of(service, done)["output"]
    assert (result["manifest"], result["signed_by"]) == ("embedded", "local")
    assert (result["manifest_asset"], result["content_sha256"]) == (None, output.sha256)


def test_a_long_video_is_sealed_once_it_is_joined(service: Lab) -> None:
    tenant = service.tenant()
    scene, donor = service.asset(tenant, "video/mp4", duration_s=4.0), service.asset(tenant)
    with worker_here(service) as media:
        (done,) = service.wait([service.submit(tenant, "video", scene, donor).id])
    files_of(service, done)
    ops = [job["op"] for job in media.jobs]
    assert ops.count("seal") == 1
    assert ops.index("join") < ops.index("seal")


def test_a_sidecar_is_a_file_of_its_own_that_goes_with_its_output(service: Lab) -> None:
    tenant = service.tenant()
    scene, donor = service.asset(tenant, "video/webm", duration_s=0.5), service.asset(tenant)
    with worker_here(service):
        (done,) = service.wait([service.submit(tenant, "video", scene, donor).id])
    files = files_of(service, done)
    assert set(files) == {"output", "manifest"}
    sidecar = files["manifest"]
    assert (done.result or {})["manifest_asset"] == sidecar.id
    assert (done.result or {})["assets"] == [files["output"].id]
    assert (sidecar.content_type, sidecar.filename) == (
        *("application/c2pa", f"{done.id}-manifest.c2pa"),
    )
    assert sidecar.expires_at == done.expires_at
    unused = service.database.write(lambda tx: tasks.delete(tx, tenant, done.id, time.time()))
    assert sorted(unused) == sorted(one.blob_key for one in files.values())


def test_a_scene_that_kills_whoever_reads_its_manifest_is_left_unread(service: Lab) -> None:
    tenant = service.tenant(credits=100)
    scene = service.asset(tenant, "image/jpeg", crash=1, ops=["seal"])
    with worker_here(service) as media:
        task = service.submit(tenant, "image", scene, service.asset(tenant))
        (done,) = service.wait([task.id])
    assert (done.result or {})["manifest"] == "embedded"
    seals = [job for job in media.jobs if job["op"] == "seal"]
    assert [job.get("look_at_scene", True) for job in seals] == [True, False]
    assert [job["op"] for job in media.jobs].count("swap") == 1
    assert done.credits_charged == 1


def test_an_output_that_nobody_can_seal_is_not_given_out(service: Lab) -> None:
    tenant = service.tenant(credits=100)
    scene = service.asset(tenant, "image/jpeg", crash=True, ops=["seal"])
    with worker_here(service):
        task = service.submit(tenant, "image", scene, service.asset(tenant))
        (done,) = service.wait([task.id])
    assert done.status == "failed"
    assert done.error is not None
    assert (done.error.code, done.error.fault) == ("task_failed", "platform")
    assert service.database.read(lambda tx: tx.assets.of_task(task.id)) == []
    assert service.database.read(lambda tx: tx.credits.balance(tenant)).available == 100


def test_a_preview_is_sealed_too(service: Lab) -> None:
    tenant = service.tenant()
    scene, donor = service.asset(tenant, "image/jpeg"), service.asset(tenant)
    mapping = SwapMapping(SceneFace(choice="largest"), (MediaRef(asset_id=donor),))
    wanted = SwapRequest("image", MediaRef(asset_id=scene), (mapping,))
    context = Context(tenant, time.time())
    with worker_here(service) as media:
        task, _ = service.database.write(
            lambda tx: submit.submit_preview(tx, context, wanted, None)
        )
        (done,) = service.wait([task.id])
    assert (done.result or {})["manifest"] == "embedded"
    assert [job["op"] for job in media.jobs].count("seal") == 1
