"""What every group of native routes is made with."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request

from personae.wire.guard import Guarded
from personae.wire.native.models.common import EXAMPLE_NAME, NAME

NAME_OF_DIALECT = "native"
PREFIX = "/native/v1"


class Strict(Guarded):
    """A guarded route that refuses parameters which it does not have."""

    strict_query = True


def group(path: str, tag: str) -> APIRouter:
    """Routes below one path."""
    return APIRouter(prefix=f"{PREFIX}{path}", route_class=Strict, tags=[tag])


def _in_path(prefix: str) -> Any:
    return Path(pattern=rf"^{prefix}_{NAME}$", examples=[f"{prefix}_{EXAMPLE_NAME}"])


AssetInPath = Annotated[str, _in_path("asset")]
TaskInPath = Annotated[str, _in_path("task")]
FaceInPath = Annotated[str, _in_path("face")]
KeyInPath = Annotated[str, _in_path("key")]
EndpointInPath = Annotated[str, _in_path("hook")]
DeliveryInPath = Annotated[str, _in_path("dlv")]
TenantInPath = Annotated[str, _in_path("tenant")]
PersonInPath = Annotated[str, _in_path("person")]
TakedownInPath = Annotated[str, _in_path("takedown")]


def secret_of(request: Request) -> str | None:
    """The key that a request carries; the bearer token, if it has both."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("x-api-key")
