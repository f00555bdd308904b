"""What cases of crun's API may want to be there."""

from __future__ import annotations

from typing import Any

from personae.app.links import Links
from personae.domain.media import Asset
from personae.domain.tasks import TaskError
from wire.cases import Given
from wire.service import BASE, CLIP, SECRET, Service

API = "/crun/api/v1/client"
HOOK = "https://your-domain.com/api/callback"
NOBODY = TaskError("face_not_found", "No face was found in the donor.", False, "caller", "donor")


def call(service: Service, method: str, path: str, body: Any = None, **more: Any) -> Any:
    """A request of a tenant's, as crun's client sends it; the whole answer."""
    headers = {"x-api-key": service.key(more.pop("as_", "ours")), **more.pop("headers", {})}
    return service.client.request(method, f"{API}{path}", json=body, headers=headers, **more)


def told(service: Service, method: str, path: str, body: Any = None, **more: Any) -> Any:
    """The data of a call that works."""
    answer = call(service, method, path, body, **more)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["code"], answer.json()["message"]) == (200, "success")
    return answer.json()["data"]


def refused(answer: Any, code: int) -> str:
    """The message of an error, which must be written as crun does."""
    assert answer.status_code == code, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) in ({"code", "message", "data"}, {"code", "message", "data", "errors"})
    assert body["code"] == code
    assert body["data"] is None
    assert body["message"]
    assert isinstance(body["message"], str)
    assert all(isinstance(one, str) for one in body.get("errors", ()))
    return body["message"]


def link(service: Service, asset: Asset) -> str:
    """A link to a stored file, as the service gives it out."""
    return Links(BASE, SECRET, service.clock).url(asset.id, asset.filename or "file", 3600)


def row_of(service: Service, dialect_id: str) -> Any:
    """The task of that name."""
    tenant_id = service.tenant()
    found = service.database.read(lambda tx: tx.tasks.by_dialect_id(tenant_id, "crun", dialect_id))
    assert found is not None
    return found


def find(service: Service, dialect_id: str) -> list[Asset]:
    """Do what a worker does at the end of a search that finds two people; their crops."""
    task = row_of(service, dialect_id)
    crops = [service.asset(data=f"crop {n}".encode(), role="crop", task_id=task.id) for n in (0, 1)]
    faces = [{"face_id": n, "crop_asset_id": one.id} for n, one in enumerate(crops)]
    now = service.clock()

    def work(tx: Any) -> None:
        tx.tasks.start(task.id, now)
        tx.tasks.finish(task.id, "succeeded", result={"faces": faces}, at=now)

    service.database.write(work)
    return crops


def swap_input(service: Service) -> dict[str, Any]:
    """A swap of two stored pictures."""
    scene, donor = service.asset(), service.asset(data=b"bytes of a donor")
    return {"image_url": link(service, scene), "new_face": link(service, donor)}


def created(service: Service, callback_url: str | None = None) -> str:
    """The name of a task that waits for a worker."""
    body = {"model": "image-face-swap", "input": swap_input(service), "callback_url": callback_url}
    return told(service, "POST", "/job/CreateTask", body)["task_id"]


def key(service: Service) -> dict[str, str]:
    return {"key": service.key()}


def scene(service: Service) -> dict[str, str]:
    asset = service.asset()
    return {"scene": asset.id, "scene_url": link(service, asset)}


def clip(service: Service) -> dict[str, str]:
    asset = service.asset(CLIP, b"bytes of a clip", filename="clip.mp4")
    return {"clip": asset.id, "clip_url": link(service, asset)}


def donor(service: Service) -> dict[str, str]:
    asset = service.asset(data=b"bytes of a donor")
    return {"donor": asset.id, "donor_url": link(service, asset)}


def _detection(service: Service, kind: str, url: str, *, done: bool = True) -> dict[str, str]:
    body = {f"{kind}_url": url}
    path = f"/job/detect-face-{'video' if kind == 'video' else 'image'}"
    name = told(service, "POST", path, body)["detect_task_id"]
    names = {"detect_task_id": name, "detection": row_of(service, name).id}
    if done:
        crops = find(service, name)
        names |= {f"crop{n}_url": link(service, one) for n, one in enumerate(crops)}
        query = {"detect_task_id": name}
        result = told(service, "GET", "/job/detect-face-result", params=query)["result"]
        names["detect_id"] = result["id"]
    return names


def detection(service: Service) -> dict[str, str]:
    names = scene(service)
    return {**names, **_detection(service, "image", names["scene_url"])}


def video_detection(service: Service) -> dict[str, str]:
    names = clip(service)
    return {**names, **_detection(service, "video", names["clip_url"])}


def fresh_detection(service: Service) -> dict[str, str]:
    names = scene(service)
    return {**names, **_detection(service, "image", names["scene_url"], done=False)}


def failed_detection(service: Service) -> dict[str, str]:
    names = fresh_detection(service)
    why = TaskError("media_unreadable", "scene.png does not decode.", False, "caller")
    service.fail(names["detection"], why)
    return names


def pending_task(service: Service) -> dict[str, str]:
    return {"task_id": created(service)}


def running_task(service: Service) -> dict[str, str]:
    names = pending_task(service)
    row, now = row_of(service, names["task_id"]), service.clock()
    service.database.write(lambda tx: tx.tasks.start(row.id, now))
    return names


def done_task(service: Service) -> dict[str, str]:
    names = pending_task(service)
    service.succeed(row_of(service, names["task_id"]).id)
    return names


def failed_task(service: Service) -> dict[str, str]:
    names = pending_task(service)
    service.fail(row_of(service, names["task_id"]).id, NOBODY)
    return names


GIVEN: Given = {
    one.__name__: one
    for one in (
        key,
        scene,
        clip,
        donor,
        detection,
        video_detection,
        fresh_detection,
        failed_detection,
        pending_task,
        running_task,
        done_task,
        failed_task,
    )
}
