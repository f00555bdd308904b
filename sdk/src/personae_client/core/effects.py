"""Work as data: what a step wants done, so that one description serves both kinds of client.

An operation is a generator of effects. It decides everything; a driver (`drivers`) only carries
out, by blocking or by awaiting, and sends back what came of it or throws what went wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar

T = TypeVar("T")


class Body(Protocol):
    """Bytes that can be sent again from their beginning."""

    @property
    def size_bytes(self) -> int:
        """How many there are."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """All of them; may block on a disk."""
        ...

    def sent(self, total_bytes: int) -> None:
        """Called as the bytes go out, in the caller's own thread."""
        ...


@dataclass(frozen=True)
class Call:
    """One HTTP request; the answer is an `Answer`."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    params: tuple[tuple[str, str], ...] = ()
    content: bytes | Body | None = None
    read_s: float | None = None
    """Longest silence while reading; the client's own if None."""


@dataclass(frozen=True)
class OpenStream:
    """As `Call`, but the body of the answer comes by `ReadStream`; one stream is open at a time."""

    call: Call
    follow: bool = False
    """Whether redirects are followed; never with a key."""


@dataclass(frozen=True)
class ReadStream:
    """The next bytes of the open stream; b"" at its end."""


@dataclass(frozen=True)
class Sleep:
    """Do nothing for a while."""

    seconds: float


@dataclass(frozen=True)
class Blocking:
    """Call something that may block on a disk; its result comes back."""

    function: Callable[[], Any]


@dataclass(frozen=True)
class Emit:
    """Hand something to whoever iterates."""

    item: Any


@dataclass(frozen=True)
class Answer:
    """What came back; `content` is empty for a stream. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""


Effect: TypeAlias = Call | OpenStream | ReadStream | Sleep | Blocking | Emit
Steps: TypeAlias = Generator[Effect, Any, T]


@dataclass(frozen=True)
class Done:
    """The steps have ended with this."""

    value: Any


class Machine:
    """Steps under way: `wanted` is the effect that is next, or `Done`."""

    def __init__(self, steps: Steps[Any]) -> None:
        self._steps = steps
        self.wanted: Effect | Done = self._after(lambda: next(steps))

    def feed(self, result: object) -> None:
        """Go on with what came of the effect."""
        self.wanted = self._after(lambda: self._steps.send(result))

    def fail(self, error: Exception) -> None:
        """Go on with what went wrong; raised again if the steps do not handle it."""
        self.wanted = self._after(lambda: self._steps.throw(error))

    def close(self) -> None:
        """Let the steps clean up, wherever they are."""
        self._steps.close()

    def _after(self, move: Callable[[], Effect]) -> Effect | Done:
        try:
            return move()
        except StopIteration as end:
            return Done(end.value)
