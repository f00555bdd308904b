"""What several of Vidnoz's calls do with a request."""

from __future__ import annotations

import json
from typing import Any, Protocol, TypeVar, cast

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from personae.app.asset_rules import check_fits
from personae.domain.media import Asset
from personae.errors import Conflict, NotFound
from personae.wire import vendor
from personae.wire.dialects import Call
from personae.wire.guard import Guarded
from personae.wire.problems import WireError
from personae.wire.vidnoz.keys import asset_of
from personae.wire.vidnoz.settings import VidnozSettings

NAME = "vidnoz"
PREFIX = "/vidnoz"
FORMATS = frozenset(
    {
        *("image/jpeg", "image/png", "image/apng", "image/webp", "image/gif"),
        *("video/mp4", "video/x-m4v", "video/quicktime", "video/webm"),
    }
)
"""What the vendor takes: JPG, PNG, WEBP, GIF, M4V, MP4, MOV and WEBM."""
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
Model = TypeVar("Model", bound=BaseModel)


class Speaking(Protocol):
    """The dialect, as its routes see it."""

    @property
    def settings(self) -> VidnozSettings: ...


def group(path: str, tag: str) -> APIRouter:
    """A router for some of the calls."""
    return APIRouter(prefix=f"{PREFIX}/v1{path}", route_class=Guarded, tags=[tag])


def settings_of(call: Call) -> VidnozSettings:
    """What the operator decided."""
    return cast("Speaking", call.dialect).settings


async def file_of(call: Call, key: str) -> Asset:
    """The caller's file of that key, taken over if it has just been uploaded.

    Raises
    ------
    NotFound
        If there is none, or nothing has been uploaded for it yet.
    Expired, MediaError
    """
    try:
        asset = await vendor.given(call).stored(call.tenant_id, asset_of(key))
    except Conflict as error:
        raise NotFound(f"Nothing has been uploaded for the key {key[:100]} yet.") from error
    return check_fits(asset, FORMATS, settings_of(call).file_limit_bytes)


async def fields_of(request: Request, model: type[Model], **known: str) -> Model:
    """A model made of a body that is JSON, whatever it calls itself, or a form.

    Parameters
    ----------
    known : str
        Fields from elsewhere; if there are any, the body is not looked at.

    Raises
    ------
    WireError
        ``malformed_body``.
    RequestValidationError
    """
    given: Any = known or await _body(request)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        told = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(told) from error


async def _body(request: Request) -> Any:
    kind = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if kind in _FORMS:
        async with request.form(max_files=0, max_fields=100) as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    data = await request.body()
    if not data.strip():
        return {}
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WireError("malformed_body") from error
