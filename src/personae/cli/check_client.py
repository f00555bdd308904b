"""``personae check-client``: play a vendor's client against a server."""

from __future__ import annotations

import importlib
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from personae.check_client import NAMES
from personae.cli.output import Talk

if TYPE_CHECKING:
    from personae.check_client.session import Media, Step

_MARKS = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}
File = Annotated[
    Path | None,
    typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Your own, to play with."),
]


def check_client(
    vendor: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}.")],
    base_url: Annotated[
        str, typer.Option(help="What that vendor's client would call, e.g. http://host:8000/a2e.")
    ],
    key: Annotated[str, typer.Option(envvar="PERSONAE_KEY", help="An API key.")] = "",
    client_id: Annotated[str, typer.Option(help="For vendors with tokens.")] = "",
    client_secret: Annotated[str, typer.Option(help="For vendors with tokens.")] = "",
    scene: File = None,
    donor: File = None,
    second_donor: File = None,
    group: File = None,
    video: File = None,
    listen: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT",
            help="Where to take webhooks and offer files; port 0 is a free one.",
        ),
    ] = "127.0.0.1:0",
    public_url: Annotated[
        str, typer.Option(help="How the server reaches this machine, if not by --listen.")
    ] = "",
    timeout: Annotated[float, typer.Option(help="Seconds to wait for one result.")] = 180.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Play a whole session of a vendor's client, and print what passed.

    Without files of your own, public-domain portraits are used, which come with packages
    (pip install matplotlib scikit-image). Webhooks and files need the server to reach this
    machine: for a private address, the server's PERSONAE_FETCH_ALLOW has to name it.
    """
    with Talk(as_json=as_json) as talk:
        from personae.check_client.receiver import Receiver
        from personae.check_client.session import Credentials, Session
        from personae.errors import InvalidRequest

        if vendor not in NAMES:
            raise InvalidRequest(f"There is no {vendor}; there is {', '.join(NAMES)}.")
        host, _, port = listen.rpartition(":")
        if not port.isdigit():
            raise InvalidRequest("Give --listen as HOST:PORT.")

        def tell(step: Step) -> None:
            if not as_json:
                print(f"{_MARKS[step.state]} {step.name} {step.detail}".rstrip(), flush=True)

        with (
            tempfile.TemporaryDirectory(prefix="personae-check-") as folder,
            Receiver(host or "127.0.0.1", int(port), public_url) as receiver,
        ):
            media = _media(Path(folder), scene, donor, second_donor, group, video)
            credentials = Credentials(key, client_id, client_secret)
            session = Session(base_url, credentials, media, receiver, tell=tell, timeout_s=timeout)
            try:
                importlib.import_module(f"personae.check_client.{vendor}").play(session)
            finally:
                session.close()
        counts = {state: sum(step.state == state for step in session.steps) for state in _MARKS}
        talk.result(
            ", ".join(f"{count} {state}" for state, count in counts.items()),
            {"vendor": vendor, **counts, "steps": [asdict(step) for step in session.steps]},
        )
    if not session.passed:
        raise typer.Exit(1)


def _media(
    folder: Path,
    scene: Path | None,
    donor: Path | None,
    second_donor: Path | None,
    group: Path | None,
    video: Path | None,
) -> Media:
    """The files that were given, the others made."""
    from personae.check_client.media import made_in
    from personae.check_client.session import Media

    own = {
        "scene": scene,
        "donor": donor,
        "second_donor": second_donor,
        "group": group,
        "video": video,
    }
    given = {name: path for name, path in own.items() if path is not None}
    if len(given) == len(own):
        return Media(**given)
    return replace(made_in(folder), **given)
