"""The file in a multipart form (RFC 7578), as it arrives: nothing is kept, on disk or in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from personae.wire.guard import refuse_unknown
from personae.wire.problems import WireError

_MOST_HEADER_BYTES = 8192


class FormFile:
    """The one file of a form.

    Call `open` first; then `filename` and `content_type` are known and `data` gives the bytes.

    Parameters
    ----------
    chunks : async iterator of bytes
        The body.
    content_type : str
        The header; it has the boundary.
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
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        self._chunks, self._only = chunks, field
        self._field, self._value = bytearray(), bytearray()
        self._headers: dict[str, str] = {}
        self._data: deque[bytes] = deque()
        self._in_file = self._seen = self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._headers.clear,
                    "on_header_field": lambda data, start, end: self._extend(
                        self._field, data[start:end]
                    ),
                    "on_header_value": lambda data, start, end: self._extend(
                        self._value, data[start:end]
                    ),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_data,
                    "on_part_data": lambda data, start, end: self._take(data[start:end]),
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _malformed() from error
        if not boundary:
            raise _malformed()

    async def open(self) -> None:
        """Read up to the file's first byte."""
        while not self._seen:
            if not await self._more():
                raise WireError("malformed_body", "The form has no file; add one as `file`.")

    async def data(self) -> AsyncIterator[bytes]:
        """The file's bytes; ends well only after the whole form was there."""
        while True:
            while self._data:
                yield self._data.popleft()
            if not await self._more():
                break
        if not self._ended:
            raise _malformed()

    async def _more(self) -> bool:
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

    def _begin_data(self) -> None:
        told = self._headers.get("content-disposition", "")
        # The parser takes Latin-1; browsers send names in UTF-8.
        options = parse_options_header(told.encode().decode("latin-1"))[1]
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._only is not None and name != self._only:
            refuse_unknown("body", [name])
        self._in_file = b"filename" in options
        if not self._in_file:
            return
        if self._seen:
            raise WireError("malformed_body", "Send one file at a time.")
        self._seen = True
        self.filename = options[b"filename"].decode("utf-8", "replace") or None
        self.content_type = self._headers.get("content-type")

    def _take(self, data: bytes) -> None:
        if self._in_file:
            self._data.append(data)

    def _end_part(self) -> None:
        self._in_file = False

    def _end(self) -> None:
        self._ended = True


def _malformed() -> WireError:
    return WireError("malformed_body", "The body is not a whole multipart form.")
