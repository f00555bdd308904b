"""What is in a wheel and in a source distribution, and what must not be."""

from __future__ import annotations

import re
import subprocess
import tarfile
import zipfile
from pathlib import Path

from release.service import Failed

ROOT = Path(__file__).parents[1]
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".mp4", ".webm")
_NEVER = re.compile(
    r"(^|/)(tests?|benchmarks|\.env|\.git|out|\.venv|__pycache__|node_modules)(/|$)"
    r"|\.(pem|key|onnx|tflite|db|sqlite)$|(^|/)secret$"
)
_PACKAGE = "personae/"


def tracked() -> set[str]:
    """The package's files in this checkout, as a wheel calls them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "src/personae"], cwd=ROOT, capture_output=True, check=True
    )
    return {one.removeprefix("src/") for one in listed.stdout.decode().split("\0") if one}


def in_wheel(wheel: Path) -> set[str]:
    """The names in a wheel."""
    with zipfile.ZipFile(wheel) as opened:
        return {one.filename for one in opened.infolist() if not one.is_dir()}


def in_sdist(sdist: Path) -> set[str]:
    """The names in a source distribution, below its one folder."""
    with tarfile.open(sdist) as opened:
        names = {one.name for one in opened.getmembers() if one.isfile()}
    return {name.partition("/")[2] for name in names}


def check_wheel(wheel: Path) -> int:
    """The number of a wheel's files: exactly the package's, and what describes them.

    Raises
    ------
    Failed
    """
    names = in_wheel(wheel)
    package = {name for name in names if ".dist-info/" not in name}
    if package != tracked():
        missing, more = sorted(tracked() - package), sorted(package - tracked())
        raise Failed(f"The wheel lacks {missing[:5]} and has {more[:5]} too many.")
    _nothing_private(names)
    for needed in ("personae/py.typed", "personae/engine/cards/", "personae/app/prices/"):
        if not any(name.startswith(needed) for name in names):
            raise Failed(f"The wheel has no {needed}.")
    return len(names)


def check_sdist(sdist: Path) -> int:
    """The number of a source distribution's files.

    Raises
    ------
    Failed
    """
    names = in_sdist(sdist)
    missing = sorted({f"src/{name}" for name in tracked()} - names)
    if missing:
        raise Failed(f"The source distribution lacks {missing[:5]}.")
    _nothing_private(names)
    for needed in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        if needed not in names:
            raise Failed(f"The source distribution has no {needed}.")
    return len(names)


def _nothing_private(names: set[str]) -> None:
    wrong = [name for name in names if _NEVER.search(name) or name.endswith(_PICTURES)]
    if wrong:
        raise Failed(f"These files must not be published: {sorted(wrong)[:5]}.")
