"""``-`` as a file name: standard input and standard output, for commands that need whole files."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from personae.errors import InvalidRequest

DASH: Final = Path("-")
_ENDINGS: Final = {"picture": ".png", "animation": ".gif", "video": ".mp4"}


class Pipes:
    """Files that stand for standard input and output while the block runs, and go with it."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._read = False
        self._output: Path | None = None

    def __enter__(self) -> Pipes:
        return self

    def file(self, path: Path) -> Path:
        """`path`, or a file with what stands on standard input if it is ``-``.

        Raises
        ------
        InvalidRequest
            If nothing is piped in, or it has been taken already.
        """
        if path != DASH:
            return path
        if self._read:
            raise InvalidRequest("Standard input is one file: give - once.")
        if sys.stdin.isatty():
            raise InvalidRequest("Nothing is piped in: `personae … - < FILE`.")
        self._read = True
        taken = self._place() / "standard-input"
        with taken.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        return taken

    def files(self, paths: Sequence[Path]) -> list[Path]:
        """Each of `paths`, as `file` has it."""
        return [self.file(path) for path in paths]

    def output(self, path: Path, paths: Sequence[Path], *, as_json: bool) -> Path:
        """`path`, or a file that `pass_on` writes to standard output if it is ``-``.

        Parameters
        ----------
        paths : sequence of files
            The last one is the scene: the output is of its kind.

        Raises
        ------
        InvalidRequest
            If standard output has another use.
        """
        if path != DASH or not paths:
            return path
        if as_json:
            raise InvalidRequest("Use either --json or -o -: both need standard output.")
        if sys.stdout.isatty():
            raise InvalidRequest("Standard output is a terminal: `personae swap … -o - > FILE`.")
        from personae.video.sniffing import sniff

        ending = _ENDINGS.get(sniff(paths[-1]), ".png")
        self._output = self._place() / f"standard-output{ending}"
        return self._output

    def pass_on(self) -> None:
        """Write what was made to standard output, if that is where it belongs."""
        if self._output is not None:
            with self._output.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()

    def _place(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="personae-")
        return Path(self._folder.name)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()
