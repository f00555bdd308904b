"""What cases of the native API may want to be there."""

from __future__ import annotations

from personae.adapters.fetch.fake import FakePage
from personae.adapters.media_host.fake import fake_media
from personae.domain.ids import new_id
from personae.domain.media import MediaFacts
from personae.domain.tasks import TaskError
from personae.domain.workload import Executor, Job, QueueLoad, Share, Workload
from wire.cases import Given
from wire.checks import submitted
from wire.service import CLIP, PICTURE, START_S, Service

FILE_URL = "https://media.example.com/scenes/one.png"


def scene(service: Service) -> dict[str, str]:
    return {"scene": service.asset().id}


def clip(service: Service) -> dict[str, str]:
    return {"clip": service.asset(CLIP, b"bytes of a clip", filename="clip.mp4").id}


def donor(service: Service) -> dict[str, str]:
    return {"donor": service.asset(data=b"bytes of a donor").id}


def queued_swap(service: Service) -> dict[str, str]:
    return {"swap": submitted(service, label="Take 3")}


def done_swap(service: Service) -> dict[str, str]:
    task_id = submitted(service, label="Take 3")
    return {"swap": task_id, "output": service.succeed(task_id).id}


def done_swap_with_stills(service: Service) -> dict[str, str]:
    scene, photo = service.asset(CLIP, b"bytes of a clip").id, service.asset().id
    body = {
        "media": "video",
        "scene": {"asset_id": scene},
        "mappings": [{"donor": {"photos": [{"asset_id": photo}]}}],
        "output": {"stills": True},
    }
    task_id = service.call("POST", "/swaps", body).json()["id"]
    thumbnail = MediaFacts("picture", "image/png", 1080, 540, frames=1)
    made = {"cover": PICTURE, "thumbnail": thumbnail}
    names = {
        role: service.asset(facts, f"bytes of a {role}".encode(), role=role, task_id=task_id).id
        for role, facts in made.items()
    }
    output = service.succeed(task_id, {"frames": 105, "duration_s": 4.2, **names}).id
    return {"swap": task_id, "output": output, **names}


def done_swap_with_sidecar(service: Service) -> dict[str, str]:
    task_id = submitted(service, label="Take 3")
    facts = MediaFacts("manifest", "application/c2pa")
    sidecar = service.asset(facts, b"a manifest", role="manifest", task_id=task_id).id
    told = {"manifest": "sidecar", "signed_by": "operator", "manifest_asset": sidecar}
    return {"swap": task_id, "output": service.succeed(task_id, told).id}


def failed_swap(service: Service) -> dict[str, str]:
    task_id = submitted(service, label="Take 3")
    why = TaskError("face_not_found", "No face was found in the donor.", False, "caller", "donor")
    service.fail(task_id, why)
    return {"swap": task_id}


def queued_detection(service: Service) -> dict[str, str]:
    detected = service.asset().id
    body = {"media": "image", "scene": {"asset_id": detected}}
    task_id = service.call("POST", "/detections", body).json()["id"]
    return {"detected": detected, "detection": task_id}


def done_detection(service: Service) -> dict[str, str]:
    names = queued_detection(service)
    return {**names, "crop": service.found(names["detection"]).id}


def face(service: Service) -> dict[str, str]:
    photo = service.asset().id
    body = {"name": "Ada", "asset_ids": [photo]}
    return {"photo": photo, "face": service.call("POST", "/faces", body).json()["id"]}


def key(service: Service) -> dict[str, str]:
    body = {"name": "Website", "scopes": ["swaps:read"]}
    return {"key": service.call("POST", "/keys", body).json()["id"]}


def endpoint(service: Service) -> dict[str, str]:
    body = {"url": "https://hooks.example.com/personae", "events": ["task.succeeded"]}
    return {"endpoint": service.call("POST", "/webhooks/endpoints", body).json()["id"]}


def delivery(service: Service) -> dict[str, str]:
    names = endpoint(service)
    told = service.call("POST", f"/webhooks/endpoints/{names['endpoint']}/test").json()
    return {**names, "delivery": told["id"], "event": told["event_id"]}


def file_elsewhere(service: Service) -> dict[str, str]:
    service.fetcher.pages[FILE_URL] = FakePage(fake_media(width=640, height=480))
    return {"url": FILE_URL}


