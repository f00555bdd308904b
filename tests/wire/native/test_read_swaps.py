"""GET /swaps and GET /swaps/{id}"""

from __future__ import annotations

import threading
from typing import Any

from personae.domain.tasks import TaskError, TaskProgress
from wire.checks import UNKNOWN, problem, strangers_stay_out, submitted, swap_body
from wire.native.given import done_swap_with_stills
from wire.service import Service


def test_strangers_stay_out(service: Service) -> None:
    strangers_stay_out(service, "GET", "/swaps", "swaps:read")
    strangers_stay_out(service, "GET", f"/swaps/{submitted(service)}", "swaps:read")


def test_a_finished_swap_tells_its_outputs(service: Service) -> None:
    task_id = submitted(service)
    output = service.succeed(task_id, {"warnings": ["The scene is dark."]})
    told = service.call("GET", f"/swaps/{task_id}").json()
    assert told["status"] == "succeeded"
    assert told["credits"] == {"held": 0, "charged": 1}
    assert told["result"]["warnings"] == ["The scene is dark."]
    [file] = told["result"]["outputs"]
    assert file["asset_id"] == output.id
    fetched = service.client.get(file["url"])
    assert (fetched.status_code, fetched.content) == (200, b"bytes of an output")


def test_stills_can_be_fetched_and_listed_and_go_with_their_swap(service: Service) -> None:
    names = done_swap_with_stills(service)
    told = service.call("GET", f"/swaps/{names['swap']}").json()
    for role in ("cover", "thumbnail"):
        still = told["result"][role]
        assert still["asset_id"] == names[role]
        fetched = service.client.get(still["url"])
        assert (fetched.status_code, fetched.content) == (200, f"bytes of a {role}".encode())
        [listed] = service.call("GET", f"/assets?role={role}").json()["items"]
        assert (listed["id"], listed["role"]) == (names[role], role)
    assert service.call("DELETE", f"/swaps/{names['swap']}").status_code == 204
    for role in ("cover", "thumbnail"):
        problem(service.call("GET", f"/assets/{names[role]}"), 404, "not_found")
        assert service.client.get(told["result"][role]["url"]).status_code == 404


def test_a_failed_swap_tells_why(service: Service) -> None:
    task_id = submitted(service)
    why = TaskError("face_not_found", "No face was found in the donor.", False, "caller", "donor")
    service.fail(task_id, why)
    told = service.call("GET", f"/swaps/{task_id}").json()
    assert (told["status"], told["result"]) == ("failed", None)
    assert told["error"] == {
        "code": "face_not_found",
        "message": "No face was found in the donor.",
        "retryable": False,
        "fault": "caller",
        "role": "donor",
        "reason": None,
    }


def test_progress_is_told(service: Service) -> None:
    task_id, now = submitted(service), service.clock()
    progress = TaskProgress("swapping", 42.5, 17, 40, 12.5, 1.84)
    service.database.write(lambda tx: tx.tasks.start(task_id, now))
    service.database.write(lambda tx: tx.tasks.set_progress(task_id, progress))
    told = service.call("GET", f"/swaps/{task_id}").json()
    assert told["status"] == "running"
    assert told["progress"] == {
        "phase": "swapping",
        "percent": 42.5,
        "frames_done": 17,
        "frames_total": 40,
        "fps": 12.5,
        "remaining_s": 1.84,
    }


def test_what_is_not_ours_is_not_there(service: Service) -> None:
    theirs = submitted(service, "theirs")
    detection = service.call(
        "POST", "/detections", {"media": "image", "scene": swap_body(service)["scene"]}
    ).json()["id"]
    details = {
        problem(service.call("GET", f"/swaps/{name}"), 404, "not_found")["title"]
        for name in (theirs, detection, f"task_{UNKNOWN}", "task_x", "%00", "a" * 3000)
    }
    assert len(details) == 1


def test_waiting_answers_when_it_has_ended(service: Service) -> None:
    task_id = submitted(service)
    worker = threading.Timer(0.2, service.succeed, [task_id])
    worker.start()
    told = service.call("GET", f"/swaps/{task_id}", params={"wait": "20"}).json()
    worker.join()
    assert told["status"] == "succeeded"


def test_waiting_gives_up_in_time(service: Service) -> None:
    told = service.call("GET", f"/swaps/{submitted(service)}", params={"wait": "0.1"}).json()
    assert told["status"] == "queued"


def test_waiting_has_its_bounds(service: Service) -> None:
    for wait in ("31", "-1", "nan", "inf", "soon"):
        answer = service.call("GET", f"/swaps/{submitted(service)}", params={"wait": wait})
        told = problem(answer, 422, "invalid_request")
        assert told["errors"][0]["in"] == "query"
        assert told["errors"][0]["pointer"] == "/wait"


def test_pages_lead_through_all_of_them(service: Service) -> None:
    made = [submitted(service) for _ in range(5)]
    submitted(service, "theirs")
    seen: list[str] = []
    url: str | None = "http://testserver/native/v1/swaps?limit=2"
    pages = 0
    while url is not None:
        answer = service.client.get(url, headers=service.headers())
        assert answer.status_code == 200, answer.text
        page = answer.json()
        seen += [one["id"] for one in page["items"]]
        pages += 1
        link = answer.headers.get("link")
        assert (link is None) == (page["next_cursor"] is None)
        url = None if link is None else link.split(">")[0].removeprefix("<")
    assert seen == made[::-1]
    assert pages == 3


