"""A form with photos of somebody and what is to be written down about them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request

from personae.app.filenames import clean_filename
from personae.app.receiving import Receiver
from personae.app.register import RegisterService
from personae.app.register_entries import Entry, expiry_of
from personae.domain.register import MAX_PHOTOS
from personae.errors import FeatureDisabled, InvalidRequest
from personae.wire.dialects import Call
from personae.wire.guard import is_multipart, refuse_unknown
from personae.wire.multipart import FormParts, Part
from personae.wire.problems import WireError

ENTRY_FIELDS = ("name", "applies_to", "reason", "origin", "expires_at")
PHOTO_FIELD = "photo"
PHOTO_BYTES = 64 << 20
_FIELD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Form:
    """What a form held: its fields, and its photos in a folder that goes with the request."""

    fields: dict[str, str]
    photos: list[Path]
    names: list[str]

    def entry(self) -> Entry:
        """What is to be written down.

        Raises
        ------
        InvalidRequest
        """
        given = {name: self.fields.get(name, "") for name in ("name", "reason", "origin")}
        applies_to: Any = self.fields.get("applies_to") or "either"
        expires_at = expiry_of(self.fields.get("expires_at", ""))
        return Entry(**given, applies_to=applies_to, expires_at=expires_at)


def register_of(call: Call) -> RegisterService:
    """The service's register.

    Raises
    ------
    FeatureDisabled
    """
    if call.services.register is None:
        raise FeatureDisabled("This service has no register.")
    return call.services.register


@asynccontextmanager
async def read_form(
    request: Request, register: RegisterService, fields: Collection[str] = ENTRY_FIELDS
) -> AsyncGenerator[Form]:
    """The form that a request brings; its photos are gone afterwards.

    Raises
    ------
    WireError, RequestValidationError, InvalidRequest, MediaTooLarge, Unavailable
    """
    if not is_multipart(request):
        raise WireError("unsupported_body", "Send a multipart form with the photos in it.")
    async with register.scratch.folder() as folder:
        form = Form({}, [], [])
        kind = request.headers.get("content-type", "")
        async for part in FormParts(request.stream(), kind):
            if part.is_file:
                await _take_photo(part, folder, form)
            elif part.name not in fields:
                refuse_unknown("body", [part.name])
            else:
                form.fields[part.name] = await _text(part)
        yield form


async def _take_photo(part: Part, folder: Path, form: Form) -> None:
    if part.name != PHOTO_FIELD:
        refuse_unknown("body", [part.name])
    if len(form.photos) == MAX_PHOTOS:
        raise InvalidRequest(f"An entry is made of at most {MAX_PHOTOS} photos.")
    path = folder / f"photo{len(form.photos)}"
    path.touch()
    stored = await Receiver(path, PHOTO_BYTES).receive(part.data)
    if not stored.size_bytes and part.filename is None:
        return  # A field of a page that was left empty.
    form.photos.append(path)
    form.names.append(clean_filename(part.filename) or f"photo {len(form.photos)}")


async def _text(part: Part) -> str:
    data = b""
    async for chunk in part.data:
        data += chunk
        if len(data) > _FIELD_BYTES:
            raise InvalidRequest(f"The field {part.name} is too long.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise WireError("malformed_body") from error
