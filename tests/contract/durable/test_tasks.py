"""Tasks of every kind on a real database and real queues, with a media host that plays."""

from __future__ import annotations

import time

import pytest

from personae.adapters.fetch.fake import FakeFetcher, FakePage
from personae.adapters.media_host.fake import fake_media
from personae.app import hooks, submit
from personae.app.endpoints import create
from personae.app.submit import Context
from personae.domain.swap import MediaRef, SceneFace, SwapMapping, SwapOutput, SwapRequest
from personae.errors import Conflict
from service_lab import Lab, worker_here


def _balance(service: Lab, tenant: str):
    return service.database.read(lambda tx: tx.credits.balance(tenant))


def test_a_picture_is_swapped_and_charged(service: Lab) -> None:
    tenant = service.tenant(credits=100)
    donor, scene = service.asset(tenant), service.asset(tenant, "image/jpeg")
    with worker_here(service):
        task = service.submit(tenant, "image", scene, donor)
        (done,) = service.wait([task.id])
    assert done.status == "succeeded", done.error
    assert (done.credits_held, done.credits_charged) == (1, 1)
    assert done.result is not None
    (output,) = service.database.read(lambda tx: tx.assets.of_task(task.id))
    assert done.result["assets"] == [output.id]
    assert (output.role, output.state, output.content_type) == ("output", "ready", "image/jpeg")
    assert output.expires_at == done.expires_at
    balance = _balance(service, tenant)
    assert (balance.available, balance.held, balance.spent) == (99, 0, 1)
    assert service.audit() == []


def test_the_container_decides_the_output(service: Lab) -> None:
    tenant = service.tenant()
    donor, scene = service.asset(tenant), service.asset(tenant)
    with worker_here(service) as media:
        task = service.submit(tenant, "image", scene, donor, output=SwapOutput("webp", quality=70))
        service.wait([task.id])
    (job,) = [job for job in media.jobs if job["op"] == "swap"]
    assert job["output"].endswith(".webp")
    assert job["options"]["quality"] == 70
    assert job["options"]["mark"] == task.mark
    assert not {"codec", "crf", "preset"} & set(job["options"])


def test_a_long_video_comes_in_chunks(service: Lab) -> None:
    tenant = service.tenant()
    donor = service.asset(tenant)
    clip = service.asset(tenant, "video/mp4", duration_s=4.0)
    with worker_here(service) as media:
        task = service.submit(tenant, "video", clip, donor)
        (done,) = service.wait([task.id])
        service.wait_until(lambda: not service.blobs.list_keys("work", time.time() + 9))
    assert done.status == "succeeded", done.error
    assert (done.credits_held, done.credits_charged) == (4, 4)
    assert done.progress.percent == 100
    assert done.result is not None
    assert done.result["frames"] == 100
    ops = [job["op"] for job in media.jobs]
    assert [ops.count(op) for op in ("plan_chunks", "analyse_chunk", "render_chunk", "join")] == [
        *(1, 4, 4, 1)
    ]
    # Each analysis goes on from the one before.
    analyses = [job for job in media.jobs if job["op"] == "analyse_chunk"]
    assert [job["chunk"]["index"] for job in analyses] == [0, 1, 2, 3]
    assert [job["state_in"] is None for job in analyses] == [True, False, False, False]


def test_a_lone_worker_renders_as_it_analyses(service: Lab) -> None:
    """Nobody could take the rendering, so decoding everything twice would be for nothing."""
    tenant = service.tenant()
    donor = service.asset(tenant)
    clip = service.asset(tenant, "video/mp4", duration_s=4.0)
    with worker_here(service, slots=1) as media:
        alone = service.submit(tenant, "video", clip, donor)
        (alone,) = service.wait([alone.id])
        service.wait_until(lambda: not service.blobs.list_keys("work", time.time() + 9))
    ops = [job["op"] for job in media.jobs]
    assert [ops.count(op) for op in ("analyse_chunk", "render_chunk", "join")] == [4, 0, 1]
    assert alone.status == "succeeded", alone.error
    assert alone.result is not None
    assert (alone.result["frames"], alone.progress.percent) == (100, 100)
    with worker_here(service, slots=2) as media:
        helped = service.submit(tenant, "video", clip, donor)
        (helped,) = service.wait([helped.id])
    ops = [job["op"] for job in media.jobs]
    assert [ops.count(op) for op in ("analyse_chunk", "render_chunk", "join")] == [4, 4, 1]
    assert service.output(alone) == service.output(helped)


