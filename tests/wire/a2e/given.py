"""What cases of A2E's calls may want to be there."""

from __future__ import annotations

from typing import Any

from personae.adapters.fetch.fake import FakePage
from personae.adapters.media_host.fake import fake_media
from personae.domain.tasks import TaskError
from wire.cases import Given
from wire.service import CLIP, Service

FACE_URL = "https://media.example.com/faces/ab2fca41-90e5-41a6-aa66-08a960b035e4.jpg"
VIDEO_URL = "https://media.example.com/clips/1717400057881.mp4"
BODY = {"name": "xxxx", "face_url": FACE_URL, "video_url": VIDEO_URL}


def api(service: Service, method: str, path: str, body: Any = None, **more: Any) -> Any:
    """A call of a client that has our key."""
    headers = {**service.headers(more.pop("as_", "ours")), **more.pop("headers", {})}
    url = f"/a2e/api/v1/{path}"
    return service.client.request(method, url, json=body, headers=headers, **more)


def data(answer: Any) -> Any:
    """What an answer brings, once it went well."""
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["code"] == 0, told
    return told["data"]


def link(service: Service, filename: str, **asset: Any) -> str:
    """A link of ours to a stored file."""
    made = service.asset(filename=filename, **asset)
    return service.app.state.gate.services.links.url(made.id, filename, 3600)


def video(service: Service) -> dict[str, str]:
    return {"video": link(service, "1717400057881.mp4", facts=CLIP, data=b"bytes of a clip")}


def picture(service: Service) -> dict[str, str]:
    return {"picture": link(service, "scene.png", data=b"bytes of a scene")}


def face(service: Service) -> dict[str, str]:
    return {"face": link(service, "ab2fca41.jpg", data=b"bytes of a donor")}


def face_elsewhere(service: Service) -> dict[str, str]:
    service.fetcher.pages[FACE_URL] = FakePage(fake_media(width=640, height=480))
    return {"face_url": FACE_URL}


def queued_task(service: Service) -> dict[str, str]:
    row = data(api(service, "POST", "userFaceSwapTask/add", BODY))
    return {"id": row["_id"], "task": service.queued.tasks[-1].id}


def running_task(service: Service) -> dict[str, str]:
    names = queued_task(service)
    service.database.write(lambda tx: tx.tasks.start(names["task"], service.clock()))
    return names


def done_task(service: Service) -> dict[str, str]:
    names = queued_task(service)
    made = service.succeed(names["task"], {"duration_s": 5.8})
    return {**names, "output": made.id}


def failed_task(service: Service) -> dict[str, str]:
    names = queued_task(service)
    why = TaskError("face_not_found", "No face was found in the donor.", False, "caller", "donor")
    service.fail(names["task"], why)
    return names


def older_task(service: Service) -> dict[str, str]:
    names = queued_task(service)
    return {"older": names["id"], "older_task": names["task"]}


def queued_preview(service: Service) -> dict[str, str]:
    body = {"face_url": FACE_URL, "video_url": VIDEO_URL}
    row = data(api(service, "POST", "userFaceSwapPreview/add", body))
    return {"id": row["_id"], "task": service.queued.tasks[-1].id}


def done_preview(service: Service) -> dict[str, str]:
    names = queued_preview(service)
    return {**names, "output": service.succeed(names["task"]).id}


def saved_face(service: Service) -> dict[str, str]:
    face_elsewhere(service)
    [row] = data(api(service, "POST", "userFaceSwapImage/add", {"face_url": FACE_URL}))
    return {"saved": row["_id"]}


def second_face(service: Service) -> dict[str, str]:
    url = link(service, "second.jpg", data=fake_media(width=320, height=240))
    [row, *_] = data(api(service, "POST", "userFaceSwapImage/add", {"face_url": url}))
    return {"second": row["_id"], "second_url": url}


GIVEN: Given = {
    one.__name__: one
    for one in (
        video,
        picture,
        face,
        face_elsewhere,
        queued_task,
        running_task,
        done_task,
        failed_task,
        older_task,
        queued_preview,
        done_preview,
        saved_face,
        second_face,
    )
}
