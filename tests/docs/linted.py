"""Programs that a test does not run in earnest: it looks whether they could be.

``make`` is run, but only to print (`-n`), and what it would start is looked for. ``pip install``
must name this project, its client, a folder here or a package that is installed, with extras that
exist. Of the others, the files of ours that they are given must be there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

ROOT = Path(__file__).parents[2]
_OURS = {"personae": ROOT, "personae-client": ROOT / "sdk"}
_FOLDER = re.compile(r"(\.{1,2}(?:/[\w./-]*)?)(?:\[([\w,-]+)\])?")
_FILE = re.compile(r"(?:\./)?(?:deploy|docs|examples|src|sdk)/[\w./-]+")


def main(program: str, arguments: list[str]) -> int:
    """1 with a sentence, if this could not work."""
    look = {"make": make, "pip": pip}.get(program, files)
    if wrong := look(arguments):
        print(wrong, file=sys.stderr)
        return 1
    print(f"{program} {' '.join(arguments)}: looked at, not run")
    return 0


def make(arguments: list[str]) -> str:
    """What is wrong with the targets, or with the programs that they would start."""
    program = shutil.which("make", path=os.environ["DOCS_PATH"])
    if program is None:
        return "make is not installed"
    done = subprocess.run(
        [program, "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return done.stderr
    sys.path.insert(0, str(ROOT))
    for name in re.findall(r"python -m ([\w.]+)", done.stdout):
        if find_spec(name) is None:
            return f"there is no module {name}"
    for name in re.findall(r"python ([\w/]+\.py)", done.stdout):
        if not (ROOT / name).exists():
            return f"there is no file {name}"
    return ""


def pip(arguments: list[str]) -> str:
    """What is wrong with what is to be installed."""
    if arguments[:1] != ["install"]:
        return "only pip install is known here"
    return next((told for each in arguments[1:] if (told := _installed(each))), "")


def _installed(wanted: str) -> str:
    if wanted.startswith("-"):
        return ""
    if folder := _FOLDER.fullmatch(wanted):
        return _extras(ROOT / folder[1], set(filter(None, (folder[2] or "").split(","))))
    try:
        given = Requirement(wanted)
    except InvalidRequirement as error:
        return f"{wanted}: {error}"
    if given.name in _OURS:
        return _extras(_OURS[given.name], given.extras)
    if find_spec(given.name.replace("-", "_")) is None:
        return f"{given.name} is neither ours nor something that we need"
    return ""


def _extras(home: Path, extras: set[str]) -> str:
    if not (home / "pyproject.toml").exists():
        return f"there is no project in {home.name}"
    project = tomllib.loads((home / "pyproject.toml").read_text("utf-8"))["project"]
    unknown = extras - set(project.get("optional-dependencies", {}))
    return f"there are no extras {', '.join(sorted(unknown))}" if unknown else ""


def files(arguments: list[str]) -> str:
    """Which file of ours is named and missing."""
    missing = [each for each in arguments if _FILE.fullmatch(each) and not (ROOT / each).exists()]
    return f"there is no {', '.join(missing)}" if missing else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