def test_as_many_videos_as_places_are_not_split(service: Lab) -> None:
    tenant = service.tenant()
    donor = service.asset(tenant)
    clips = [service.asset(tenant, "video/mp4", duration_s=d, sleep_s=0.4) for d in (4.0, 5.0)]
    with worker_here(service, slots=2) as media:
        tasks = [service.submit(tenant, "video", clip, donor) for clip in clips]
        done = service.wait([task.id for task in tasks])
    assert [one.status for one in done] == ["succeeded"] * 2
    ops = [job["op"] for job in media.jobs]
    assert ops.count("analyse_chunk") == 9
    # While one of them begins, or the longer one ends, the other is alone.
    assert ops.count("render_chunk") <= 6


def test_a_short_video_is_not_cut(service: Lab) -> None:
    tenant = service.tenant()
    donor = service.asset(tenant)
    clip = service.asset(tenant, "video/mp4", duration_s=0.8)
    with worker_here(service) as media:
        task = service.submit(tenant, "video", clip, donor, start_s=0.2)
        (done,) = service.wait([task.id])
    assert done.status == "succeeded", done.error
    assert [job["op"] for job in media.jobs] == ["plan_chunks", "swap", "seal", "probe"]
    assert media.jobs[0]["start_s"] == 0.2


def test_a_preview_costs_nothing(service: Lab) -> None:
    tenant = service.tenant(credits=0)
    donor = service.asset(tenant)
    clip = service.asset(tenant, "video/mp4", duration_s=9.0)
    mapping = SwapMapping(SceneFace(index=0), (MediaRef(donor),))
    wanted = SwapRequest("video", MediaRef(clip), (mapping,))
    context = Context(tenant, time.time())
    with worker_here(service) as media:
        task, _ = service.database.write(lambda tx: submit.submit_preview(tx, context, wanted, 2.5))
        (done,) = service.wait([task.id])
    assert done.status == "succeeded", done.error
    assert media.jobs[0]["op"] == "preview"
    assert media.jobs[0]["time_s"] == 2.5
    assert done.credits_charged == 0


@pytest.mark.parametrize("media_kind", ["image", "video"])
def test_a_detection_can_be_used_in_a_mapping(service: Lab, media_kind) -> None:
    tenant = service.tenant()
    donor = service.asset(tenant)
    kind = "image/png" if media_kind == "image" else "video/mp4"
    scene = service.asset(tenant, kind, faces=3)
    with worker_here(service) as media:
        detection = service.detect(tenant, media_kind, scene)
        (found,) = service.wait([detection.id])
        assert found.status == "succeeded", found.error
        assert found.result is not None
        faces = found.result["faces"]
        assert [face["face_id"] for face in faces] == [0, 1, 2]
        crops = service.database.read(lambda tx: tx.assets.of_task(detection.id))
        assert sorted(face["crop_asset_id"] for face in faces) == [crop.id for crop in crops]
        assert {crop.role for crop in crops} == {"crop"}

        face = SceneFace(detection_id=detection.id, face_id=1)
        task = service.submit(tenant, media_kind, scene, donor, face=face)
        (done,) = service.wait([task.id])
    assert done.status == "succeeded", done.error
    job = next(job for job in media.jobs if "mappings" in job)
    assert job["mappings"][0]["face"] is None
    assert job["mappings"][0]["like_embedding"] == faces[1]["embedding"]


