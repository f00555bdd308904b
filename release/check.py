"""`make release-check`: build what would be published, and use it where nothing else is.

One line a step, with its time. It needs Git, the packages that pip can reach, and the models, which
it fetches if they are not in the models folder.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from personae.version import __version__
from release.__main__ import build, documents, write_documents
from release.changes import FILE, sections
from release.contents import ROOT, check_sdist, check_wheel, in_wheel
from release.service import PATIENCE_S, Failed, Running, clean_environment, running

_USER_FILE = """\
import personae

donor: personae.Donor = personae.prepare_donor("face.jpg")
result = personae.swap("scene.jpg", donor, face="all", strength=0.8)
print(result.image.shape, [face.score for face in personae.detect("scene.jpg")])
"""
_WRONG_LINE = 'personae.swap("scene.jpg", "face.jpg", strength="much")\n'
_WHERE = "import personae, sys; print(personae.__file__); print(*sys.path, sep='\\n')"
_TASK_S = 120.0


class Check:
    """A folder outside the checkout, and the steps that use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dist = folder / "dist"
        self.venv = folder / "venv"
        self.python = self.venv / "bin" / "python"
        self.environment = clean_environment(folder)

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """What is done, in this order, with what it says."""
        return [
            ("changelog", self.changelog),
            ("build wheel and sdist", self.build),
            ("contents of the wheel", lambda: f"{check_wheel(self.wheel)} files"),
            ("contents of the sdist", lambda: f"{check_sdist(self.sdist)} files"),
            ("twine check", self.twine),
            ("wheel from the sdist", self.from_sdist),
            ("install the wheel with [demo]", self.install),
            ("nothing comes from the checkout", self.apart),
            ("py.typed", self.typed),
            ("personae demo", self.demo),
            ("personae serve, a swap over HTTP", self.serve),
        ]

    @property
    def wheel(self) -> Path:
        """The wheel that was built."""
        return next(self.dist.glob("personae-*.whl"))

    @property
    def sdist(self) -> Path:
        """The source distribution that was built."""
        return next(self.dist.glob("personae-*.tar.gz"))

    def changelog(self) -> str:
        """Its headings have their form, and what is new has one."""
        found = sections(FILE.read_text("utf-8"))
        if "Unreleased" not in found and __version__ not in found:
            raise Failed(f"The changelog has neither Unreleased nor {__version__}.")
        return ", ".join(found)

    def build(self) -> str:
        """Both, and of the SDK as well where there is one."""
        build(ROOT, self.dist)
        if (ROOT / "sdk" / "pyproject.toml").is_file():
            build(ROOT / "sdk", self.dist)
        return ", ".join(sorted(file.name for file in self.dist.iterdir()))

    def twine(self) -> str:
        """Whether an index would take them."""
        files = sorted(str(file) for file in self.dist.iterdir())
        run([sys.executable, "-m", "twine", "check", "--strict", *files])
        return f"{len(files)} files"

    def from_sdist(self) -> str:
        """Who builds from source gets the same wheel."""
        again = self.folder / "again"
        command = [*_PIP, "wheel", "--no-deps", "--wheel-dir", str(again), str(self.sdist)]
        run(command, env=self.environment)
        other = next(again.glob("*.whl"))
        if in_wheel(other) != in_wheel(self.wheel):
            raise Failed("The wheel that the sdist makes has other files.")
        return "the same files"

    def install(self) -> str:
        """Into an environment that has nothing else."""
        run([sys.executable, "-m", "venv", "--without-pip", str(self.venv)])
        wanted = f"{self.wheel}[demo]"
        command = [*_PIP, "--python", str(self.python), "install", "--no-compile", wanted]
        run(command, env=self.environment)
        return self.personae("version").strip()

    def apart(self) -> str:
        """Where Python finds the package, and where it looks at all."""
        told = run([str(self.python), "-c", _WHERE], cwd=self.folder, env=self.environment)
        outside = [line for line in told.splitlines() if line.startswith(str(ROOT))]
        if outside or not told.startswith(str(self.venv)):
            raise Failed(f"The installed package looks into the checkout: {told.splitlines()[0]}")
        return "the environment's own"

    def typed(self) -> str:
        """A type checker sees the types of the installed package, and a mistake in its use."""
        file = self.folder / "user.py"
        checker = [shutil.which("basedpyright", path=str(Path(sys.executable).parent)) or ""]
        if not checker[0]:
            raise Failed("basedpyright is not installed: pip install 'personae[dev]'.")
        checker += ["--pythonpath", str(self.python), "--outputjson", str(file)]
        errors: list[int] = []
        for text in (_USER_FILE, _USER_FILE + _WRONG_LINE):
            file.write_text(text)
            done = subprocess.run(
                checker, cwd=self.folder, capture_output=True, text=True, check=False
            )
            errors.append(json.loads(done.stdout)["summary"]["errorCount"])
        if errors != [0, 1]:
            raise Failed(f"A user's file has {errors[0]} errors, and {errors[1]} with a mistake.")
        return "5 lines without an error; a wrong argument is one"

    def demo(self) -> str:
        """The whole demo, and a picture in which something changed."""
        told = json.loads(self.personae("demo", "-o", "demo", "--json"))
        files = [self.folder / one["file"] for one in told["made"]]
        seen = json.loads(self.personae("inspect", str(files[0]), "--json"))
        if seen["verdict"] != "claimed" or [one["faces"] > 0 for one in told["made"]] != [True] * 2:
            raise Failed("The demo's outputs do not look like swaps.")
        return ", ".join(f"{one.name} {one.stat().st_size // 1024} KiB" for one in files)

    def serve(self) -> str:
        """Ready, its pages, its first key, one swap, its documents and the collection."""
        with running(self.python, self.folder, self.environment) as service:
            pages = [page for page in ("/", "/docs", "/openapi.json") if self._shown(service, page)]
            seconds = self._swap(service)
            write_documents(documents(service.url), self.dist)
        return f"{', '.join(pages)}; a picture swapped in {seconds:.1f} s"

    def personae(self, *arguments: str) -> str:
        """A run of the installed command outside the checkout."""
        command = [str(self.venv / "bin" / "personae"), *arguments]
        return run(command, cwd=self.folder, env=self.environment)

    def _shown(self, service: Running, page: str) -> bool:
        answer = httpx.get(f"{service.url}{page}", timeout=PATIENCE_S)
        if not answer.is_success or not answer.content:
            raise Failed(f"{page} answers {answer.status_code}.")
        return True

    def _upload(self, client: httpx.Client, name: str) -> str:
        with (self.folder / "demo" / name).open("rb") as file:
            answer = client.post("/assets", files={"file": (name, file)})
        return str(answer.raise_for_status().json()["id"])

    def _swap(self, service: Running) -> float:
        started = time.monotonic()
        headers = {"Authorization": f"Bearer {service.key}"}
        api = f"{service.url}/native/v1"
        with httpx.Client(base_url=api, headers=headers, timeout=PATIENCE_S) as client:
            donor, scene = (self._upload(client, one) for one in ("hopper.jpg", "collins.png"))
            wanted = {
                "media": "image",
                "scene": {"asset_id": scene},
                "mappings": [{"donor": {"photos": [{"asset_id": donor}]}}],
            }
            task: dict[str, Any] = client.post("/swaps", json=wanted).raise_for_status().json()
            ends = time.monotonic() + _TASK_S
            while task["status"] in ("queued", "running") and time.monotonic() < ends:
                time.sleep(0.1)
                task = client.get(f"/swaps/{task['id']}").raise_for_status().json()
            if task["status"] != "succeeded":
                raise Failed(f"The task is {task['status']}: {task['error']}")
            url = task["result"]["outputs"][0]["url"]
            (self.folder / "over_http.png").write_bytes(
                httpx.get(url, timeout=PATIENCE_S).raise_for_status().content
            )
        return time.monotonic() - started


_PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


def run(command: list[str], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """What a command prints.

    Raises
    ------
    Failed
        With the end of what it said.
    """
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr + done.stdout).strip()[-1500:]
        raise Failed(f"{Path(command[0]).name} {' '.join(command[1:4])} failed: {said}")
    return done.stdout


def main() -> None:
    """Every step, until one fails."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="personae-release-check-") as folder:
        for name, step in Check(Path(folder).resolve()).steps():
            began = time.monotonic()
            try:
                said = step()
            except (Failed, httpx.HTTPError) as error:
                sys.exit(f"FAIL {name}: {error}")
            print(f"ok   {name:<34} {time.monotonic() - began:6.1f} s   {said}", flush=True)
    print(f"Everything of the release works, in {time.monotonic() - started:.0f} s.")


if __name__ == "__main__":
    main()
