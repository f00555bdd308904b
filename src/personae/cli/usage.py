"""A command line that cannot be taken apart ends like any other bad input: in one sentence."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from personae.cli.output import Talk
from personae.errors import InvalidRequest

# Typer does not name it: the class of everything that is wrong with a command line.
_UsageError: type[BaseException] = typer.BadParameter.__mro__[1]


class Commands(TyperGroup):
    """Commands whose usage errors are `InvalidRequest`, with ``--json`` as JSON on stdout too."""

    _as_json = False

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run the command line; look first for ``--json``, which may stand behind the mistake."""
        self._as_json = asks_for_json(sys.argv[1:] if args is None else args)
        return super().main(args, *rest, **extra)

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Take this group's own options apart."""
        with _one_sentence(self._as_json):
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Take the options of the command apart, and run it."""
        with _one_sentence(self._as_json):
            return super().invoke(ctx)


def asks_for_json(args: Sequence[str]) -> bool:
    """Whether ``--json`` is among the options; behind ``--`` there are file names only."""
    options = args[: args.index("--")] if "--" in args else args
    return "--json" in options


@contextmanager
def _one_sentence(as_json: bool) -> Generator[None]:
    try:
        yield
    except _UsageError as error:
        # Raised, with the help as its message, where no arguments are a question for help.
        if type(error).__name__ == "NoArgsIsHelpError":
            raise
        usage: Any = error
        said = " ".join(str(usage.format_message()).split()).rstrip(".")
        command = "personae" if usage.ctx is None else usage.ctx.command_path
        with Talk(as_json=as_json):
            raise InvalidRequest(f"{said}; see `{command} --help`.") from error
