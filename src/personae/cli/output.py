"""How commands talk: results on stdout, everything else on stderr, one ending for every error."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
import traceback
from contextlib import suppress
from types import TracebackType
from typing import Any

import typer

from personae.cli.exit_codes import ExitCode, exit_code_of
from personae.errors import FaceNotFound, PersonaeError, PolicyRefused

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Talk:
    """What one command says, and how it ends when something goes wrong.

    As a context manager it turns every error inside the block into one sentence on stderr and
    the right exit code. With `as_json`, stdout gets exactly one JSON object in any case: the
    result, or ``{"error": {"code", "message", "retryable"}, "exit_code"}``.

    Parameters
    ----------
    as_json : bool
    quiet : bool
        Say nothing on stderr but errors.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet

    def __enter__(self) -> Talk:
        return self

    def note(self, text: str) -> None:
        """Say something that is no result, unless quiet."""
        if not self.quiet:
            _say("", text)

    def warn(self, text: str) -> None:
        """Say that something is not as it should be."""
        if not self.quiet:
            _say("Warning: ", text)

    def result(self, text: str, data: dict[str, Any]) -> None:
        """Say the result: as JSON, or as text for a person."""
        if self.as_json:
            _print_json(data)
        elif text:
            print(text)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or isinstance(error, (typer.Exit, SystemExit)):
            return
        if not isinstance(error, (Exception, KeyboardInterrupt)):
            return
        if isinstance(error, BrokenPipeError):
            return  # Typer ends quietly when the reader of a pipe has gone.
        code = exit_code_of(error)
        if os.environ.get("PERSONAE_DEBUG") == "1":
            traceback.print_exception(kind, error, trace)
        message = _sentence(error, code)
        _say("" if code is ExitCode.INTERRUPTED else "Error: ", message)
        if self.as_json:
            with suppress(OSError):  # It may be stdout itself that cannot be written.
                _print_json(_as_json(error, message, code))
        raise typer.Exit(code)


def _sentence(error: BaseException, code: ExitCode) -> str:
    if isinstance(error, PersonaeError):
        return error.message
    if code is ExitCode.INTERRUPTED:
        return "Interrupted; no output was left."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "There is no room left on the device; free some, or write elsewhere."
    if isinstance(error, MemoryError):
        return "The memory of this machine is not enough; use smaller media."
    return (
        f"Something went wrong inside Personae ({type(error).__name__}: {error}). "
        "Set PERSONAE_DEBUG=1 to see where, and please report it."
    )


def _as_json(error: BaseException, message: str, code: ExitCode) -> dict[str, Any]:
    known = isinstance(error, PersonaeError)
    interrupted = code is ExitCode.INTERRUPTED
    details: dict[str, Any] = {
        "code": error.code if known else "canceled" if interrupted else "internal",
        "message": message,
        "retryable": known and error.retryable,
    }
    if isinstance(error, FaceNotFound | PolicyRefused):
        details["role"] = error.role
    if isinstance(error, PolicyRefused):
        details["reason"] = error.reason
    return {"error": details, "exit_code": int(code)}


def _say(label: str, text: str) -> None:
    """One line on stderr: what a file's name would do to a terminal is shown, not done."""
    shown = _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    print(f"{label}{shown}", file=sys.stderr, flush=True)


def _print_json(data: dict[str, Any]) -> None:
    """One object on stdout, readable where its encoding allows, else in ASCII."""
    text = json.dumps(data, ensure_ascii=False, indent=2, default=str)
    try:
        text.encode(sys.stdout.encoding or "ascii")  # JSON must be valid: no bytes slip through
    except UnicodeEncodeError:
        text = json.dumps(data, indent=2, default=str)
    print(text, flush=True)
