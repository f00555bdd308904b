"""Bodies of vendors' calls that take JSON as well as forms, with files or with media as text."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from personae.wire.guard import BodyTooLarge, is_multipart
from personae.wire.multipart import FormParts, Part
from personae.wire.problems import WireError

M = TypeVar("M", bound=BaseModel)
Keep = Callable[[AsyncIterator[bytes], str | None], Awaitable[str]]
"""Stores a file; the text that stands for it in its field."""

_MOST_FIELDS = 200


async def read_body(
    request: Request, wanted: type[M], files: Collection[str], keep: Keep, limit_bytes: int
) -> M:
    """A body as what was wanted, whatever it comes as.

    Text is JSON if it begins like an object, whatever it says that it is: many clients forget the
    header. A field of a form that is there several times, or whose name ends in ``[]``, is a list.

    Parameters
    ----------
    files : collection of str
        Fields of a multipart form that may be files; each goes to `keep` as it arrives.
    limit_bytes : int
        Of all fields of a multipart form that are not files; other bodies have been limited.

    Raises
    ------
    RequestValidationError, WireError, BodyTooLarge
    Whatever `keep` raises
    """
    kind = request.headers.get("content-type", "")
    if is_multipart(request):
        form = FormParts(request.stream(), kind)
        names = {*wanted.model_fields, *files}
        pairs = [pair async for pair in _fields(form, names, files, keep, limit_bytes)]
        return _valid(lambda: wanted.model_validate(_gathered(pairs)))
    text = await _whole(request.stream())
    plain = kind.split(";", 1)[0].strip().lower()
    if plain == "application/json" or plain.endswith("+json") or text[:64].lstrip()[:1] == b"{":
        return _valid(lambda: wanted.model_validate_json(text))
    if plain == "application/x-www-form-urlencoded":
        return _valid(lambda: wanted.model_validate(_gathered(_decoded(text))))
    if not text:
        return _valid(lambda: wanted.model_validate({}))
    raise WireError("unsupported_body", "Send JSON or a form.")


async def _fields(
    form: FormParts, names: Collection[str], files: Collection[str], keep: Keep, limit_bytes: int
) -> AsyncIterator[tuple[str, str]]:
    """Names and values; files are stored on the way, unknown fields passed over."""
    left, count = limit_bytes, 0
    async for part in form:
        count += 1
        if count > _MOST_FIELDS:
            raise WireError("malformed_body", "The form has too many fields.")
        name = part.name.removesuffix("[]")
        if name not in names:
            continue
        if part.is_file and name in files:
            text = await _kept(part, keep)
            if text is not None:
                yield part.name, text
            continue
        held = io.BytesIO()
        async for chunk in part.data:
            left -= len(chunk)
            if left < 0:
                raise BodyTooLarge
            held.write(chunk)
        yield part.name, held.getvalue().decode("utf-8", "replace")


async def _kept(part: Part, keep: Keep) -> str | None:
    """What stands for a file; None if it is what browsers send when nothing was chosen."""
    first = await anext(part.data, b"")
    if not first and part.filename is None:
        return None

    async def all_of_it() -> AsyncIterator[bytes]:
        yield first
        async for chunk in part.data:
            yield chunk

    return await keep(all_of_it(), part.filename)


async def _whole(stream: AsyncIterator[bytes]) -> bytes:
    held = io.BytesIO()  # Gives its bytes away without copying them.
    async for chunk in stream:
        held.write(chunk)
    return held.getvalue()


def _decoded(text: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            text.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError as error:
        raise WireError("malformed_body", "The form has too many fields.") from error


def _gathered(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Fields by name; those that are lists, as lists."""
    values: dict[str, list[str]] = {}
    lists: set[str] = set()
    for name, value in pairs:
        bare = name.removesuffix("[]")
        if bare != name or bare in values:
            lists.add(bare)
        values.setdefault(bare, []).append(value)
    return {name: found if name in lists else found[0] for name, found in values.items()}


def _valid(make: Callable[[], M]) -> M:
    """What `make` makes, with its errors as those of a framework's body."""
    try:
        return make()
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in found]
        ) from None
