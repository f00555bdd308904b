"""Folders for files on their way."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from personae.app.threads import finish_in_thread
from personae.errors import Unavailable

LOCAL_NAME = "The file"  # As refusals begin: "The file is of an unknown kind".


class Scratch:
    """Makes folders in `work_dir`, which is made if it is missing."""

    def __init__(self, work_dir: Path) -> None:
        self._work_dir = work_dir

    @asynccontextmanager
    async def folder(self) -> AsyncGenerator[Path]:
        """An empty folder, removed with all that is in it.

        Raises
        ------
        Unavailable
            If the disk does not take it.
        """
        try:
            folder = await finish_in_thread(self._make)
        except OSError as error:
            raise Unavailable("The service cannot take files now; try again later.") from error
        try:
            yield Path(folder.name)
        finally:
            await finish_in_thread(folder.cleanup)

    def _make(self) -> tempfile.TemporaryDirectory[str]:
        self._work_dir.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(
            prefix="asset-", dir=self._work_dir, ignore_cleanup_errors=True
        )
