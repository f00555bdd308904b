"""Multipart forms (RFC 7578) as they arrive: nothing is kept, on disk or in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from personae.wire.guard import refuse_unknown
from personae.wire.problems import WireError

_MOST_HEADER_BYTES = 8192
_MOST_HEADERS = 32


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form.

    Attributes
    ----------
    is_file : bool
        Whether it was sent as a file, even if the file has no name.
    data : async iterator of bytes
        To be read, or left alone, before the next part is asked for.
    """

    name: str
    filename: str | None
    content_type: str | None
    is_file: bool
    data: AsyncIterator[bytes]


class FormParts:
    """The fields of a form, one after the other.

    Parameters
    ----------
    chunks : async iterator of bytes
        The body.
    content_type : str
        The header; it has the boundary.

    Raises
    ------
    WireError
        ``malformed_body``, here and from the iterators.
    """

    def __init__(self, chunks: AsyncIterator[bytes], content_type: str) -> None:
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        self._chunks = chunks
        self._field, self._value = bytearray(), bytearray()
        self._headers: dict[str, str] = {}
        # What has been parsed and not yet asked for: headers begin a part, None ends it.
        self._found: deque[dict[str, str] | bytes | None] = deque()
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_header_field": lambda data, start, end: self._extend(
                        self._field, data[start:end]
                    ),
                    "on_header_value": lambda data, start, end: self._extend(
                        self._value, data[start:end]
                    ),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_data,
                    "on_part_data": lambda data, start, end: self._found.append(data[start:end]),
                    "on_part_end": lambda: self._found.append(None),
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _malformed() from error
        if not boundary:
            raise _malformed()

    async def __aiter__(self) -> AsyncIterator[Part]:
        """Ends well only after the whole form was there."""
        while await self._fill():
            found = self._found.popleft()
            if isinstance(found, dict):  # What is left of a part that nobody read is passed over.
                yield self._part(found)
        if not self._ended:
            raise _malformed()

    def _part(self, headers: dict[str, str]) -> Part:
        told = headers.get("content-disposition", "")
        # The parser takes Latin-1; browsers send names in UTF-8.
        options = parse_options_header(told.encode().decode("latin-1"))[1]
        return Part(
            name=options.get(b"name", b"").decode("utf-8", "replace"),
            filename=options.get(b"filename", b"").decode("utf-8", "replace") or None,
            content_type=headers.get("content-type"),
            is_file=b"filename" in options,
            data=self._data(),
        )

    async def _data(self) -> AsyncIterator[bytes]:
        while await self._fill():
            if isinstance(self._found[0], dict):
                return
            found = self._found.popleft()
            if not isinstance(found, bytes):
                return
            yield found
        raise _malformed()

    async def _fill(self) -> bool:
        """Whether there is anything more; reads on if nothing is waiting."""
        while not self._found:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                return False
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise _malformed() from error
        return True

    def _extend(self, kept: bytearray, data: bytes) -> None:
        kept += data
        if len(kept) > _MOST_HEADER_BYTES:
            raise _malformed()

    def _end_header(self) -> None:
        name = self._field.decode("latin-1").lower()
        self._headers[name] = self._value.decode("utf-8", "replace")
        self._field.clear()
        self._value.clear()
        if len(self._headers) > _MOST_HEADERS:
            raise _malformed()

    def _begin_data(self) -> None:
        self._found.append(self._headers)
        self._headers = {}

    def _end(self) -> None:
        self._ended = True


class FormFile:
    """The one file of a form.

    Call `open` first; then `filename` and `content_type` are known and `data` gives the bytes.

    Parameters
    ----------
    chunks, content_type
        See `FormParts`.
    field : str, optional
        The only field that the form may have. Without it the file may have any name, and other
        fields are passed over.

    Raises
    ------
    WireError
        ``malformed_body``, here and from the methods.
    RequestValidationError
        From the methods, if there is another field.
    """

    filename: str | None = None
    content_type: str | None = None

    def __init__(
        self, chunks: AsyncIterator[bytes], content_type: str, field: str | None = None
    ) -> None:
        self._parts = aiter(FormParts(chunks, content_type))
        self._only = field
        self._file: Part | None = None

    async def open(self) -> None:
        """Read up to the file's first byte."""
        async for part in self._parts:
            self._check(part)
            if part.is_file:
                self._file, self.filename, self.content_type = (
                    part,
                    part.filename,
                    part.content_type,
                )
                return
        raise WireError("malformed_body", "The form has no file; add one as `file`.")

    async def data(self) -> AsyncIterator[bytes]:
        """The file's bytes; ends well only after the whole form was there."""
        if self._file is None:
            raise _malformed()
        async for chunk in self._file.data:
            yield chunk
        async for part in self._parts:
            self._check(part)
            if part.is_file:
                raise WireError("malformed_body", "Send one file at a time.")

    def _check(self, part: Part) -> None:
        if self._only is not None and part.name != self._only:
            refuse_unknown("body", [part.name])


def _malformed() -> WireError:
    return WireError("malformed_body", "The body is not a whole multipart form.")