def test_pages_can_be_of_some_states(service: Service) -> None:
    done, waiting = submitted(service), submitted(service)
    service.succeed(done)
    page = service.call("GET", "/swaps", params={"status": ["succeeded", "failed"]}).json()
    assert [one["id"] for one in page["items"]] == [done]
    assert len(page["items"][0]["result"]["outputs"]) == 1
    page = service.call("GET", "/swaps", params={"status": "queued"}).json()
    assert [one["id"] for one in page["items"]] == [waiting]


def test_made_up_cursors_are_refused(service: Service) -> None:
    submitted(service)
    submitted(service)
    good = service.call("GET", "/swaps", params={"limit": 1}).json()["next_cursor"]
    for cursor in ("x", "AAAA", good[:-4], "c3dhcHM6JyBPUiAx", "\u00e9", "=" * 8):
        answer = service.call("GET", "/swaps", params={"cursor": cursor})
        problem(answer, 422, "invalid_request")
    problem(service.call("GET", "/faces", params={"cursor": good}), 422, "invalid_request")


def test_odd_parameters_are_refused(service: Service) -> None:
    page = service.call("GET", "/swaps", params={"limit": 0})
    problem(page, 422, "invalid_request")
    problem(service.call("GET", "/swaps", params={"limit": 101}), 422, "invalid_request")
    problem(service.call("GET", "/swaps", params={"status": "lost"}), 422, "invalid_request")


def found(service: Service, **query: Any) -> list[str]:
    answer = service.call("GET", "/swaps", params={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


def test_swaps_are_found_by_what_they_are_called(service: Service) -> None:
    take, other = submitted(service, label="Prüfung 100%_A"), submitted(service, label="Take 4")
    bare = submitted(service)
    submitted(service, "theirs", label="Take 4")
    assert found(service, q="PRÜFUNG") == [take]
    assert found(service, q="take 4") == [other]
    assert found(service, q="4 take") == [other]
    assert found(service, q="take 5") == []
    assert found(service, q="PHOTO.png") == [bare, other, take]
    assert found(service, q="%_") == [take]
    assert found(service, q="_00") == found(service, q="' OR '1'='1") == []
    assert found(service, q=other) == [other]
    assert found(service, q=bare[:-3]) == [bare]
    assert found(service, q="   ") == [bare, other, take]
    for wrong in ("a\x00b", "x" * 101):
        problem(service.call("GET", "/swaps", params={"q": wrong}), 422, "invalid_request")


def test_a_distant_scene_is_found_by_its_files_name(service: Service) -> None:
    url = "https://media.example.com/a/holiday%20film.png?token=secret"
    body = swap_body(service) | {"scene": {"url": url}}
    task_id = service.call("POST", "/swaps", body).json()["id"]
    assert service.call("GET", f"/swaps/{task_id}").json()["scene_name"] == "holiday film.png"
    assert found(service, q="holiday film") == [task_id]
    assert found(service, q="secret") == []


def test_swaps_are_filtered_by_media_engine_and_time(service: Service) -> None:
    first = submitted(service)
    service.clock.advance(3600)
    second = submitted(service)
    when = service.call("GET", f"/swaps/{second}").json()["created_at"]
    assert found(service, media="image") == [second, first]
    assert found(service, media="video") == []
    assert found(service, engine="mesh") == [second, first]
    assert found(service, engine="inswapper_128") == []
    assert found(service, since=when) == [second]
    assert found(service, until=when) == [first]
    assert found(service, since=when, until=when) == []
    for wrong in (
        {"media": "sound"},
        {"engine": "A'"},
        {"since": "2026-01-01"},
        {"until": "9999-12-31T23:59:59Z"},
    ):
        problem(service.call("GET", "/swaps", params=wrong), 422, "invalid_request")


def test_a_search_is_paged(service: Service) -> None:
    for number in range(3):
        submitted(service, label=f"Take {number}")
        submitted(service)
    first = service.call("GET", "/swaps", params={"q": "take", "limit": 2, "media": "image"})
    link = first.headers["link"].split(">")[0].removeprefix("<http://testserver/native/v1")
    assert {"q=take", "media=image"} <= set(link.split("?")[1].split("&"))
    rest = service.call("GET", link).json()
    labels = [one["label"] for one in [*first.json()["items"], *rest["items"]]]
    assert (labels, rest["next_cursor"]) == (["Take 2", "Take 1", "Take 0"], None)


def test_what_was_taken_down_is_not_found_by_its_names(service: Service) -> None:
    task_id = submitted(service, label="Ada")
    service.succeed(task_id)
    assert found(service, q="ada") == [task_id]
    body = {"subject": task_id, "reason": "She asked."}
    assert service.call("POST", "/takedowns", body).status_code == 202
    service.database.write(lambda tx: tx.tasks.forget_request(task_id))
    assert found(service, q="ada") == found(service, q="photo") == []