@pytest.mark.parametrize(("faces", "charged"), [(2, 2), (None, 0)])
def test_a_detection_that_has_a_price_is_paid_for_if_it_succeeds(
    service: Lab, faces: int | None, charged: int
) -> None:
    tenant = service.tenant()
    broken = {"code": "media_unreadable", "message": "It does not decode."}
    script = {"error": broken, "ops": ["detect"]} if faces is None else {"faces": faces}
    scene = MediaRef(service.asset(tenant, "image/png", **script))
    before = service.database.read(lambda tx: tx.credits.balance(tenant)).available
    context = Context(tenant, time.time(), dialect="aifaceswap")
    with worker_here(service):
        task, _ = service.database.write(
            lambda tx: submit.submit_detection(tx, context, "image", scene, "extract_face")
        )
        (done,) = service.wait([task.id])
    assert done.status == ("failed" if faces is None else "succeeded")
    assert (task.credits_held, done.credits_charged) == (2, charged)
    balance = service.database.read(lambda tx: tx.credits.balance(tenant))
    assert (balance.available, balance.held) == (before - charged, 0)


def test_a_scene_by_url_is_measured_and_paid_by_its_length(service: Lab) -> None:
    tenant = service.tenant(credits=100)
    donor = service.asset(tenant)
    url = "https://example.com/clip.mp4"
    network = FakeFetcher({url: FakePage(fake_media("video/mp4", duration_s=25.0))})
    with worker_here(service, network, chunk_s=10.0):
        task = service.submit(tenant, "video", url, donor)
        assert task.credits_held == 10  # Assumed.
        (done,) = service.wait([task.id])
    assert done.status == "succeeded", done.error
    assert (done.credits_held, done.credits_charged) == (25, 25)
    balance = _balance(service, tenant)
    assert (balance.available, balance.held, balance.spent) == (75, 0, 25)
    assert service.audit() == []


def test_a_scene_by_url_that_is_shorter_gives_the_rest_back(service: Lab) -> None:
    tenant = service.tenant(credits=100)
    donor = service.asset(tenant)
    url = "https://example.com/clip.mp4"
    network = FakeFetcher({url: FakePage(fake_media("video/mp4", duration_s=3.0))})
    with worker_here(service, network):
        task = service.submit(tenant, "video", url, donor)
        (done,) = service.wait([task.id])
    assert done.credits_charged == 3
    balance = _balance(service, tenant)
    assert (balance.available, balance.held, balance.spent) == (97, 0, 3)
    assert service.audit() == []


def test_a_scene_that_nobody_can_pay_for_fails(service: Lab) -> None:
    tenant = service.tenant(credits=20)
    donor = service.asset(tenant)
    url = "https://example.com/clip.mp4"
    network = FakeFetcher({url: FakePage(fake_media("video/mp4", duration_s=60.0))})
    with worker_here(service, network):
        task = service.submit(tenant, "video", url, donor)
        (done,) = service.wait([task.id])
    assert done.status == "failed"
    assert done.error is not None
    assert done.error.code == "insufficient_credits"
    assert done.error.message.startswith("This takes 60 credits, as was measured: ")
    assert _balance(service, tenant).available == 20
    assert service.audit() == []


def test_the_sound_behind_a_url_is_seen_by_the_worker(service: Lab) -> None:
    tenant = service.tenant(credits=20)
    donor = service.asset(tenant)
    url = "https://example.com/clip.mp4"
    spoken = fake_media("video/mp4", audio_streams=1, audio_codecs=["aac"])
    with worker_here(service, FakeFetcher({url: FakePage(spoken)})):
        task = service.submit(tenant, "video", url, donor, output=SwapOutput("webm"))
        (done,) = service.wait([task.id])
    assert done.error is not None
    assert done.error.code == "invalid_request"
    assert "output.container webm does not hold the sound" in done.error.message
    assert service.audit() == []


