"""Make everything that a release consists of: ``python -m release [FOLDER]``."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from personae.version import __version__
from release.changes import excerpt
from release.contents import ROOT
from release.postman import collection
from release.service import PATIENCE_S, Failed, clean_environment, running

DIALECTS = {"a2e": "A2E", "crun": "crun", "aifaceswap": "aifaceswap", "vidnoz": "Vidnoz"}


def build(project: Path, folder: Path) -> None:
    """A project's source distribution, and the wheel that comes of it.

    From a copy of the files that Git knows: nothing else that lies about gets in, and what building
    leaves behind goes with the copy.

    Raises
    ------
    Failed
    """
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=project, capture_output=True, check=True)
    with tempfile.TemporaryDirectory(prefix="personae-build-") as copy:
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (project / name).is_file():
                (Path(copy) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(project / name, Path(copy) / name)
        command = [sys.executable, "-m", "build", "--outdir", str(folder), copy]
        environment = clean_environment(Path(copy))
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{project.name} does not build: {(done.stderr or done.stdout)[-1500:]}")


def documents(url: str) -> dict[str, dict[str, Any]]:
    """The OpenAPI document of every part of a running service, by its name."""
    told = {"native": _get(f"{url}/openapi.json").raise_for_status().json()}
    for name in DIALECTS:
        told[name] = _get(f"{url}/{name}/openapi.json").raise_for_status().json()
    return told


def _get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=PATIENCE_S)


def write_documents(told: dict[str, dict[str, Any]], folder: Path) -> None:
    """The OpenAPI files and the Postman collection."""
    for name, document in told.items():
        file = "openapi.json" if name == "native" else f"openapi-{name}.json"
        _write_json(folder / file, document)
    named = {DIALECTS.get(name, "Personae"): document for name, document in told.items()}
    _write_json(folder / "personae.postman_collection.json", collection(named, __version__))


def write_sums(folder: Path) -> None:
    """SHA256SUMS of everything in the folder, as `sha256sum --check` reads it."""
    sums = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}"
        for file in sorted(folder.iterdir())
        if file.name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("\n".join(sums) + "\n")


def make(folder: Path) -> None:
    """Everything of a release.

    Raises
    ------
    Failed
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.is_file():
            old.unlink()
    build(ROOT, folder)
    if (ROOT / "sdk" / "pyproject.toml").is_file():
        build(ROOT / "sdk", folder)
    with tempfile.TemporaryDirectory(prefix="personae-release-") as scratch:
        place = Path(scratch)
        environment = clean_environment(place) | {"PYTHONPATH": str(ROOT / "src")}
        with running(Path(sys.executable), place, environment) as service:
            write_documents(documents(service.url), folder)
    (folder / "CHANGES.md").write_text(excerpt(__version__), "utf-8")
    write_sums(folder)


def _write_json(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist")
    try:
        make(target)
    except Failed as error:
        sys.exit(f"Error: {error}")
    for made in sorted(target.iterdir()):
        print(f"{made.stat().st_size:>10}  {made.name}")
