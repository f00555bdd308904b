"""POST /detections, GET /detections, GET|DELETE /detections/{id}, POST /detections/{id}/cancel"""

from __future__ import annotations

from typing import Any

import pytest

from wire.checks import UNKNOWN, problem, strangers_stay_out, submitted
from wire.service import CLIP, Service


def body(service: Service) -> dict[str, Any]:
    return {"media": "image", "scene": {"asset_id": service.asset().id}}


def detected(service: Service, name: str = "ours") -> str:
    scene = {"asset_id": service.asset(name=name).id}
    wanted = {"media": "image", "scene": scene}
    answer = service.call("POST", "/detections", wanted, as_=name)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def test_strangers_stay_out(service: Service) -> None:
    strangers_stay_out(service, "POST", "/detections", "swaps:write", body(service))
    task_id = detected(service)
    strangers_stay_out(service, "GET", f"/detections/{task_id}", "swaps:read")
    strangers_stay_out(service, "POST", f"/detections/{task_id}/cancel", "swaps:write")
    strangers_stay_out(service, "GET", "/detections", "swaps:read")
    strangers_stay_out(service, "DELETE", f"/detections/{task_id}", "swaps:write")


def test_a_detection_is_queued_for_nothing(service: Service) -> None:
    answer = service.call("POST", "/detections", body(service))
    told = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"].endswith(f"/native/v1/detections/{told['id']}")
    assert (told["kind"], told["status"], told["faces"]) == ("detect_image", "queued", None)
    assert [task.id for task in service.queued.tasks] == [told["id"]]
    assert service.call("GET", "/account").json()["balance"]["available"] == 100


def test_a_video_is_a_video(service: Service) -> None:
    wanted = {"media": "video", "scene": {"asset_id": service.asset(CLIP).id}}
    assert service.call("POST", "/detections", wanted).json()["kind"] == "detect_video"


def test_faces_are_told_without_what_tells_people_apart(service: Service) -> None:
    task_id = detected(service)
    crop = service.found(task_id)
    answer = service.call("GET", f"/detections/{task_id}")
    assert "embedding" not in answer.text
    faces = answer.json()["faces"]
    assert [one["face_id"] for one in faces] == [0, 1]
    assert faces[0]["box_xyxy"] == [10.0, 20.0, 110.0, 140.0]
    assert len(faces[0]["points"]) == 5
    assert faces[0]["pose"] == {"yaw": 1.0, "pitch": 2.0, "roll": 3.0}
    assert faces[0]["landmarks"] is None
    assert faces[0]["crop"]["asset_id"] == crop.id
    assert service.client.get(faces[0]["crop"]["url"]).content == b"bytes of a crop"


def test_landmarks_come_when_asked_for(service: Service) -> None:
    task_id = detected(service)
    service.found(task_id)
    told = service.call("GET", f"/detections/{task_id}", params={"landmarks": "true"}).json()
    assert len(told["faces"][0]["landmarks"]) == 478
    assert told["faces"][0]["landmarks"][0] == [0.5, 0.25, -0.125]


def test_what_is_not_ours_is_not_there(service: Service) -> None:
    swap = submitted(service)
    for name in (detected(service, "theirs"), swap, f"task_{UNKNOWN}", "x"):
        problem(service.call("GET", f"/detections/{name}"), 404, "not_found")
        problem(service.call("POST", f"/detections/{name}/cancel"), 404, "not_found")
        problem(service.call("DELETE", f"/detections/{name}"), 404, "not_found")
    assert service.task(swap).status == "queued"


def test_a_repeated_key_is_done_once(service: Service) -> None:
    wanted, key = body(service), {"Idempotency-Key": "k"}
    first = service.call("POST", "/detections", wanted, headers=key)
    again = service.call("POST", "/detections", wanted, headers=key)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    other = service.call("POST", "/detections", body(service), headers=key)
    problem(other, 409, "conflict")


def test_one_can_be_canceled(service: Service) -> None:
    task_id = detected(service)
    assert service.call("POST", f"/detections/{task_id}/cancel").json()["status"] == "canceled"
    problem(service.call("POST", f"/detections/{task_id}/cancel"), 409, "conflict")


def test_they_are_listed_newest_first(service: Service) -> None:
    made = [detected(service) for _ in range(3)]
    detected(service, "theirs")
    submitted(service)
    crop = service.found(made[2])
    answer = service.call("GET", "/detections", params={"limit": 2})
    page = answer.json()
    assert [one["id"] for one in page["items"]] == [made[2], made[1]]
    assert page["items"][0]["faces"][0]["crop"]["asset_id"] == crop.id
    assert "embedding" not in answer.text
    rest = service.call("GET", "/detections", params={"cursor": page["next_cursor"]}).json()
    assert [one["id"] for one in rest["items"]] == [made[0]]
    assert rest["next_cursor"] is None


def test_nothing_is_left_of_a_deleted_one(service: Service) -> None:
    task_id = detected(service)
    crop = service.found(task_id)
    assert service.call("DELETE", f"/detections/{task_id}").status_code == 204
    problem(service.call("GET", f"/detections/{task_id}"), 404, "not_found")
    problem(service.call("GET", f"/assets/{crop.id}"), 404, "not_found")
    assert service.blobs.size(crop.blob_key) is None
    with service.database.engine.connect() as connection:
        statement = "SELECT result FROM tasks WHERE id = ?"
        assert connection.exec_driver_sql(statement, (task_id,)).scalar_one() is None
    assert service.call("GET", "/detections").json()["items"] == []
    problem(service.call("DELETE", f"/detections/{task_id}"), 404, "not_found")


def test_one_that_is_under_way_is_canceled_and_deleted(service: Service) -> None:
    task_id, now = detected(service), service.clock()
    service.database.write(lambda tx: tx.tasks.start(task_id, now))
    assert service.call("DELETE", f"/detections/{task_id}").status_code == 204
    assert service.canceled == [task_id]
    done = service.database.write(
        lambda tx: tx.tasks.finish(task_id, "succeeded", result={"faces": []}, at=now)
    )
    assert not done, "a worker still could finish it"


@pytest.mark.parametrize(
    "change", [{"media": "sound"}, {"scene": None}, {"more": 1}, {"scene": {"url": "no"}}]
)
def test_what_breaks_the_schema_is_refused(service: Service, change: dict[str, Any]) -> None:
    answer = service.call("POST", "/detections", {**body(service), **change})
    assert problem(answer, 422, "invalid_request")["errors"]


def test_urls_that_lead_inside_are_refused(service: Service) -> None:
    wanted = {"media": "image", "scene": {"url": "http://192.168.1.1/a.png"}}
    problem(service.call("POST", "/detections", wanted), 422, "address_refused")


def test_the_kind_of_media_has_to_fit(service: Service) -> None:
    wanted = {"media": "image", "scene": {"asset_id": service.asset(CLIP).id}}
    problem(service.call("POST", "/detections", wanted), 422, "invalid_request")