@pytest.mark.parametrize(
    ("url", "page", "code"),
    [
        ("https://example.com/gone.png", None, "media_unreachable"),
        ("https://10.0.0.1/inside.png", None, "address_refused"),
        ("https://example.com/text", FakePage(b"hello"), "media_unsupported"),
        ("https://example.com/v.mp4", FakePage(fake_media("video/mp4")), "invalid_request"),
    ],
)
def test_a_bad_url_is_the_callers_fault(service: Lab, url, page, code) -> None:
    tenant = service.tenant(credits=5)
    donor = service.asset(tenant)
    with worker_here(service, FakeFetcher({url: page} if page else {})):
        task = service.submit(tenant, "image", url, donor)
        (done,) = service.wait([task.id])
    assert done.status == "failed"
    assert done.error is not None
    assert (done.error.code, done.error.fault) == (code, "caller")
    assert done.attempt == 1
    assert _balance(service, tenant).available == 5


def test_no_face_fails_with_its_role_and_gives_the_credits_back(service: Lab) -> None:
    tenant = service.tenant(credits=5)
    donor, scene = service.asset(tenant, faces=0), service.asset(tenant)
    with worker_here(service):
        task = service.submit(tenant, "image", scene, donor)
        (done,) = service.wait([task.id])
    assert done.error is not None
    assert (done.error.code, done.error.role) == ("face_not_found", "donor")
    assert _balance(service, tenant).available == 5
    assert service.audit() == []


def test_a_crash_of_the_media_child_is_tried_again(service: Lab) -> None:
    tenant = service.tenant()
    donor, scene = service.asset(tenant), service.asset(tenant, crash=2, ops=["swap"])
    with worker_here(service):
        task = service.submit(tenant, "image", scene, donor)
        (done,) = service.wait([task.id])
    assert done.status == "succeeded", done.error
    assert done.attempt == 3


@pytest.mark.parametrize("op", ["plan_chunks", "analyse_chunk", "render_chunk", "join"])
def test_a_poison_piece_ends_the_task_after_three_attempts(service: Lab, op) -> None:
    tenant = service.tenant(credits=9)
    donor = service.asset(tenant)
    clip = service.asset(tenant, "video/mp4", duration_s=3.0, crash=True, ops=[op])
    with worker_here(service) as media:
        task = service.submit(tenant, "video", clip, donor)
        (done,) = service.wait([task.id])
        service.wait_until(lambda: service.work.ended([task.id]))
    assert done.status == "failed"
    assert done.error is not None
    assert (done.error.code, done.error.fault) == ("task_failed", "platform")
    tries = [job for job in media.jobs if job["op"] == op]
    by_chunk = [job.get("chunk", {}).get("index") for job in tries]
    assert max(by_chunk.count(one) for one in by_chunk) == 3
    assert _balance(service, tenant).available == 9
    assert service.audit() == []


def test_a_hung_child_is_given_up_and_tried_again(service: Lab) -> None:
    service.options["stall_s"] = 0.3
    tenant = service.tenant()
    donor = service.asset(tenant)
    clip = service.asset(tenant, "video/mp4", duration_s=3.0, hang=1, ops=["render_chunk"])
    with worker_here(service):
        task = service.submit(tenant, "video", clip, donor)
        (done,) = service.wait([task.id])
    assert done.status == "succeeded", done.error


@pytest.mark.parametrize("kind", ["image", "video"])
def test_a_cancel_frees_the_credits_at_once_and_the_worker_soon(service: Lab, kind) -> None:
    tenant = service.tenant(credits=50)
    donor = service.asset(tenant)
    scene = (
        service.asset(tenant, sleep_s=30.0)
        if kind == "image"
        else service.asset(tenant, "video/mp4", duration_s=3.0, sleep_s=30.0)
    )
    with worker_here(service):
        task = service.submit(tenant, kind, scene, donor)
        service.wait_until(lambda: service.task(task.id).status == "running")
        time.sleep(0.3)
        service.cancel(task)
        assert service.task(task.id).status == "canceled"
        assert _balance(service, tenant).available == 50
        # The place is free again: another task gets through although the first one slept.
        quick = service.submit(tenant, "image", service.asset(tenant), donor)
        service.wait([quick.id], 10)
        service.wait_until(lambda: not service.blobs.list_keys("work", time.time() + 9), 20)
    with pytest.raises(Conflict):
        service.cancel(task)
    assert service.audit() == []


