"""Who asserts consent: recorded with every task, in every dialect, as the deployment asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from personae.domain.consent import Rules, digest
from personae.domain.tasks import Task, TaskError
from personae.domain.tenants import SCOPES
from personae.wire.a2e.dialect import A2e
from personae.wire.aifaceswap.dialect import Aifaceswap
from personae.wire.aifaceswap.settings import AifaceswapSettings
from personae.wire.crun.dialect import Crun
from wire.a2e.given import BODY, api, face_elsewhere
from wire.a2e.given import FACE_URL as A2E_FACE_URL
from wire.aifaceswap import given as aifaceswap
from wire.checks import problem, strangers_stay_out, swap_body
from wire.crun import given as crun
from wire.service import Service
from wire.vidnoz import given as vidnoz

SAID = {
    "statement": "The people shown have agreed.",
    "asserted_by": "user 8f2c",
    "subjects": ["actor 12"],
    "evidence": "release 17",
}
ONCE = {"statement": "Everybody has signed form v3.", "asserted_by": "Legal department"}


@pytest.fixture
def strict(opened: Callable[..., Service]) -> Service:
    return opened(every_dialect(), consent=Rules("required", "2026-11"))


def every_dialect() -> tuple[Any, ...]:
    return (A2e(), Crun(), Aifaceswap(AifaceswapSettings()), *vidnoz.dialect())


def balance(service: Service) -> tuple[int, int]:
    told = service.call("GET", "/account").json()["balance"]
    return told["available"], told["held"]


def nothing_happened(service: Service) -> None:
    assert service.queued.tasks == []
    assert balance(service) == (100, 0)


def newest(service: Service) -> dict[str, Any]:
    return service.call("GET", "/consents").json()["items"][0]


def detection_body(service: Service) -> dict[str, Any]:
    return {"media": "image", "scene": {"asset_id": service.asset().id}}


# --- The native API


@pytest.mark.parametrize("path", ["/swaps", "/swaps/preview", "/detections"])
def test_required_and_not_said_is_refused_by_name_and_nothing_is_charged(
    strict: Service, path: str
) -> None:
    # What the account says once is for clients that have no field for it.
    assert strict.call("PUT", "/account/consent", ONCE).status_code == 200
    body = detection_body(strict) if path == "/detections" else swap_body(strict)
    told = problem(strict.call("POST", path, body), 422, "consent_required")
    assert [one["pointer"] for one in told["errors"]] == ["/consent"]
    nothing_happened(strict)


def test_what_a_request_says_is_recorded(strict: Service) -> None:
    answer = strict.call("POST", "/swaps", swap_body(strict, consent=SAID))
    assert answer.status_code == 202, answer.text
    task = strict.queued.tasks[-1]
    assert task.consent is not None
    assert {name: task.consent[name] for name in SAID} == SAID
    assert (task.consent["how"], task.consent["terms_version"]) == ("request", "2026-11")
    assert task.consent["at"] == task.created_at == task.consent["asserted_at"]
    told = newest(strict)
    assert (told["task_id"], told["sha256"]) == (task.id, digest(task.consent))


def test_a_preview_and_a_detection_record_it_too(strict: Service) -> None:
    body = {**detection_body(strict), "consent": SAID}
    assert strict.call("POST", "/detections", body).status_code == 202
    assert newest(strict)["how"] == "request"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"statement": ""},
        {"statement": "  "},
        {"statement": "a\u0000b"},
        {**SAID, "subjects": ["x"] * 21},
        {**SAID, "subjects": [""]},
        {**SAID, "asserted_by": "x" * 201},
        {**SAID, "by": "me"},
        "yes",
        True,
    ],
)
def test_a_consent_that_says_nothing_is_refused(service: Service, wrong: Any) -> None:
    answer = service.call("POST", "/swaps", swap_body(service, consent=wrong))
    problem(answer, 422, "invalid_request")
    nothing_happened(service)


def test_an_estimate_needs_none(strict: Service) -> None:
    assert strict.call("POST", "/swaps/estimate", swap_body(strict)).status_code == 200


def test_without_a_word_the_terms_are_recorded(opened: Callable[..., Service]) -> None:
    service = opened(consent=Rules("terms", "2026-11"))
    assert service.call("POST", "/swaps", swap_body(service)).status_code == 202
    told = newest(service)
    assert (told["how"], told["terms_version"], told["statement"]) == ("terms", "2026-11", None)
    assert told["key_id"].startswith("key_")
    assert told["asserted_at"] < told["created_at"]  # When the key was made.


def test_the_strongest_that_there_is_is_recorded(service: Service) -> None:
    assert service.call("PUT", "/account/consent", ONCE).status_code == 200
    service.call("POST", "/swaps", swap_body(service))
    told = newest(service)
    assert (told["how"], told["asserted_by"]) == ("standing", "Legal department")
    service.call("POST", "/swaps", swap_body(service, consent=SAID))
    assert newest(service)["how"] == "request"


def test_switched_off_only_that_is_recorded(opened: Callable[..., Service]) -> None:
    service = opened(consent=Rules("off"))
    service.call("POST", "/swaps", swap_body(service, consent=SAID))
    told = newest(service)
    assert (told["how"], told["statement"], told["key_id"]) == ("off", None, None)


def test_a_retry_repeats_what_was_said_of_the_very_same(strict: Service) -> None:
    first = strict.call("POST", "/swaps", swap_body(strict, consent=SAID)).json()["id"]
    strict.fail(first, TaskError("task_failed", "Why."))
    strict.clock.advance(60)
    assert strict.call("POST", f"/swaps/{first}/retry").status_code == 202
    again, before = strict.queued.tasks[-1].consent, strict.queued.tasks[0].consent
    assert again is not None
    assert before is not None
    assert (again["statement"], again["retry_of"]) == (SAID["statement"], first)
    assert again["asserted_at"] == before["at"] < again["at"]


def test_a_retry_of_what_nobody_vouched_for_is_refused_once_that_is_needed(
    opened: Callable[..., Service],
) -> None:
    service = opened()
    first = service.call("POST", "/swaps", swap_body(service)).json()["id"]
    service.fail(first, TaskError("task_failed", "Why."))
    gate = service.app.state.gate
    settings = gate.services.settings
    strict = opened(consent=Rules("required"))
    assert settings.consent.mode == "terms"
    headers = service.headers()
    answer = strict.client.request("POST", f"/native/v1/swaps/{first}/retry", headers=headers)
    problem(answer, 422, "consent_required")


def test_saved_faces_need_it_and_hand_it_on(strict: Service) -> None:
    photo = strict.asset().id
    body: dict[str, Any] = {"name": "Ada", "asset_ids": [photo]}
    problem(strict.call("POST", "/faces", body), 422, "consent_required")
    face = strict.call("POST", "/faces", {**body, "consent": SAID}).json()["id"]
    wanted = swap_body(strict, consent={"statement": "For this scene."})
    wanted["mappings"] = [{"donor": {"face_id": face}}]
    assert strict.call("POST", "/swaps", wanted).status_code == 202
    told = newest(strict)
    assert told["statement"] == "For this scene."
    assert told["faces"][face]["statement"] == SAID["statement"]


def test_a_repeated_request_stays_one_task_with_one_record(strict: Service) -> None:
    body, key = swap_body(strict, consent=SAID), {"Idempotency-Key": "once"}
    first = strict.call("POST", "/swaps", body, headers=key)
    second = strict.call("POST", "/swaps", body, headers=key)
    assert first.json()["id"] == second.json()["id"]
    assert len(strict.call("GET", "/consents").json()["items"]) == 1


# --- What an account says once


def test_standing_assertions_are_put_seen_and_withdrawn(service: Service) -> None:
    problem(service.call("GET", "/account/consent"), 404, "not_found")
    problem(service.call("DELETE", "/account/consent"), 404, "not_found")
    assert service.call("PUT", "/account/consent", ONCE).status_code == 200
    assert service.call("GET", "/account/consent").json()["holds"] is True
    problem(service.call("GET", "/account/consent", as_="theirs"), 404, "not_found")
    assert service.call("DELETE", "/account/consent").status_code == 204
    problem(service.call("GET", "/account/consent"), 404, "not_found")


def test_an_assertion_cannot_have_ended_before_it_begins(service: Service) -> None:
    body = {**ONCE, "until": "2001-01-01T00:00:00Z"}
    problem(service.call("PUT", "/account/consent", body), 422, "invalid_request")


@pytest.mark.parametrize(
    ("method", "path", "scope", "body"),
    [
        ("GET", "/account/consent", "account:read", None),
        ("PUT", "/account/consent", "account:write", ONCE),
        ("DELETE", "/account/consent", "account:write", None),
        ("GET", "/consents", "account:read", None),
    ],
)
def test_strangers_stay_out(
    service: Service, method: str, path: str, scope: str, body: Any
) -> None:
    assert scope in SCOPES
    strangers_stay_out(service, method, path, scope, body)


def test_records_are_paged_survive_deletion_and_are_nobody_elses(service: Service) -> None:
    made = [service.call("POST", "/swaps", swap_body(service)).json()["id"] for _ in range(3)]
    service.call("POST", "/swaps", swap_body(service, "theirs"), as_="theirs")
    service.fail(made[0], TaskError("task_failed", "Why."))
    assert service.call("DELETE", f"/swaps/{made[0]}").status_code == 204
    first = service.call("GET", "/consents?limit=2").json()
    rest = service.call("GET", f"/consents?limit=2&cursor={first['next_cursor']}").json()
    listed = [one["task_id"] for one in first["items"] + rest["items"]]
    assert listed == made[::-1]
    assert rest["next_cursor"] is None
    since = first["items"][0]["created_at"]
    later = service.call("GET", f"/consents?since={since}").json()["items"]
    assert [one["task_id"] for one in later] == [made[2]]


# --- Dialects, which have no field for it


def a2e_swap(service: Service) -> Any:
    return api(service, "POST", "userFaceSwapTask/add", BODY)


def a2e_face(service: Service) -> Any:
    face_elsewhere(service)
    return api(service, "POST", "userFaceSwapImage/add", {"face_url": A2E_FACE_URL})


def crun_swap(service: Service) -> Any:
    body = {"model": "image-face-swap", "input": crun.swap_input(service)}
    return crun.call(service, "POST", "/job/CreateTask", body)


def aifaceswap_swap(service: Service) -> Any:
    body = {"source_image": aifaceswap.PICTURE, "face_image": aifaceswap.FACE}
    return aifaceswap.call(service, "POST", "/faceswap", body)


def vidnoz_swap(service: Service) -> Any:
    keys = {
        "main_key": vidnoz.key(service),
        "target_key": vidnoz.key(service, data=b"bytes of a donor"),
    }
    return vidnoz.ask(service, "POST", "task/face-swap", keys)


CALLS: dict[str, tuple[Callable[[Service], Any], int, int]] = {
    "a2e": (a2e_swap, 403, 40303),
    "crun": (crun_swap, 422, 422),
    "aifaceswap": (aifaceswap_swap, 403, 403),
    "vidnoz": (vidnoz_swap, 200, 604),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_dialect_is_refused_in_its_own_words_until_the_account_says_so(
    strict: Service, name: str
) -> None:
    swap, status, code = CALLS[name]
    answer = swap(strict)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert "consent" in answer.text
    nothing_happened(strict)
    assert strict.call("PUT", "/account/consent", ONCE).status_code == 200
    answer = swap(strict)
    assert answer.status_code == 200, answer.text
    task: Task = strict.queued.tasks[-1]
    assert (task.dialect, (task.consent or {})["how"]) == (name, "standing")
    assert newest(strict)["asserted_by"] == "Legal department"


def test_an_assertion_that_has_ended_is_none(strict: Service) -> None:
    body = {**ONCE, "until": "2027-01-16T00:00:00Z"}  # Tests begin the day before.
    assert strict.call("PUT", "/account/consent", body).status_code == 200
    assert aifaceswap_swap(strict).status_code == 200
    strict.clock.advance(3 * 86_400)
    assert aifaceswap_swap(strict).status_code == 403
    assert strict.call("GET", "/account/consent").json()["holds"] is False


def test_a_face_that_a_dialect_saves_is_recorded(strict: Service) -> None:
    assert a2e_face(strict).status_code == 403
    assert strict.call("PUT", "/account/consent", ONCE).status_code == 200
    assert a2e_face(strict).status_code == 200
    tenant_id = strict.tenant()
    [face] = strict.database.read(lambda tx: tx.faces.page(tenant_id, after=None, limit=9)).items
    assert face.consent is not None
    assert face.consent["how"] == "standing"
