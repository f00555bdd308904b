"""POST /takedowns and /admin/takedowns: whose, by what name, and what is refused."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from personae.adapters.media_host.fake import fake_media
from personae.domain.media import Asset
from personae.domain.tenants import SCOPES
from wire.checks import UNKNOWN, problem, strangers_stay_out, submitted, swap_body
from wire.service import Service

WHY = "She asked for it."


def down(service: Service, subject: str, **more: Any) -> dict[str, Any]:
    answer = service.call("POST", "/takedowns", {"subject": subject, "reason": WHY, **more})
    assert answer.status_code == 202, answer.text
    return answer.json()


def operators(service: Service, subject: str, **more: Any) -> dict[str, Any]:
    body = {"subject": subject, "reason": WHY, **more}
    answer = service.operate("POST", "/admin/takedowns", body)
    assert answer.status_code == 202, answer.text
    return answer.json()


def made(service: Service, task_id: str, data: bytes, name: str = "ours") -> Asset:
    """Do what a worker does at the end of a swap whose output has these bytes."""
    output = service.asset(data=data, name=name, role="output", task_id=task_id)
    result = {"assets": [output.id], "faces_swapped": 1, "frames": 1, "frames_lost": 0}
    now = service.clock()

    def work(tx: Any) -> None:
        tx.tasks.start(task_id, now)
        tx.tasks.finish(task_id, "succeeded", result={**result, "warnings": []}, at=now)

    service.database.write(work)
    return output


def test_strangers_stay_out(service: Service) -> None:
    body = {"subject": f"task_{UNKNOWN}", "reason": WHY}
    strangers_stay_out(service, "POST", "/takedowns", "assets:write", body)
    strangers_stay_out(service, "GET", "/takedowns", "assets:read")


def test_a_takedown_needs_all_that_it_does(service: Service) -> None:
    task_id = submitted(service)
    for scope in ("swaps:write", "faces:write"):
        key = service.key(scopes=tuple(one for one in SCOPES if one != scope))
        body = {"subject": task_id, "reason": WHY}
        headers = {"Authorization": f"Bearer {key}"}
        answer = service.client.request("POST", "/native/v1/takedowns", json=body, headers=headers)
        assert scope in problem(answer, 403, "forbidden")["detail"]
    assert service.task(task_id).status == "queued"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/admin/takedowns"),
        ("GET", "/admin/takedowns"),
        ("GET", f"/admin/takedowns/takedown_{UNKNOWN}"),
        ("DELETE", f"/admin/blocked-files/{'58' * 32}"),
    ],
)
def test_no_tenants_key_is_an_operators(service: Service, method: str, path: str) -> None:
    body = {"subject": f"task_{UNKNOWN}", "reason": WHY} if method == "POST" else None
    problem(service.call(method, path, body), 403, "forbidden")


def test_links_of_a_finished_swap_are_dead_at_once(service: Service) -> None:
    task_id = submitted(service)
    output = service.succeed(task_id)
    told = service.call("GET", f"/swaps/{task_id}").json()["result"]["outputs"][0]["url"]
    link = service.app.state.gate.services.links.url(output.id, "a.png", 3600)
    paths = [one.removeprefix("http://testserver") for one in (told, link)]
    assert [service.client.get(one).status_code for one in paths] == [200, 200]
    down(service, told)
    assert [service.client.get(one).status_code for one in paths] == [404, 404]
    problem(service.call("GET", f"/swaps/{task_id}"), 404, "not_found")
    problem(service.call("GET", f"/assets/{output.id}"), 404, "not_found")
    assert service.blobs.list_keys("", service.clock.now_s + 9) == []


@pytest.mark.parametrize("how", ["task", "asset", "blob", "media", "native", "sha256", "expired"])
def test_it_is_found_by_whatever_leads_to_it(service: Service, how: str) -> None:
    task_id = submitted(service)
    output = service.succeed(task_id)
    links = service.app.state.gate.services.links
    subject = {
        "task": task_id,
        "asset": output.id,
        "blob": service.call("GET", f"/assets/{output.id}/url").json()["url"],
        "media": links.url(output.id, "a.png", 3600),
        "expired": links.url(output.id, "a.png", -3600),
        "native": f"http://testserver/native/v1/assets/{output.id}/content",
        "sha256": f"sha256:{hashlib.sha256(b'bytes of an output').hexdigest()}",
    }[how]
    assert down(service, subject)["tasks"] == [task_id]


def test_a_queued_task_ends_and_its_credits_come_back(service: Service) -> None:
    task_id = submitted(service)
    told = down(service, task_id)
    assert (told["canceled"], told["credits_released"]) == ([task_id], 1)
    balance = service.call("GET", "/account").json()["balance"]
    assert (balance["available"], balance["held"]) == (100, 0)
    assert service.canceled == [task_id]


def test_the_same_again_is_the_same_takedown(service: Service) -> None:
    task_id = submitted(service)
    first = down(service, task_id)
    again = service.call("POST", "/takedowns", {"subject": task_id, "reason": "Again."})
    assert again.json() == first
    assert again.headers["idempotency-replayed"] == "true"
    asset = first["assets"][0]
    assert down(service, asset)["id"] == first["id"]


def test_others_things_are_not_there(service: Service) -> None:
    task_id = submitted(service, "theirs")
    output = made(service, task_id, b"bytes of an output", "theirs")
    digest = hashlib.sha256(b"bytes of an output").hexdigest()
    link = service.app.state.gate.services.links.url(output.id, "a.png", 3600)
    for subject in (task_id, output.id, link, f"sha256:{digest}", output.blob_key):
        body = {"subject": subject, "reason": WHY}
        problem(service.call("POST", "/takedowns", body), 404, "not_found")
    assert service.task(task_id).status == "succeeded"


@pytest.mark.parametrize("subject", ["nonsense", "mark:x", "sha256:12", " "])
def test_what_names_nothing_is_refused(service: Service, subject: str) -> None:
    body = {"subject": subject, "reason": WHY}
    problem(service.call("POST", "/takedowns", body), 422, "invalid_request")


def test_a_tenant_blocks_nothing_for_others(service: Service) -> None:
    body = {"subject": f"task_{UNKNOWN}", "reason": WHY, "block": True}
    problem(service.call("POST", "/takedowns", body), 422, "invalid_request")


def test_other_swaps_of_the_same_photo_are_told_of_or_taken(service: Service) -> None:
    shared = swap_body(service)
    one, two, three = (service.call("POST", "/swaps", shared).json()["id"] for _ in range(3))
    made(service, one, b"first")
    made(service, two, b"second")
    told = down(service, one)
    # The third was under way: its inputs are gone, so it ends as well.
    assert (set(told["tasks"]), told["canceled"]) == ({one, three}, [three])
    assert told["other_tasks"] == [two]
    assert service.call("GET", f"/swaps/{two}").status_code == 200


def test_all_swaps_of_the_same_photo_go_if_so_told(service: Service) -> None:
    shared = swap_body(service)
    one, two = (service.call("POST", "/swaps", shared).json()["id"] for _ in range(2))
    made(service, one, b"first")
    made(service, two, b"second")
    told = down(service, one, all_of_inputs=True)
    assert (set(told["tasks"]), told["other_tasks"]) == ({one, two}, [])


def test_a_swap_of_an_output_goes_with_it(service: Service) -> None:
    first, body = submitted(service), swap_body(service)
    output = made(service, first, b"first")
    body["scene"] = {"asset_id": output.id}
    second = service.call("POST", "/swaps", body).json()["id"]
    last = made(service, second, b"second")
    told = down(service, first)
    assert set(told["tasks"]) == {first, second}
    assert last.id in told["assets"]


def test_an_output_with_the_same_bytes_is_the_same_output(service: Service) -> None:
    ids = [submitted(service) for _ in range(2)]
    for one in ids:
        made(service, one, b"the very same")
    assert set(down(service, ids[0])["tasks"]) == set(ids)


def test_operators_reach_everybody_and_block_the_bytes(service: Service) -> None:
    ours, theirs = submitted(service), submitted(service, "theirs")
    told = operators(service, ours)
    # The same bytes of another tenant's inputs, and the task that was to use them.
    assert set(told["tasks"]) == {ours, theirs}
    assert len(told["tenants"]) == 2
    data = b"bytes of a picture"
    assert told["blocked"] == [hashlib.sha256(data).hexdigest()]
    for name in ("ours", "theirs"):
        body = swap_body(service, name)  # As if it had come before it was blocked.
        refused = problem(service.call("POST", "/swaps", body, as_=name), 403, "policy_refused")
        assert refused["role"] == "scene"
    assert (
        service.operate("DELETE", f"/admin/blocked-files/{told['blocked'][0]}").status_code == 204
    )
    submitted(service)
    missing = service.operate("DELETE", f"/admin/blocked-files/{told['blocked'][0]}")
    problem(missing, 404, "not_found")


def test_blocked_bytes_come_in_by_no_way(service: Service) -> None:
    data = fake_media(width=64, height=48)
    digest = hashlib.sha256(data).hexdigest()
    told = operators(service, f"sha256:{digest}")
    assert (told["state"], told["tasks"], told["blocked"]) == ("done", [], [digest])
    headers = {**service.headers(), "Content-Type": "image/png"}
    answer = service.client.request("POST", "/native/v1/assets", content=data, headers=headers)
    problem(answer, 403, "policy_refused")
    body = {"content_type": "image/png", "size_bytes": len(data), "filename": "scene.png"}
    reserved = service.call("POST", "/assets/uploads", body).json()
    put = reserved["url"].removeprefix("http://testserver")
    service.client.request("PUT", put, content=data, headers={"Content-Type": "image/png"})
    path = f"/assets/{reserved['asset']['id']}/complete"
    problem(service.call("POST", path), 403, "policy_refused")
    assert service.blobs.list_keys("", service.clock.now_s + 9) == []
    again = operators(service, f"sha256:{digest}")
    assert again["id"] == told["id"]


def test_only_this_tenants_if_so_told(service: Service) -> None:
    ours, theirs = submitted(service), submitted(service, "theirs")
    told = operators(service, ours, everywhere=False, block=False)
    assert (told["tasks"], told["blocked"]) == ([ours], [])
    assert service.task(theirs).status == "queued"


def test_by_the_number_that_files_carry(service: Service) -> None:
    task_id = submitted(service)
    service.succeed(task_id)
    mark = service.task(task_id).mark
    assert operators(service, f"mark:{mark:010x}")["tasks"] == [task_id]


def test_a_saved_face_goes_with_its_photo(service: Service) -> None:
    photos = [service.asset(data=f"photo {n}".encode()).id for n in range(2)]
    body = {"name": "Ada", "asset_ids": photos}
    face = service.call("POST", "/faces", body).json()["id"]
    told = down(service, photos[0])
    assert (told["faces"], set(told["assets"])) == ([face], set(photos))
    problem(service.call("GET", f"/faces/{face}"), 404, "not_found")


def test_the_donor_is_registered_before_the_photo_goes(service: Service) -> None:
    body = swap_body(service)
    donor = service.asset(data=fake_media(width=64, height=48))
    body["mappings"][0]["donor"]["photos"] = [{"asset_id": donor.id}]
    task_id = service.call("POST", "/swaps", body).json()["id"]
    told = operators(service, task_id, register_as="donor")
    assert len(told["registered"]) == 1
    assert donor.id in told["assets"]


def test_nothing_goes_if_nobody_could_be_registered(service: Service) -> None:
    task_id = submitted(service)  # Its donor is no picture that anybody could look at.
    body = {"subject": task_id, "reason": WHY, "register_as": "donor"}
    answer = service.operate("POST", "/admin/takedowns", body)
    problem(answer, 415, "media_unsupported")
    assert service.task(task_id).status == "queued"
    assert service.operate("GET", "/admin/takedowns").json()["items"] == []


def test_endpoints_are_told(service: Service) -> None:
    task_id = submitted(service)
    body = {"url": "https://hooks.example.com/x", "events": ["task.taken_down"]}
    assert service.call("POST", "/webhooks/endpoints", body).status_code == 201
    told = down(service, task_id)
    [(delivery, _)] = service.queued.deliveries
    assert delivery.event_type == "task.taken_down"
    assert delivery.body["data"] == {"id": task_id, "takedown_id": told["id"]}


def test_tenants_see_their_own_alone(service: Service) -> None:
    mine = down(service, submitted(service))["id"]
    other = operators(service, submitted(service), everywhere=False)["id"]
    assert [one["id"] for one in service.call("GET", "/takedowns").json()["items"]] == [mine]
    problem(service.call("GET", f"/takedowns/{other}"), 404, "not_found")
    listed = service.operate("GET", "/admin/takedowns").json()["items"]
    assert [one["id"] for one in listed] == [other, mine]
