"""What many tests look for."""

from __future__ import annotations

from typing import Any

import httpx

from personae.domain.tenants import SCOPES
from wire.service import Service

UNKNOWN = "01ks3v8mq2b7d4x9r5w6t0hnce"
"""The part of an id after the prefix, of something that is not there."""


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document that an answer must be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["code"] == code
    assert told["status"] == status
    assert told["type"] == f"/problems/{code}"
    assert told["title"]
    assert told["detail"]
    assert told["request_id"] == answer.headers["x-request-id"]
    return told


def strangers_stay_out(
    service: Service, method: str, path: str, scope: str, body: Any = None
) -> None:
    """No key, a wrong key and a key without the scope are refused before anything else."""
    address = f"/native/v1{path}"
    bare = problem(service.client.request(method, address, json=body), 401, "unauthorized")
    assert "API key" in bare["detail"]
    wrong = service.client.request(method, address, json=body, headers={"X-API-Key": "pk_wrong"})
    problem(wrong, 401, "unauthorized")
    assert wrong.headers["www-authenticate"].startswith("Bearer")
    others = tuple(one for one in SCOPES if one != scope)
    lacking = {"Authorization": f"Bearer {service.key(scopes=others)}"}
    answer = service.client.request(method, address, json=body, headers=lacking)
    assert scope in problem(answer, 403, "forbidden")["detail"]


def swap_body(service: Service, name: str = "ours", **more: Any) -> dict[str, Any]:
    """A swap of two stored pictures."""
    scene, donor = service.asset(name=name), service.asset(name=name)
    return {
        "media": "image",
        "scene": {"asset_id": scene.id},
        "mappings": [{"donor": {"photos": [{"asset_id": donor.id}]}}],
        **more,
    }


def submitted(service: Service, name: str = "ours", **more: Any) -> str:
    """The id of a swap that waits for a worker."""
    answer = service.call("POST", "/swaps", swap_body(service, name, **more), as_=name)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]
