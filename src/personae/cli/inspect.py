"""``personae inspect``: whether a file was made by Personae, and by whom."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personae.cli.output import Talk
from personae.cli.pipes import Pipes
from personae.errors import MediaUnreachable, Unavailable

if TYPE_CHECKING:
    from personae.app.inspecting import Inspection

_TIMEOUT_S = 90.0
_VERDICTS = {
    "exact": "made here: these are the very bytes of an output",
    "marked": "made here: it carries the mark of a task",
    "claimed": "made by Personae, says {what}",
    "unknown": "nothing says that Personae made it, which proves nothing",
}


def inspect(
    file: Annotated[Path, typer.Argument(help="A picture, an animation or a video.")],
    service: Annotated[
        bool,
        typer.Option(
            "--service", help="Look in the service's database for the task as well (operators)."
        ),
    ] = False,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The service's folder, with --service.")
    ] = None,
    base_url: Annotated[
        str, typer.Option(help="Ask a service instead: the file is sent there, and not kept.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on stdout.")
    ] = False,
) -> None:
    """Say what a file's manifest tells, and whether it carries the invisible mark."""
    with Talk(as_json=as_json) as talk, Pipes() as pipes:
        file = pipes.file(file)
        told = _asked(file, base_url) if base_url else _looked(file, data, service)
        talk.result(describe(file, told), {"file": str(file), **told})


def _looked(file: Path, data: Path | None, service: bool) -> dict[str, Any]:
    """What this machine finds by itself; with the task, if the database may be asked."""
    from personae import signing
    from personae.app.inspecting import Inspection
    from personae.inspecting.files import inspect_file

    try:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
            size = opened.tell()
    except OSError as error:
        raise MediaUnreachable(f"{file} cannot be read: {error.strerror}.") from error
    asked = service or data is not None
    seen = inspect_file(file, _anchors(data) if asked else signing.trust_anchors()).to_json()
    found = Inspection(digest, size, seen["kind"], seen["manifest"], seen["mark"], None, None)
    if asked:
        found = _in_database(found, data)
    return _plain(found)


def _anchors(data: Path | None) -> dict[str, str]:
    """Whom the service trusts: it knows its own signatures again."""
    from personae.adapters.provenance.keeper import read_anchors
    from personae.hosting.settings import load_settings

    return read_anchors(load_settings(data_dir=data).signing)


def _in_database(found: Inspection, data: Path | None) -> Inspection:
    from dataclasses import replace

    from personae.app.inspecting import origin_of_bytes, origin_of_mark
    from personae.cli.admin.common import open_database

    number = None if found.mark is None else int(found.mark["number"])
    with open_database(data, there=True) as database:
        exact, marked = database.read(
            lambda tx: (origin_of_bytes(tx, found.sha256), origin_of_mark(tx, number))
        )
    return replace(found, exact=exact, marked=marked)


def _plain(found: Inspection) -> dict[str, Any]:
    """As the service answers, with everything that an operator may know."""
    from personae.app.hooks import iso_time

    def origin(one: Any) -> dict[str, Any] | None:
        if one is None:
            return None
        return {
            "made_at": iso_time(one.made_at),
            "still_here": one.there,
            "task_id": one.task_id,
            "tenant_id": one.tenant_id,
        }

    mark = None
    if found.mark is not None:
        number = f"{int(found.mark['number']):010x}"
        mark = {**found.mark, "number": number, "origin": origin(found.marked)}
    return {
        "verdict": found.verdict,
        "sha256": found.sha256,
        "size_bytes": found.size_bytes,
        "kind": found.kind,
        "exact": origin(found.exact),
        "mark": mark,
        "manifest": found.manifest,
    }


def _asked(file: Path, base_url: str) -> dict[str, Any]:
    """What a service says."""
    import httpx

    try:
        with file.open("rb") as opened:
            answer = httpx.post(
                f"{base_url.rstrip('/')}/native/v1/inspect",
                content=opened,
                headers={"Content-Type": "application/octet-stream"},
                timeout=_TIMEOUT_S,
            )
    except OSError as error:
        raise MediaUnreachable(f"{file} cannot be read: {error.strerror}.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"{base_url} does not answer: {error}.") from error
    try:
        told: dict[str, Any] = answer.json()
    except ValueError as error:
        raise Unavailable(f"{base_url} answered {answer.status_code}, without JSON.") from error
    if not answer.is_success:
        raise Unavailable(f"{base_url} says: {told.get('detail') or answer.status_code}")
    return told


def describe(file: Path, told: dict[str, Any]) -> str:
    """A few lines for a person."""
    mark, manifest = told["mark"], told["manifest"]
    claims = {"its mark": mark is not None, "its manifest": bool(manifest and manifest["valid"])}
    what = " and ".join(name for name, holds in claims.items() if holds)
    lines = [f"{file}: {_VERDICTS[told['verdict']].format(what=what)}"]
    if mark is None:
        lines.append("  mark      none could be read")
    else:
        local = int(mark["number"], 16) == 0
        number = "made without a service" if local else f"number {mark['number']}"
        lines.append(f"  mark      {number}, confidence {mark['confidence']:.2f}")
    origins: list[tuple[str, Any]] = [("bytes", told["exact"])]
    if mark is not None:
        origins.append(("task", mark["origin"]))
    for name, origin in origins:
        if origin is not None:
            kept = "still kept" if origin["still_here"] else "no longer kept"
            named = f", {origin['task_id']}" if origin["task_id"] else ""
            lines.append(f"  {name:9} made {origin['made_at']}{named}, {kept}")
    lines.extend(_manifest_lines(manifest))
    return "\n".join(lines)


def _manifest_lines(manifest: dict[str, Any] | None) -> list[str]:
    if manifest is None:
        return ["  manifest  none"]
    holds = "holds" if manifest["valid"] else "DOES NOT HOLD"
    trust = {"trusted": "trusted", "local": "this machine's own certificate"}
    signer = trust.get(str(manifest["trust"]), "an untrusted certificate")
    lines = [f"  manifest  {manifest['place']}, {holds}, signed with {signer}"]
    shown = (
        ("made by", manifest["generator"]),
        ("signer", manifest["signer"]),
        ("signed", manifest["signed_at"]),
        ("is", manifest["digital_source_type"]),
    )
    lines.extend(f"            {name}: {value}" for name, value in shown if value)
    lines.extend(
        f"            from: {one['title'] or 'something'} ({one['relationship']})"
        for one in manifest["ingredients"]
    )
    lines.extend(f"            problem: {problem}" for problem in manifest["problems"])
    return lines