def test_a_cancel_that_only_the_row_knows_is_noticed(service: Lab) -> None:
    from personae.app import tasks

    tenant = service.tenant()
    donor, scene = service.asset(tenant), service.asset(tenant, sleep_s=20.0)
    with worker_here(service) as media:
        task = service.submit(tenant, "image", scene, donor)
        service.wait_until(lambda: media.jobs)
        service.database.write(lambda tx: tasks.cancel(tx, tenant, task.id, time.time()))
        service.wait_until(lambda: service.work.ended([task.id]), 5)
    assert service.database.read(lambda tx: tx.assets.of_task(task.id)) == []


def test_the_end_of_a_task_is_told_by_webhook(service: Lab) -> None:
    from standardwebhooks import Webhook

    tenant = service.tenant()
    donor, scene = service.asset(tenant), service.asset(tenant)
    url = "https://hooks.example.com/in"
    network = FakeFetcher({url: FakePage()})
    endpoint = service.database.write(
        lambda tx: create(tx, tenant, url, ["task.succeeded"], time.time())
    )
    with worker_here(service, network):
        task = service.submit(tenant, "image", scene, donor)
        service.wait([task.id])
        service.wait_until(lambda: network.posts)
        page = service.wait_until(lambda: _delivered(service, tenant))
    (post,) = network.posts
    event = Webhook(endpoint.secret).verify(post.body, dict(post.headers))
    assert event["type"] == "task.succeeded"
    assert event["data"]["id"] == task.id
    assert page[0].event_id == post.headers["webhook-id"]


def _delivered(service: Lab, tenant: str):
    page = service.database.read(
        lambda tx: tx.hooks.deliveries(tenant, endpoint_id=None, after=None, limit=9)
    )
    return page.items if page.items and page.items[0].status == "delivered" else None


def test_a_receiver_that_fails_is_asked_again_later(service: Lab) -> None:
    tenant = service.tenant()
    url = "https://hooks.example.com/in"
    network = FakeFetcher({url: FakePage(status=503)})
    endpoint = service.database.write(lambda tx: create(tx, tenant, url, [], time.time()))
    delivery = service.database.write(lambda tx: hooks.send_test(tx, endpoint, time.time()))
    with worker_here(service, network):
        service.wait_until(lambda: service.work.ended([f"{delivery.id}-1"]))
    now = service.database.read(lambda tx: tx.hooks.delivery(tenant, delivery.id))
    assert now is not None
    assert (now.status, now.attempts, now.last_status) == ("pending", 1, 503)
    assert service.work.states([f"{delivery.id}-2"]) == {f"{delivery.id}-2": "waiting"}
    assert now.next_attempt_at is not None
    assert 0 < now.next_attempt_at - time.time() < 6


def test_two_tenants_share_a_worker(service: Lab) -> None:
    service.options["slots"] = 1
    greedy, modest = service.tenant("greedy"), service.tenant("modest")
    scenes = {one: service.asset(one, sleep_s=0.05) for one in (greedy, modest)}
    donors = {one: service.asset(one) for one in (greedy, modest)}
    many = [service.submit(greedy, "image", scenes[greedy], donors[greedy]) for _ in range(30)]
    few = [service.submit(modest, "image", scenes[modest], donors[modest]) for _ in range(3)]
    with worker_here(service):
        service.wait([task.id for task in few])
        left = [task for task in many if not service.task(task.id).final]
        service.wait([task.id for task in many])
    # By lot, not by age: three tasks behind thirty would have been last.
    assert len(left) > 5


def test_a_lost_task_is_ended_by_the_sweep(service: Lab) -> None:
    from personae.app.reconcile import Reconciler

    tenant = service.tenant(credits=5)
    donor, scene = service.asset(tenant), service.asset(tenant)
    task = service.submit(tenant, "image", scene, donor)
    service.work.cancel([task.id])  # The workflow is gone, the row does not know.
    later = Reconciler(service.database, service.blobs, service.work, lambda: time.time() + 60)
    assert later.fail_lost_tasks() == 1
    done = service.task(task.id)
    assert done.status == "failed"
    assert _balance(service, tenant).available == 5
    assert later.fail_lost_tasks() == 0


