"""From a request of aifaceswap's to what the rules understand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, TypeVar, cast

from fastapi import APIRouter, Request
from pydantic import BaseModel

from personae.domain.ids import hex_id
from personae.domain.swap import SIZES, MediaRef, SwapOutput, SwapRequest
from personae.domain.tasks import Task
from personae.errors import PersonaeError
from personae.wire.aifaceswap.settings import AifaceswapSettings
from personae.wire.bodies import read_body
from personae.wire.dialects import Call, call_of
from personae.wire.guard import Guarded
from personae.wire.vendor import callback_to, context, given, submit_swap

NAME = "aifaceswap"
PREFIX = f"/{NAME}"
_PATHS = f"{PREFIX}/api/aifaceswap/v1"
_LINK_S = 3600.0  # Of a form's file, until the request that brought it is read.
M = TypeVar("M", bound=BaseModel)


def group(tag: str) -> APIRouter:
    """Routes of one kind."""
    return APIRouter(prefix=_PATHS, route_class=Guarded, tags=[tag])


def settings_of(call: Call) -> AifaceswapSettings:
    """The dialect's settings."""
    return cast("AifaceswapSettings", cast("Any", call.dialect).settings)


async def read(request: Request, wanted: type[M], files: Collection[str] = ()) -> M:
    """The body; files of a form are stored, and stand in their fields as links."""
    call = call_of(request)
    media = given(call)

    async def keep(chunks: AsyncIterator[bytes], filename: str | None) -> str:
        return media.link(await media.file(call.tenant_id, chunks, filename), _LINK_S)

    limit = call.services.settings.inline_limit_bytes
    return await read_body(request, wanted, files, keep, limit)


async def media_in(call: Call, field: str, text: str) -> MediaRef:
    """A field that is a URL, one of our links or base64; what is wrong with it names the field."""
    try:
        return await given(call).text(call.tenant_id, text)
    except PersonaeError as error:
        raise _at(field, error) from None


def output_for(enhance: int) -> SwapOutput:
    """How large ``enhance`` lets a video be."""
    if enhance == 0:
        return SwapOutput()
    long_px, short_px = SIZES[{1: "1080p", 2: "2k"}[enhance]]
    return SwapOutput(max_long_px=long_px, max_short_px=short_px)


async def take(call: Call, asked: SwapRequest, callback: dict[str, Any] | None) -> Task:
    """Take a swap on, under a name of 32 hex digits."""
    return await submit_swap(call, asked, context(call, hex_id(32), callback=callback))


def callback_of(call: Call, webhook: str | None) -> dict[str, Any] | None:
    """Where the result is to be sent; what is wrong with it is said before any media are read."""
    try:
        return callback_to(call, webhook)
    except PersonaeError as error:
        raise _at("webhook", error) from None


def _at(field: str, error: PersonaeError) -> PersonaeError:
    """The same error; if it is the client's, its sentence names the field."""
    if error.fault == "caller":
        error.args = (f"{field}: {error.message}",)
    return error


def body(wanted: type[BaseModel], files: Collection[str] = ()) -> dict[str, Any]:
    """What OpenAPI says of a body that may be JSON or a form."""
    schema = _inlined(wanted.model_json_schema())
    form = {**schema, "properties": dict(schema["properties"])}
    for name in files:
        form["properties"][name] = {"type": "string", "format": "binary"}
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if files:
        content["multipart/form-data"] = {"schema": form}
    return {"requestBody": {"required": True, "content": content}}


def _inlined(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without definitions: where one was named, it stands."""
    definitions: Mapping[str, Any] = schema.get("$defs", {})

    def inline(value: Any) -> Any:
        if isinstance(value, list):
            return [inline(one) for one in cast("list[Any]", value)]
        if not isinstance(value, dict):
            return value
        told = cast("dict[str, Any]", value)
        if "$ref" in told:
            return inline(definitions[str(told["$ref"]).rsplit("/", 1)[1]])
        return {name: inline(one) for name, one in told.items() if name != "$defs"}

    return cast("dict[str, Any]", inline(schema))
