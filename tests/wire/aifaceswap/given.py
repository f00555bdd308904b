"""What cases of aifaceswap's API may want to be there."""

from __future__ import annotations

import base64
import threading
import time
from typing import Any

from personae.adapters.media_host.fake import fake_media
from personae.app import closing
from personae.app.links import Links
from personae.domain.media import Asset
from personae.domain.tasks import Task, TaskError
from wire.cases import Given
from wire.service import BASE, CLIP, SECRET, Service

API = "/aifaceswap/api/aifaceswap/v1"
HOOK = "https://hooks.example.com/api/aifaceswap/v1/task_callback"
PICTURE = "https://media.example.com/group.png"
FACE = "https://media.example.com/face.png"
VIDEO = "https://media.example.com/scene.mp4"
NOBODY = TaskError("face_not_found", "No face was found in the donor.", False, "caller", "donor")
BOXES = [[10, 20, 110, 140], [200, 0, 321, 96]]
"""What `finds` finds, in whole pixels."""
_FACES: list[dict[str, Any]] = [
    {"face_id": 1, "box_xyxy": [200.4, -7.0, 320.6, 95.2], "crop_box_xyxy": [190, 0, 340, 110]},
    {"face_id": 0, "box_xyxy": [10.0, 20.0, 110.0, 140.0], "crop_box_xyxy": [0, 8, 120, 152]},
]


def call(service: Service, method: str, path: str, body: Any = None, **more: Any) -> Any:
    """A request of a tenant's; the whole answer."""
    headers = {**service.headers(more.pop("as_", "ours")), **more.pop("headers", {})}
    if body is not None:
        more["json"] = body
    return service.client.request(method, f"{API}{path}", headers=headers, **more)


def told(service: Service, path: str, body: Any = None, **more: Any) -> Any:
    """The data of a POST that works."""
    answer = call(service, "POST", path, body, **more)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["code"], answer.json()["message"]) == (200, "OK")
    return answer.json()["data"]


def refused(answer: Any, code: int, error: str = "") -> str:
    """The message of an error, which must be in the usual envelope."""
    assert answer.status_code == code, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["code", "data", "message", "error", "request_id"]
    assert (body["code"], body["data"]) == (code, {})
    assert body["request_id"] == answer.headers["x-request-id"]
    assert not error or body["error"] == error
    assert body["message"]
    return str(body["message"])


def link(service: Service, asset: Asset) -> str:
    """A link to a stored file, as the service gives it out."""
    return Links(BASE, SECRET, service.clock).url(asset.id, asset.filename or "file", 3600)


def base64_picture(filler: bytes = b"") -> str:
    """A picture as text."""
    return base64.b64encode(fake_media(width=640, height=480, filler=filler)).decode()


def row_of(service: Service, task_id: str) -> Task:
    """The task of that name."""
    tenant_id = service.tenant()
    found = service.database.read(
        lambda tx: tx.tasks.by_dialect_id(tenant_id, "aifaceswap", task_id)
    )
    assert found is not None
    return found


def balance(service: Service, name: str = "ours") -> tuple[int, int]:
    """What a tenant can spend, and what is held."""
    tenant_id = service.tenant(name)
    told = service.database.read(lambda tx: tx.credits.balance(tenant_id))
    return told.available, told.held


def at_work(service: Service, error: TaskError | None = None) -> threading.Thread:
    """A worker that does the next search for faces, or fails at it."""
    queued = len(service.queued.tasks)

    def work() -> None:
        ends = time.monotonic() + 20
        while len(service.queued.tasks) == queued and time.monotonic() < ends:
            time.sleep(0.01)
        task, now = service.queued.tasks[queued], service.clock()
        if error is not None:
            service.database.write(lambda tx: closing.fail(tx, task.id, error, now))
            return
        service.database.write(
            lambda tx: closing.succeed(
                tx,
                task.id,
                result={"faces": _FACES},
                assets=[],
                charge=task.credits_held,
                expires_at=None,
                now=now,
            )
        )

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def finds(service: Service) -> dict[str, str]:
    at_work(service)
    return {}


def scene(service: Service) -> dict[str, str]:
    asset = service.asset()
    return {"scene": asset.id, "scene_url": link(service, asset)}


def clip(service: Service) -> dict[str, str]:
    asset = service.asset(CLIP, b"bytes of a clip", filename="clip.mp4")
    return {"clip": asset.id, "clip_url": link(service, asset)}


def donors(service: Service) -> dict[str, str]:
    one, two = service.asset(data=b"bytes of a donor"), service.asset(data=b"bytes of another")
    return {
        "donor": one.id,
        "donor_url": link(service, one),
        "other": two.id,
        "other_url": link(service, two),
    }


def crop(service: Service) -> dict[str, str]:
    del service
    return {"crop": base64_picture()}


def waiting_swap(service: Service) -> dict[str, str]:
    body = {"source_image": PICTURE, "face_image": FACE}
    return {"task_id": told(service, "/faceswap", body)["task_id"]}


def done_video(service: Service) -> dict[str, str]:
    body = {"source_video": VIDEO, "face_image": FACE, "duration": 5}
    task_id = told(service, "/video_faceswap", body)["task_id"]
    service.succeed(row_of(service, task_id).id)
    return {"task_id": task_id}


def failed_swap(service: Service) -> dict[str, str]:
    names = waiting_swap(service)
    service.fail(row_of(service, names["task_id"]).id, NOBODY)
    return names


GIVEN: Given = {
    one.__name__: one
    for one in (
        finds,
        scene,
        clip,
        donors,
        crop,
        waiting_swap,
        done_video,
        failed_swap,
    )
}