def reserved_upload(service: Service) -> dict[str, str]:
    data = fake_media(width=640, height=480)
    body = {"content_type": "image/png", "size_bytes": len(data), "filename": "scene.png"}
    told = service.call("POST", "/assets/uploads", body).json()
    return {"asset": told["asset"]["id"], "put": told["url"].removeprefix("http://testserver")}


def finished_upload(service: Service) -> dict[str, str]:
    names = reserved_upload(service)
    service.client.request(
        "PUT",
        names["put"],
        content=fake_media(width=640, height=480),
        headers={"Content-Type": "image/png"},
    )
    return names


def download_link(service: Service) -> dict[str, str]:
    asset = service.asset()
    url = service.call("GET", f"/assets/{asset.id}/url").json()["url"]
    return {"get": url.removeprefix("http://testserver")}


def takedown(service: Service) -> dict[str, str]:
    names = done_swap(service)
    body = {"subject": names["swap"], "reason": "She asked for it."}
    return {**names, "takedown": service.call("POST", "/takedowns", body).json()["id"]}


def blocked_file(service: Service) -> dict[str, str]:
    names = done_swap(service)
    body = {"subject": names["output"], "reason": "She asked for it."}
    told = service.operate("POST", "/admin/takedowns", body).json()
    return {**names, "takedown": told["id"], "sha256": told["blocked"][0]}


def portrait(service: Service) -> dict[str, str]:
    return {"portrait": service.asset(data=fake_media(person="ada")).id}


def protected_person(service: Service) -> dict[str, str]:
    asset_ids = [portrait(service)["portrait"]]
    body = {"name": "Ada", "reason": "She asked.", "origin": "opt-out", "asset_ids": asset_ids}
    told = service.call("POST", "/register/people", body).json()
    return {"person": told["id"], "tenant": service.tenant()}


def standing_consent(service: Service) -> dict[str, str]:
    said = {
        "statement": "Everybody we show has signed release form v3.",
        "asserted_by": "Legal department",
    }
    assert service.call("PUT", "/account/consent", said).status_code == 200
    return {}


def swap_with_consent(service: Service) -> dict[str, str]:
    said = {
        "statement": "The people shown have agreed.",
        "asserted_by": "user 8f2c",
        "subjects": ["actor 12"],
        "evidence": "release 17",
    }
    return {"swap": submitted(service, consent=said)}


def customer(service: Service) -> dict[str, str]:
    return {"tenant": service.tenant("theirs", credits=7)}


def customer_with_a_key(service: Service) -> dict[str, str]:
    names = customer(service)
    told = service.operate("POST", f"/admin/tenants/{names['tenant']}/keys", {"name": "First"})
    return {**names, "key": told.json()["id"]}


def work_under_way(service: Service) -> dict[str, str]:
    names = queued_swap(service)
    tenant = service.tenant()
    share = Share(tenant, 3, 1)
    images = QueueLoad("images", 3, 0, 1, 2.5004, 140, 2, (share,))
    idle = QueueLoad("webhooks", 0, 4, 0, None, 0, 0, ())
    service.seen.load = Workload(300.0, (images, idle))
    job = Job(names["swap"], "images", tenant, START_S)
    facts = {"version": "1.0.0", "slots": 2, "engines": ["mesh"]}
    service.seen.crew = [
        Executor(new_id("worker"), "alive", "host-1", 17, START_S - 60, 0.5004, facts, (job,), 1),
        Executor(new_id("worker"), "silent", None, None, None, None, {}, (), 0),
    ]
    return {**names, "tenant": tenant}


GIVEN: Given = {
    one.__name__: one
    for one in (
        scene,
        clip,
        donor,
        queued_swap,
        done_swap,
        done_swap_with_stills,
        done_swap_with_sidecar,
        failed_swap,
        queued_detection,
        done_detection,
        face,
        key,
        endpoint,
        delivery,
        file_elsewhere,
        reserved_upload,
        finished_upload,
        download_link,
        takedown,
        blocked_file,
        portrait,
        protected_person,
        standing_consent,
        swap_with_consent,
        customer,
        customer_with_a_key,
        work_under_way,
    )
}
