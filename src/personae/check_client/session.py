"""One session: what it has to work with, and what passed."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx

from personae.check_client.receiver import Receiver

T = TypeVar("T")
_FIRST_PAUSE_S, _MOST_PAUSE_S = 0.2, 2.0
_LONGEST_DETAIL = 500


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the operator gave out; a vendor needs the key, or client id and secret."""

    key: str = ""
    client_id: str = ""
    client_secret: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """Files to work on.

    Attributes
    ----------
    scene, donor, second_donor : picture of one person each
    group : picture of two people
    video : a few seconds of two people
    """

    scene: Path
    donor: Path
    second_donor: Path
    group: Path
    video: Path


@dataclass(frozen=True, slots=True)
class Step:
    """What came of one step; ``detail`` says why it did not pass."""

    name: str
    state: Literal["passed", "failed", "skipped"]
    detail: str
    took_s: float


class Skipped(Exception):
    """The step needs something that is not there."""


class Session:
    """Plays steps and writes down what came of them.

    Parameters
    ----------
    base_url : str
        What a client of the vendor would be configured with, such as ``http://host:8000/a2e``.
    receiver : Receiver or None
        Takes webhooks and serves files, where the server can reach this machine.
    tell : callable
        Told of every step when it is over.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        media: Media,
        receiver: Receiver | None = None,
        *,
        tell: Callable[[Step], None] | None = None,
        timeout_s: float = 180.0,
    ) -> None:
        self.http = httpx.Client(base_url=base_url.rstrip("/"), timeout=60.0)
        self.credentials = credentials
        self.media = media
        self.receiver = receiver
        self.steps: list[Step] = []
        self._tell = tell
        self._timeout_s = timeout_s

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    @property
    def passed(self) -> bool:
        """Whether something was tried and nothing failed."""
        states = {step.state for step in self.steps}
        return "passed" in states and "failed" not in states

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        """One step; whatever is raised in it is why it did not pass, and the session goes on."""
        started = time.perf_counter()
        state, detail = "passed", ""
        try:
            yield
        except Skipped as error:
            state, detail = "skipped", str(error)
        except httpx.HTTPError as error:
            state, detail = "failed", f"{type(error).__name__}: {error}"
        except Exception as error:  # A session must not end at its first surprise.
            state, detail = "failed", str(error) or type(error).__name__
        took_s = time.perf_counter() - started
        done = Step(name, state, detail[:_LONGEST_DETAIL], round(took_s, 3))  # pyright: ignore[reportArgumentType]
        self.steps.append(done)
        if self._tell is not None:
            self._tell(done)

    def need(self, value: T | None, what: str) -> T:
        """Go on with what an earlier step made, or skip this one.

        Raises
        ------
        Skipped
        """
        if value is None:
            raise Skipped(f"There is no {what}.")
        return value

    def expect(self, condition: object, what: str) -> None:
        """Fail the step unless a condition holds.

        Raises
        ------
        AssertionError
        """
        if not condition:
            raise AssertionError(what)

    def poll(
        self, look: Callable[[], T | None], what: str = "the result", timeout_s: float = 0
    ) -> T:
        """What `look` returns once it is not None.

        Raises
        ------
        AssertionError
            If it takes too long.
        """
        deadline, pause_s = time.monotonic() + (timeout_s or self._timeout_s), _FIRST_PAUSE_S
        while True:
            found = look()
            if found is not None:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} did not come in time")
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _MOST_PAUSE_S)

    def webhook(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The webhook that `wanted` tells by its body.

        Raises
        ------
        Skipped
            If there is no receiver.
        AssertionError
            If it does not come.
        """
        receiver = self.need(self.receiver, "receiver that the server could reach")
        return self.poll(lambda: receiver.find(wanted), "the webhook")

    def address_of(self, path: Path) -> str:
        """Where the server can fetch one of our files.

        Raises
        ------
        Skipped
            If there is no receiver.
        """
        return self.need(self.receiver, "address that the server could fetch from").serve(path)

    def download(self, url: str) -> bytes:
        """The bytes behind a link that the server gave out.

        Raises
        ------
        AssertionError, httpx.HTTPError
        """
        answer = httpx.get(url, timeout=60.0, follow_redirects=True)
        self.expect(answer.status_code == 200, f"{url} answered {answer.status_code}")
        self.expect(answer.content, f"{url} is empty")
        return answer.content
