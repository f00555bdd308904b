"""Fetching models where people can see it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from personae import wiring
from personae.adapters.distributions import Progress as Report
from personae.cli.output import Talk
from personae.cli.progress import redraws

if TYPE_CHECKING:
    from rich.progress import TaskID


@contextmanager
def download_bars() -> Generator[Report]:
    """Bars on stderr, one for each thing that is fetched; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not redraws()) as progress:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total or None)
            progress.update(tasks[what], completed=min(done, total or done))

        yield report


def fetch_models(talk: Talk) -> None:
    """Fetch the models that are missing, once and in sight; say nothing when all are there.

    Raises
    ------
    ModelError
    """
    if not wiring.models_are_missing():
        return
    talk.note("Fetching the models, once: about 130 MB, of which 26 MB stay.")
    with download_bars() as report:
        wiring.fetch_missing_models(report)
