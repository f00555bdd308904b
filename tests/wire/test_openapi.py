"""The OpenAPI document and the page made of it."""

from __future__ import annotations

from typing import Any, get_args

import jsonschema_rs
import pytest

from personae.domain.hooks import EVENT_TYPES
from personae.domain.tenants import ADMIN_SCOPE, SCOPES
from personae.wire.guard import ANY_KEY
from personae.wire.native.models.account import Scope
from personae.wire.native.models.webhooks import EventType
from wire.service import Service


@pytest.fixture
def document(service: Service) -> dict[str, Any]:
    return service.client.get("/openapi.json").json()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_names_of_operations_are_kept(document: dict[str, Any]) -> None:
    names = sorted(one["operationId"] for _, _, one in operations(document))
    assert names == NAMES


def test_every_operation_is_explained(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        default = operation["responses"]["default"]["content"]
        assert default["application/problem+json"]["schema"]["$ref"].endswith("/Problem"), where
        for status, told in operation["responses"].items():
            assert told["description"], (where, status)
            if status.startswith("2"):
                assert "X-Request-Id" in told["headers"], where
                for kind, media in told.get("content", {}).items():
                    binary = media.get("schema", {}).get("format") == "binary"
                    assert "example" in media or binary, (where, kind)
                assert "content" in told or operation["operationId"] in BARE, where


BARE = (
    *(
        "deleteSwap",
        "deleteDetection",
        "deleteAsset",
        "deleteFace",
        "deleteEndpoint",
        "uploadFile",
        "watchSwap",
        "unblockFile",
        "forgetProtectedPerson",
        "forgetAnyProtectedPerson",
        "withdrawStandingConsent",
    ),
)
"""Operations with an answer that has nothing in it."""


def test_examples_of_problems_are_what_is_answered(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if not path.startswith("/native/v1"):
            continue
        told = operation["responses"]["429"]["content"]["application/problem+json"]["example"]
        assert (told["code"], told["retryable"]) == ("rate_limited", True), (path, method)
        assert "422" in operation["responses"], (path, method)


def test_what_links_refuse_is_told(document: dict[str, Any]) -> None:
    seen = {
        operation["operationId"]: set(operation["responses"])
        for _, _, operation in operations(document)
    }
    for name in ("downloadFile", "followLink", "getAssetContent"):
        assert {"403", "404", "410", "416"} <= seen[name], name
    assert {"403", "404", "410"} <= seen["uploadFile"]


@pytest.mark.parametrize(
    "name",
    [
        *("Largest", "Everybody", "ByReference", "Photos", "Problem", "ProblemKind"),
        *("Health", "Readiness"),
    ],
)
def test_schemas_have_examples_that_fit(document: dict[str, Any], name: str) -> None:
    schema = document["components"]["schemas"][name]
    for example in schema["examples"]:
        jsonschema_rs.validate({**schema, "components": document["components"]}, example)
    assert schema["examples"]


PUBLIC = ("/native/v1/inspect",)
"""Calls that everybody may make."""


def test_every_operation_of_the_api_needs_a_scope(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if path.startswith("/native/v1"):
            if path in PUBLIC:
                assert "x-scope" not in operation
                continue
            for_operators = path.startswith("/native/v1/admin/")
            scopes = (ADMIN_SCOPE,) if for_operators else (*SCOPES, ANY_KEY)
            assert operation["x-scope"] in scopes, (path, method)
            assert operation["security"] == [{"bearer": []}, {"apiKey": []}]
            assert {"401", "403", "429"} <= set(operation["responses"])
        else:
            assert "security" not in operation


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    seen = 0
    for path, method, operation in operations(document):
        holders = [*operation["responses"].values(), operation.get("requestBody", {})]
        for holder in holders:
            for kind, media in holder.get("content", {}).items():
                if not kind.endswith("json"):
                    continue
                assert "example" in media, (path, method)
                schema = {**media["schema"], "components": document["components"]}
                jsonschema_rs.validate(schema, media["example"])
                seen += 1
    assert seen > 100


def test_examples_of_requests_are_accepted(document: dict[str, Any], service: Service) -> None:
    for path, method, operation in operations(document):
        media = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if media is None:
            continue
        url = path.replace("{endpoint_id}", "hook_01ks3v8mq2b7d4x9r5w6t0hnce")
        url = url.replace("{tenant_id}", "tenant_01ks3v8mq2b7d4x9r5w6t0hnce")
        admin = path.startswith("/native/v1/admin/")
        key = service.operator_key() if admin else service.key()
        headers = {"Authorization": f"Bearer {key}"}
        answer = service.client.request(method, url, json=media["example"], headers=headers)
        # The things they name are not there; everything else about them is right.
        assert answer.status_code in (200, 201, 202, 404) or answer.json()["code"] in (
            "media_unreachable",
        ), (path, answer.text)


def test_the_page_needs_nothing_from_elsewhere(service: Service) -> None:
    answer = service.client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert "script" not in answer.text
    assert "https://" not in answer.text.replace("https://media.example.com", "").replace(
        "https://example.com", ""
    ).replace("https://api.example.com", "")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for name in NAMES:
        assert f'id="{name}"' in answer.text


NAMES = sorted(
    [
        "cancelAnyTask",
        "cancelDetection",
        "changeTenant",
        "createTenant",
        "createTenantKey",
        "getCurrentKey",
        "getQueues",
        "getTenant",
        "getWorkers",
        "grantCredits",
        "listAllTasks",
        "listTenantKeys",
        "listTenants",
        "revokeTenantKey",
        "getAuditHead",
        "listAllAudit",
        "listAudit",
        "cancelSwap",
        "changeRetention",
        "getAnyTakedown",
        "getRetention",
        "getTakedown",
        "listAllTakedowns",
        "listTakedowns",
        "takeDown",
        "takeDownAnything",
        "unblockFile",
        "forgetAnyProtectedPerson",
        "forgetProtectedPerson",
        "getAnyProtectedPerson",
        "getProtectedPerson",
        "listAllProtectedPeople",
        "listProtectedPeople",
        "lookUpPerson",
        "protectPerson",
        "protectPersonEverywhere",
        "getStandingConsent",
        "listConsents",
        "putStandingConsent",
        "withdrawStandingConsent",
        "completeUpload",
        "createEndpoint",
        "createKey",
        "deleteAsset",
        "deleteDetection",
        "deleteEndpoint",
        "deleteFace",
        "deleteSwap",
        "downloadFile",
        "followLink",
        "estimateSwap",
        "getAccount",
        "getAsset",
        "getAssetContent",
        "getAssetUrl",
        "getDelivery",
        "getDetection",
        "getEndpoint",
        "getFace",
        "getHealth",
        "getKey",
        "getMetrics",
        "getProblemKind",
        "getReadiness",
        "getSwap",
        "getUsage",
        "importAsset",
        "inspectFile",
        "listAssets",
        "listDeliveries",
        "listDetections",
        "listEndpoints",
        "listEngines",
        "listFaces",
        "listKeys",
        "listLedger",
        "listSwaps",
        "previewSwap",
        "redeliver",
        "reserveUpload",
        "retrySwap",
        "revokeKey",
        "rotateEndpointSecret",
        "saveFace",
        "submitDetection",
        "submitSwap",
        "testEndpoint",
        "updateEndpoint",
        "uploadAsset",
        "uploadFile",
        "watchSwap",
    ]
)


def test_what_clients_may_name_is_what_there_is() -> None:
    assert get_args(Scope) == SCOPES
    assert get_args(EventType) == EVENT_TYPES
