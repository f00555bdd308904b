"""What operators ask: is it alive, is it ready, how is it doing."""

from __future__ import annotations

import asyncio
import hmac
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from personae.errors import NotFound, Unauthorized
from personae.wire.dialects import Call, call_of
from personae.wire.figures import FigureReader
from personae.wire.guard import Guarded, access
from personae.wire.metrics import CONTENT_TYPE, Metrics
from personae.wire.problems import STATUS, WIRE_CODES, classes, retryable, title
from personae.wire.replies import reply

router = APIRouter(route_class=Guarded, tags=["operations"])
_CHECK_S = 5.0
_PROBE_KEY = "readyz"
_log = structlog.get_logger("personae.wire")


class Health(BaseModel):
    """The process answers."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "alive", "version": "1.0.0"}]}
    )

    status: str
    version: str


class Readiness(BaseModel):
    """Whether requests can be served, and what stands in the way."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "ready", "database": True, "storage": True}]}
    )

    status: str
    database: bool
    storage: bool


class ProblemKind(BaseModel):
    """One kind of problem."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "not_found",
                    "title": title("not_found"),
                    "status": 404,
                    "retryable": False,
                    "fault": "caller",
                }
            ]
        }
    )

    code: str
    title: str
    status: int
    retryable: bool
    fault: str


@router.get(
    "/healthz", response_model=Health, operation_id="getHealth", summary="Is the process alive?"
)
@router.head("/healthz", include_in_schema=False)
@access(None)
async def health(request: Request) -> Response:
    """Asks nothing of database or storage."""
    version = call_of(request).services.settings.version
    return reply(Health(status="alive", version=version))


@router.get(
    "/readyz",
    response_model=Readiness,
    operation_id="getReadiness",
    summary="Can requests be served?",
    responses={503: {"model": Readiness, "description": "Not now."}},
)
@router.head("/readyz", include_in_schema=False)
@access(None)
async def readiness(request: Request) -> Response:
    """Database (with a current schema) and storage answer."""
    call = call_of(request)
    database, storage = await asyncio.gather(_database(call), _storage(call))
    ready = database and storage
    shown = Readiness(status="ready" if ready else "unready", database=database, storage=storage)
    return reply(shown, 200 if ready else 503, None if ready else {"Retry-After": "1"})


async def _database(call: Call) -> bool:
    try:
        async with asyncio.timeout(_CHECK_S):
            return await call.services.database.ready()
    except Exception as error:
        _log.warning("the database is not ready", action="readyz", error=repr(error))
        return False


async def _storage(call: Call) -> bool:
    try:
        async with asyncio.timeout(_CHECK_S):
            await run_in_threadpool(call.services.blobs.size, _PROBE_KEY)
    except Exception as error:
        _log.warning("the storage is not ready", action="readyz", error=repr(error))
        return False
    return True


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Numbers for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "The numbers.",
            "content": {
                "text/plain": {
                    "schema": {"type": "string"},
                    "example": 'personae_work{queue="chunks",state="waiting"} 3.0\n',
                }
            },
        }
    },
)
@access(None)
async def metrics(request: Request) -> Response:
    """Requests of this process; tasks, queues and workers of the whole service.

    The service's numbers are read at most every few seconds, the totals of finished tasks every
    minute, however often and from however many places this is asked.
    """
    call = call_of(request)
    token = call.services.settings.metrics_token
    if token:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {token}".encode()):
            raise Unauthorized("The metrics need their token.")
    state = request.app.state
    reader: FigureReader = state.figures
    numbers: Metrics = state.metrics
    return Response(numbers.text(await reader.read(call.services)), media_type=CONTENT_TYPE)


@router.get(
    "/problems/{code}",
    response_model=ProblemKind,
    operation_id="getProblemKind",
    summary="What a problem's type means",
)
@access(None)
async def problem_kind(
    request: Request, code: Annotated[str, Path(max_length=64, examples=["not_found"])]
) -> Response:
    """Where the `type` of every problem leads."""
    kind = classes().get(code)
    if kind is not None:
        shown = ProblemKind(
            code=code,
            title=title(code),
            status=STATUS[code],
            retryable=kind.retryable,
            fault=kind.fault,
        )
    elif code in WIRE_CODES:
        status = WIRE_CODES[code][0]
        fault = "platform" if status >= 500 else "caller"
        shown = ProblemKind(
            code=code, title=title(code), status=status, retryable=retryable(code), fault=fault
        )
    else:
        raise NotFound("There is no problem of that kind.")
    return reply(shown)
