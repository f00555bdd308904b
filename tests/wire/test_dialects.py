"""Other dialects beside the native one: by prefix, by host name, with errors of their own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from personae.app.accounts import Principal
from personae.errors import Conflict
from personae.wire.dialects import Call, Description, Registry, call_of
from personae.wire.guard import Guarded, access
from personae.wire.native.dialect import Native
from personae.wire.problems import Problem
from wire.checks import problem
from wire.service import Service


class Foreign:
    """A vendor that answers everything with 200 and a code."""

    name = "foreign"
    prefix = "/foreign"

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/foreign/api", route_class=Guarded)

        @router.get("/balance", operation_id="foreignBalance", response_model=None)
        @access("account:read")
        async def balance(request: Request, times: int = 1) -> Response:
            """How much there is."""
            call = call_of(request)
            told = await call.services.database.aread(lambda tx: tx.credits.balance(call.tenant_id))
            return JSONResponse({"code": 0, "data": told.available * times})

        @router.get("/fail", operation_id="foreignFail", response_model=None)
        @access(None)
        async def fail(request: Request, how: str) -> Response:
            """Goes wrong."""
            raise Conflict("No.") if how == "conflict" else KeyError(how)

        return router

    def describe(self) -> Description:
        security = {"token": {"type": "apiKey", "in": "header", "name": "token"}}
        schema = {"type": "object", "required": ["code", "message"]}
        return Description("Foreign", "A vendor.", security, schema, self.error)

    @staticmethod
    def error(problem: Problem) -> tuple[int, dict[str, object]]:
        return 200, {"code": problem.status, "message": problem.code}

    async def admit(self, call: Call, request: Request) -> Principal:
        return await call.gate.admit(request.headers.get("token"))

    def refuse(self, call: Call, problem: Problem) -> Response:
        status, body = self.error(problem)
        return JSONResponse(body, status)


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return opened((Foreign(),), hosts={"Foreign.Example": "foreign"})


def test_it_has_its_own_credentials(service: Service) -> None:
    path = "/foreign/api/balance"
    answer = service.client.get(path, headers={"token": service.key()})
    assert answer.json() == {"code": 0, "data": 100}
    assert answer.headers["x-request-id"]
    assert answer.headers["x-ratelimit-limit"]
    refused = service.client.get(path, headers=service.headers())
    assert refused.json() == {"code": 401, "message": "unauthorized"}


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("/foreign/api/fail?how=conflict", 409, "conflict"),
        ("/foreign/api/fail?how=bug", 500, "internal_error"),
        ("/foreign/api/fail", 422, "invalid_request"),
        ("/foreign/api/nothing", 404, "not_found"),
        ("/foreign", 404, "not_found"),
    ],
)
def test_it_has_its_own_errors(service: Service, path: str, code: int, message: str) -> None:
    answer = service.client.get(path)
    assert answer.status_code == 200
    assert answer.json() == {"code": code, "message": message}


def test_others_keep_theirs(service: Service) -> None:
    problem(service.client.get("/foreigners"), 404, "not_found")
    problem(service.client.get("/native/v1/account"), 401, "unauthorized")


def test_a_host_name_stands_for_its_prefix(service: Service) -> None:
    at = {"Host": "foreign.example:8000"}
    answer = service.client.get("/api/balance", headers={**at, "token": service.key()})
    assert answer.json() == {"code": 0, "data": 100}
    assert service.client.get("/nothing", headers=at).json()["message"] == "not_found"
    assert service.client.get("/healthz", headers=at).json()["status"] == "alive"
    same = service.client.get("/foreign/api/balance", headers={**at, "token": service.key()})
    assert same.json()["code"] == 0
    problem(service.client.get("/api/balance"), 404, "not_found")


def test_documents_are_apart(service: Service) -> None:
    native = service.client.get("/openapi.json").json()
    foreign = service.client.get("/foreign/openapi.json").json()
    assert not [path for path in native["paths"] if path.startswith("/foreign")]
    assert sorted(foreign["paths"]) == ["/foreign/api/balance", "/foreign/api/fail"]
    assert foreign["info"]["title"] == "Foreign"
    balance = foreign["paths"]["/foreign/api/balance"]["get"]
    assert balance["security"] == [{"token": []}]
    refusal = balance["responses"]["default"]["content"]["application/json"]
    assert refusal["example"] == {"code": 500, "message": "internal_error"}
    assert "Foreign" in service.client.get("/foreign/docs").text


def test_a_route_that_forgets_to_say_who_may_call_it_is_not_made() -> None:
    router = APIRouter(route_class=Guarded)

    async def open_to_all() -> None:
        return None

    with pytest.raises(TypeError, match="who may call"):
        router.add_api_route("/open", open_to_all)


def test_dialects_do_not_get_in_each_others_way() -> None:
    with pytest.raises(ValueError, match="share"):
        Registry((Native(), Native()), {})
    with pytest.raises(ValueError, match="vidnoz"):
        Registry((Native(),), {"a.example": "vidnoz"})


def test_its_own_host_has_its_own_documents_and_errors(service: Service) -> None:
    host = {"Host": "foreign.example"}
    assert service.client.get("/openapi.json", headers=host).json()["info"]["title"] == "Foreign"
    assert "Foreign" in service.client.get("/docs", headers=host).text
    for path in ("/docs/abc", "/docsfoo", "/openapi.jsonx", "/metricsx", "/problems/zz"):
        answer = service.client.get(path, headers=host)
        assert answer.json() == {"code": 404, "message": "not_found"}, path
    assert service.client.get("/healthz", headers=host).json()["status"] == "alive"
    assert service.client.get("/openapi.json").json()["info"]["title"] == "Personae"
