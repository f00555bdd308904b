"""``personae serve``, ``personae api`` and ``personae worker``: running the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from personae.cli.output import Talk

Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Database, files and scratch space.")
]
Host = Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 by default.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 8000 by default.")]


def serve(host: Host = None, port: Port = None, data: Data = None) -> None:
    """Run the whole service on this machine: the HTTP API and a worker.

    Ready when `/readyz` answers 200. The first start makes a tenant, `default`, and prints its API
    key once.
    """
    with Talk() as talk:
        from personae.hosting import running
        from personae.hosting.folders import keep_private
        from personae.hosting.settings import load_settings

        keep_private()
        settings = load_settings(host=host, port=port, data_dir=data)
        running.serve(settings, say=talk.note)


def api(host: Host = None, port: Port = None, data: Data = None) -> None:
    """Run the HTTP API alone; it swaps nothing itself."""
    with Talk() as talk:
        from personae.hosting import running
        from personae.hosting.folders import keep_private
        from personae.hosting.settings import load_settings

        keep_private()
        settings = load_settings(host=host, port=port, data_dir=data)
        running.run_api(settings, say=talk.note)


def worker(
    data: Data = None,
    supervised: Annotated[
        bool, typer.Option(hidden=True, help="End when standard input ends.")
    ] = False,
) -> None:
    """Run a worker: it takes tasks from the database that the API writes them to."""
    with Talk() as talk:
        from personae.hosting import running
        from personae.hosting.folders import keep_private
        from personae.hosting.settings import load_settings

        keep_private()
        settings = load_settings(data_dir=data)
        running.run_worker(settings, supervised=supervised, say=talk.note)
