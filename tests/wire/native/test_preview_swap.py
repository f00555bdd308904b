"""POST /swaps/preview"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from personae.domain.tasks import TaskError
from personae.wire.native.previews import wants_picture
from wire.checks import problem, strangers_stay_out, swap_body
from wire.service import CLIP, Service


@contextmanager
def worker(service: Service, error: TaskError | None = None) -> Iterator[None]:
    """Ends every task that is queued, in a thread of its own."""
    stop = threading.Event()

    def work() -> None:
        done = 0
        while not stop.wait(0.01):
            for task in service.queued.tasks[done:]:
                done += 1
                if error is None:
                    service.succeed(task.id)
                else:
                    service.fail(task.id, error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_strangers_stay_out(service: Service) -> None:
    strangers_stay_out(service, "POST", "/swaps/preview", "swaps:write", swap_body(service))
    assert service.queued.tasks == []


def test_the_picture_is_linked_and_free(service: Service) -> None:
    with worker(service):
        answer = service.call("POST", "/swaps/preview", swap_body(service))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert service.client.get(told["url"]).content == b"bytes of an output"
    [task] = service.queued.tasks
    assert (task.id, task.kind, task.priority) == (told["id"], "preview", "high")
    assert service.call("GET", "/account").json()["balance"]["available"] == 100
    assert service.call("GET", "/swaps").json()["items"] == []
    assert service.call("GET", f"/swaps/{task.id}").json()["kind"] == "preview"


def test_the_picture_itself_can_be_had(service: Service) -> None:
    with worker(service):
        answer = service.call(
            "POST", "/swaps/preview", swap_body(service), headers={"Accept": "image/*"}
        )
    assert answer.headers["content-type"] == "image/png"
    assert answer.content == b"bytes of an output"
    assert answer.headers["x-personae-asset"].startswith("asset_")


def test_a_moment_of_a_video_can_be_chosen(service: Service) -> None:
    body = swap_body(service, media="video", scene={"asset_id": service.asset(CLIP).id})
    with worker(service):
        answer = service.call("POST", "/swaps/preview", {**body, "time_s": 1.5})
        late = service.call("POST", "/swaps/preview", {**body, "time_s": 99})
    assert answer.status_code == 200, answer.text
    assert service.queued.tasks[0].request["time_s"] == 1.5
    problem(late, 422, "invalid_request")


def test_why_it_failed_is_a_problem(service: Service) -> None:
    why = TaskError("face_not_found", "No face was found in the donor.", False, "caller", "donor")
    with worker(service, why):
        answer = service.call("POST", "/swaps/preview", swap_body(service))
    told = problem(answer, 422, "face_not_found")
    assert (told["detail"], told["role"]) == ("No face was found in the donor.", "donor")


def test_one_that_takes_too_long_is_to_be_asked_for(opened: Callable[..., Service]) -> None:
    service = opened(preview_wait_s=0.1)
    answer = service.call("POST", "/swaps/preview", swap_body(service))
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.headers["retry-after"]) == ("queued", "1")
    service.succeed(answer.json()["id"])
    again = service.client.get(answer.headers["location"], headers=service.headers())
    assert again.json()["status"] == "succeeded"


def test_a_repeated_key_makes_one_preview(service: Service) -> None:
    key, body = {"Idempotency-Key": "once"}, swap_body(service)
    with worker(service):
        answers = [service.call("POST", "/swaps/preview", body, headers=key) for _ in range(2)]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert [one.headers.get("idempotency-replayed") for one in answers] == [None, "true"]
    assert len(service.queued.tasks) == 1
    other = service.call("POST", "/swaps/preview", {**body, "strength": 0.5}, headers=key)
    problem(other, 409, "conflict")


def test_a_repeated_key_tells_the_same_failure(service: Service) -> None:
    key, body = {"Idempotency-Key": "once"}, swap_body(service)
    why = TaskError("media_unreachable", "It answered with status 404.", False, "caller")
    with worker(service, why):
        for replayed in (None, "true"):
            answer = service.call("POST", "/swaps/preview", body, headers=key)
            told = problem(answer, 422, "media_unreachable")
            assert told["retryable"] is False
            assert answer.headers.get("idempotency-replayed") == replayed
    assert len(service.queued.tasks) == 1


def test_who_wants_a_picture() -> None:
    assert wants_picture("image/*")
    assert wants_picture("image/jpeg, application/json")
    assert not wants_picture("application/json, image/*")
    assert not wants_picture("*/*, image/png")
    assert not wants_picture("")
