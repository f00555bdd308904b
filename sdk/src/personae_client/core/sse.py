"""Server-sent events, as the HTML standard writes them (WHATWG, section 9.2)."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """One event with its data, and the id to come back with."""

    name: str
    data: str
    id: str


class Parser:
    """Takes bytes as they come, and gives events as they are complete."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._name, self._data, self._id = "", list[str](), ""

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that end in these bytes."""
        self._text += self._decoder.decode(chunk)
        # A final \r may be the first half of \r\n.
        keep = "\r" if self._text.endswith("\r") else ""
        text = self._text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n")
        *lines, rest = text.split("\n")
        self._text = rest + keep
        for line in lines:
            event = self._line(line)
            if event is not None:
                yield event

    def _line(self, line: str) -> Event | None:
        if not line:
            data, name = "\n".join(self._data), self._name or "message"
            had_data = bool(self._data)
            self._name, self._data = "", []
            return Event(name, data, self._id) if had_data else None
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                self._name = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id = value
            case _:
                pass  # A comment, or a field that this client does not need.
        return None
