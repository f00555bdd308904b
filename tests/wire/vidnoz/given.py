"""What cases of the Vidnoz dialect may want to be there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from personae.adapters.media_host.fake import fake_media
from personae.app import accounts
from personae.domain.media import Asset, MediaFacts
from personae.domain.tasks import TaskError
from personae.wire.dialects import Dialect
from personae.wire.vidnoz.dialect import Vidnoz
from personae.wire.vidnoz.settings import VidnozSettings
from personae.wire.vidnoz.views import stored_key
from wire.cases import Given
from wire.service import CLIP, PICTURE, Service

BASE = "http://testserver"
STILL = MediaFacts("picture", "image/png", 1080, 540, frames=1)
COVER = MediaFacts("picture", "image/png", 640, 480, frames=1)


def dialect(**settings: Any) -> tuple[Dialect, ...]:
    """The dialect with an operator's settings, for `opened`."""
    return (Vidnoz(VidnozSettings(**settings)),)


def ask(service: Service, method: str, path: str, body: Any = None, **more: Any) -> Any:
    """One call of the tenant's; the answer."""
    headers = {**service.headers(more.pop("as_", "ours")), **more.pop("headers", {})}
    if body is not None:
        more["json"] = body
    return service.client.request(method, f"/vidnoz/v1/{path}", headers=headers, **more)


def data(service: Service, method: str, path: str, body: Any = None, **more: Any) -> Any:
    """What a call that works is answered with."""
    answer = ask(service, method, path, body, **more)
    told = answer.json()
    assert answer.status_code == 200, answer.text
    assert told["code"] == 200, answer.text
    return told["data"]


def key(service: Service, facts: MediaFacts = PICTURE, **more: Any) -> str:
    """The key of a stored file of a tenant's."""
    return stored_key(service.asset(facts, **more))


def uploaded(service: Service, name: str = "demo.jpg", **media: Any) -> str:
    """The key of a file that was uploaded as clients do it."""
    made = data(service, "POST", "source/upload-url", {"file_name": name})
    path = made["upload_url"].removeprefix(BASE)
    content = fake_media(**{"width": 640, "height": 480, **media})
    kind = {"Content-Type": "application/octet-stream"}
    assert service.client.request("PUT", path, content=content, headers=kind).status_code == 200
    return made["key"]


def task_of(service: Service, number: Any) -> str:
    """Our name of a task of the dialect's."""
    tenant_id = service.tenant()
    found = service.database.read(
        lambda tx: tx.tasks.by_dialect_id(tenant_id, "vidnoz", str(number))
    )
    assert found is not None
    return found.id


def stored(service: Service, task_id: str, role: Any, facts: MediaFacts, text: bytes) -> Asset:
    """A file that a task made."""
    return service.asset(facts, text, role=role, task_id=task_id, filename=f"{role}.png")


def swapped(service: Service, facts: MediaFacts, number: Any) -> dict[str, str]:
    """Do what a worker does at the end of a swap; names of what it made."""
    task_id = task_of(service, number)
    output = stored(service, task_id, "output", facts, b"bytes of the output")
    cover = stored(service, task_id, "cover", COVER, b"bytes of the cover")
    thumbnail = stored(service, task_id, "thumbnail", STILL, b"bytes of the thumbnail")
    stills = {"cover": cover.id, "thumbnail": thumbnail.id}
    # Its own asset comes first; the client sees this one.
    service.succeed(task_id, {"assets": [output.id], "duration_s": facts.duration_s, **stills})
    files = {"output": output, "cover": cover, "thumbnail": thumbnail}
    names = {name: one.id for name, one in files.items()}
    return {**names, **{f"{name}_key": stored_key(one) for name, one in files.items()}}


def submitted(service: Service, path: str, main: str, **more: Any) -> int:
    """The number of a single swap that waits for a worker."""
    body = {"main_key": main, "target_key": key(service, data=b"bytes of a donor"), **more}
    return data(service, "POST", f"task/{path}", body)["task_id"]


def detected(service: Service, facts: MediaFacts = PICTURE) -> dict[str, Any]:
    """A finished get-face of a picture or a clip with two people: its number and both crops."""
    scene = service.asset(facts, b"bytes of a group")
    number = data(service, "POST", "task/get-face", {"main_key": stored_key(scene)})["task_id"]
    task_id = task_of(service, number)
    second = service.asset(data=b"bytes of another crop", role="crop", task_id=task_id)
    crops = [service.found(task_id, second), second]
    keys = [stored_key(one) for one in crops]
    return {
        "number": number,
        "detection": task_id,
        "scene": scene.id,
        "crops": [one.id for one in crops],
        "keys": keys,
    }


# --- Names for case files


def main(service: Service) -> dict[str, str]:
    asset = service.asset()
    return {"main": asset.id, "main_key": stored_key(asset)}


def clip(service: Service) -> dict[str, str]:
    asset = service.asset(CLIP, b"bytes of a clip", filename="clip.mp4")
    return {"clip": asset.id, "clip_key": stored_key(asset)}


def target(service: Service) -> dict[str, str]:
    asset = service.asset(data=b"bytes of a donor")
    return {"target": asset.id, "target_key": stored_key(asset)}


def upload(service: Service) -> dict[str, str]:
    return {"upload_key": uploaded(service)}


def client(service: Service) -> dict[str, str]:
    tenant_id, now = service.tenant(), service.clock()
    made = service.database.write(
        lambda tx: accounts.issue_key(tx, tenant_id, name="vidnoz", now=now)
    )
    return {"client_id": made.stored.client_id, "client_secret": made.client_secret}


def waiting(service: Service) -> dict[str, str]:
    return {"number": str(submitted(service, "face-swap", key(service)))}


def failed(service: Service) -> dict[str, str]:
    names = waiting(service)
    why = TaskError("face_not_found", "No face was found in the donor.", False, "caller", "donor")
    service.fail(task_of(service, names["number"]), why)
    return names


def done_picture(service: Service) -> dict[str, str]:
    names = waiting(service)
    return {**names, **swapped(service, PICTURE, names["number"])}


def done_video(service: Service) -> dict[str, str]:
    number = submitted(service, "video-face-swap", key(service, CLIP))
    return {"number": str(number), **swapped(service, CLIP, number)}


def done_faces(service: Service, facts: MediaFacts = PICTURE) -> dict[str, str]:
    found = detected(service, facts)
    names = {name: str(found[name]) for name in ("number", "detection", "scene")}
    for at, (crop, crop_key) in enumerate(zip(found["crops"], found["keys"], strict=True)):
        names |= {f"crop_{at}": crop, f"crop_key_{at}": crop_key}
    return names


def done_faces_of_a_clip(service: Service) -> dict[str, str]:
    return done_faces(service, replace(CLIP))


GIVEN: Given = {
    one.__name__: one
    for one in (
        main,
        clip,
        target,
        upload,
        client,
        waiting,
        failed,
        done_picture,
        done_video,
        done_faces,
        done_faces_of_a_clip,
    )
}