def test_lost_tasks_behind_a_backlog_are_found(service: Lab) -> None:
    from personae.app.reconcile import Reconciler

    tenant = service.tenant()
    donor, scene = service.asset(tenant), service.asset(tenant)
    tasks = [service.submit(tenant, "image", scene, donor) for _ in range(9)]
    service.work.cancel([tasks[-1].id])
    parts = service.database, service.blobs, service.work
    later = Reconciler(*parts, lambda: time.time() + 60, batch=2)
    assert later.fail_lost_tasks() == 1
    assert service.task(tasks[-1].id).status == "failed"


def test_the_sweep_removes_old_tasks_when_their_files_are_gone(service: Lab) -> None:
    from personae.app.reconcile import RETENTION_S, Reconciler

    tenant = service.tenant(credits=9)
    donor, scene = service.asset(tenant), service.asset(tenant)
    with worker_here(service):
        service.wait([service.submit(tenant, "image", scene, donor).id])

    def sweep(after_s: float) -> dict[str, int]:
        parts = service.database, service.blobs, service.work
        return Reconciler(*parts, lambda: time.time() + after_s).sweep()

    assert sweep(RETENTION_S - 99)["purge_tasks"] == 0
    assert sweep(RETENTION_S + 99)["purge_tasks"] == 1
    with service.database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM tasks").scalar_one() == 0
    assert (_balance(service, tenant).spent, service.audit()) == (1, [])


def test_the_sweep_leaves_waiting_tasks_alone(service: Lab) -> None:
    from personae.app.reconcile import Reconciler

    tenant = service.tenant()
    task = service.submit(tenant, "image", service.asset(tenant), service.asset(tenant))
    later = Reconciler(service.database, service.blobs, service.work, lambda: time.time() + 3600)
    assert later.fail_lost_tasks() == 0
    assert service.task(task.id).status == "queued"


def test_the_sweep_deletes_what_has_expired_and_what_nobody_owns(service: Lab) -> None:
    from personae.app.reconcile import Reconciler

    tenant = service.tenant()
    donor, scene = service.asset(tenant), service.asset(tenant)
    with worker_here(service):
        task = service.submit(tenant, "image", scene, donor)
        (done,) = service.wait([task.id])
    service.blobs.put_bytes("outputs/orphan.png", b"x", "image/png")
    service.blobs.put_bytes(f"work/{task.id}/left", b"x", "image/png")
    year = 365 * 86400.0
    later = Reconciler(service.database, service.blobs, service.work, lambda: time.time() + year)
    swept = later.sweep()
    assert swept["expire_assets"] == 1
    assert swept["expire_tasks"] == 1
    assert swept["delete_orphans"] == 1
    assert swept["delete_working_files"] == 1
    # The uploads of this lab have no expiry; nothing else is left.
    assert len(service.blobs.list_keys("", time.time() + 9)) == 2
    assert service.database.read(lambda tx: tx.tasks.get(None, done.id)) is None


def test_a_piece_that_killed_its_workers_too_often_ends_the_task(service: Lab) -> None:
    tenant = service.tenant(credits=9)
    donor = service.asset(tenant)
    clip = service.asset(tenant, "video/mp4", duration_s=3.0, sleep_s=5.0)
    with worker_here(service) as media:
        task = service.submit(tenant, "video", clip, donor)
        service.wait_until(lambda: media.jobs)
        # What DBOS makes of a workflow that was begun too often is, for the parent, the same.
        service.work.cancel([f"{task.id}-plan"])
        (done,) = service.wait([task.id], 20)
    assert done.status == "failed"
    assert done.error is not None
    assert done.error.code == "task_failed"
    assert _balance(service, tenant).available == 9
    assert service.audit() == []
