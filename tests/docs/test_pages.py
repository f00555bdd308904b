"""Every page is read from top to bottom, and what it says to type is typed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from docs.blocks import LANGUAGES, LOOKED_AT, REASONS, RUN, Block, Unclear, blocks, pages, spans
from docs.kinds import commands, look_at, usage, write
from docs.sessions import Python, Shell, Wrong, matches, prints
from docs.world import World, room
from personae.adapters.model_store import ModelStore

NOT_RUN_AT_MOST = 16
"""Raise it only for a block that truly cannot be run, for a reason that blocks.REASONS names."""

PAGES = [page for page in pages() if any(each.language != "text" for each in blocks(page))]
# What shows that a page needs the service, or only what that keeps.
_SERVED = re.compile(
    r"host:8000|127\.0\.0\.1:8000|localhost:8000|\$\{?(KEY|SERVICE|SITE)\b|personae serve\b"
)
_KEPT = re.compile(
    r"personae (keys|tenants|credits|tasks|consents|register|storage|audit|admin)\b|--data\b"
)
_DATABASE = "postgresql://personae:…@db/personae"
_HOSTS = re.compile(r"http://(?:host|127\.0\.0\.1|localhost):8000")
_NEEDS = ("curl", "jq", "node", "openssl", "sqlite3")


@pytest.fixture(scope="session")
def world(
    store: ModelStore, signing_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("docs"), store.folder, signing_dir)
    yield made
    made.close()


@dataclass
class Reader:
    """Somebody who goes through one page and does what it says."""

    world: World
    folder: Path
    environment: dict[str, str]
    _shell: Shell | None = None
    _python: Python | None = None
    _last: str = ""

    @property
    def shell(self) -> Shell:
        if self._shell is None:
            self._shell = Shell(self.folder, self.environment)
        return self._shell

    def read(self, whole: list[Block]) -> str:
        """Do everything, up to the first block that is wrong; what is wrong with that."""
        for block in whole:
            try:
                self.do(block)
            except (AssertionError, Unclear) as error:
                return f"{block.place}: {error}\n\n{block.text}"
        return ""

    def do(self, block: Block) -> None:
        """Run a block, or look at it."""
        for line in block.asked("before"):
            code, out = self.shell.run(self.here(line))
            if code:
                raise Wrong(f"before it, {line!r} ended with {code}: {out}")
        for name in block.asked("file"):
            write(block, self.folder, name)
            if block.language in RUN:
                return
        if block.language in RUN:
            self._last = self.there(getattr(self, block.language)(block))
        else:
            look_at(block)
        for line in block.asked("prints"):
            if not prints(self._last, line):
                raise Wrong(f"no line of what it prints is {line!r}:\n{self._last}")
        if block.asked("shows") and not matches(self._last, block.text):
            raise Wrong(f"the block above prints\n{self._last}")

    def here(self, text: str) -> str:
        """A text with the address and the key of the service that runs here."""
        if _DATABASE in text:
            text = text.replace(_DATABASE, self.world.cluster["PERSONAE_DATABASE_URL"])
            text = text.replace("s3://bucket", "s3://personae")
        if "SERVICE" not in self.environment:
            return text
        text = _HOSTS.sub(self.environment["SERVICE"], text)
        return text.replace("pk_…", self.environment["KEY"])

    def there(self, text: str) -> str:
        """An output, as it would be with the service on port 8000."""
        if "SERVICE" not in self.environment:
            return text
        return text.replace(self.environment["SERVICE"], "http://127.0.0.1:8000")

    def sh(self, block: Block) -> str:
        expected = int((block.asked("ends with") or ["0"])[0])
        code, out = self.shell.run(self.here(block.text), fails=bool(expected))
        if code != expected:
            raise Wrong(f"it ended with {code}, not {expected}:\n{out}")
        return out

    def console(self, block: Block) -> str:
        """Each line after a `$ ` is a command; what follows is what it prints."""
        steps = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
        if steps[0].strip():
            raise Wrong("a console's first line begins with `$ `")
        expected, out = int((block.asked("ends with") or ["0"])[0]), ""
        for number, step in enumerate(steps[1:], 2):
            command, shown = _command(step)
            last = number == len(steps)
            wanted = expected if last else 0
            code, out = self.shell.run(self.here(command), fails=bool(wanted))
            if code != wanted:
                raise Wrong(f"{command!r} ended with {code}, not {wanted}:\n{out}")
            if shown.strip() and not matches(self.there(out), shown):
                raise Wrong(f"{command!r} printed\n{self.there(out)}\nnot\n{shown}")
        return out

    def python(self, block: Block) -> str:
        if self._python is None:
            self._python = Python(self.world.warm, self.folder, self.environment)
        names = {
            name: self.shell.value(name) for each in block.asked("with") for name in each.split()
        }
        exported = self._shell.environment() if self._shell else {}
        env = {name: value for name, value in exported.items() if name[:5] != "DOCS_"}
        return self._python.run(self.here(block.text), block.place, names, env)

    def js(self, block: Block) -> str:
        (self.folder / "block.mjs").write_text(self.here(block.text))
        code, out = self.shell.run("node block.mjs", fails=True)
        if code:
            raise Wrong(out)
        return out

    def close(self) -> None:
        if self._shell:
            self._shell.close()
        if self._python:
            self._python.close()


def _command(step: str) -> tuple[str, str]:
    """A command, over as many lines as it needs, and what is shown below it."""
    lines = step.splitlines(keepends=True)
    for count in range(1, len(lines) + 1):
        command = "".join(lines[:count])
        if not command.rstrip("\n").endswith("\\") and _complete(command):
            return command, "".join(lines[count:])
    raise Wrong(f"not a whole command: {step}")


def _complete(command: str) -> bool:
    done = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True)
    return done.returncode == 0 and "here-document" not in done.stderr


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_does_what_it_says(page: Path, world: World, tmp_path: Path) -> None:
    whole = [each for each in blocks(page) if each.not_run is None]
    text = "\n".join(each.text + str(each.asks) for each in whole)
    for name in _NEEDS:
        if re.search(rf"\b{name}\b", text) and shutil.which(name) is None:
            pytest.skip(f"{page} needs {name}, which is not installed here")
    if any(each.language == "js" for each in whole) and shutil.which("node") is None:
        pytest.skip(f"{page} has JavaScript, and node is not installed here")
    folder = tmp_path / "page"
    folder.mkdir()
    needs = "service" if _SERVED.search(text) else "books" if _KEPT.search(text) else ""
    with room(world, folder, needs, wide=_DATABASE in text) as environment:
        reader = Reader(world, folder, environment)
        try:
            wrong = reader.read(whole)
        finally:
            reader.close()
    if wrong:
        pytest.fail(wrong, pytrace=False)


def every_block() -> list[Block]:
    return [each for page in pages() for each in blocks(page)]


def test_every_block_says_what_it_is() -> None:
    untold = [each.place for each in every_block() if each.language not in LANGUAGES]
    assert not untold, f"blocks without one of the languages {LANGUAGES}: {', '.join(untold)}"


def test_text_has_nothing_to_type() -> None:
    typed = re.compile(
        r"^\s*(\$ |personae [a-z]|curl |make [a-z]|pip |docker |kubectl |import )", re.M
    )
    hidden = [
        each.place for each in every_block() if each.language == "text" and typed.search(each.text)
    ]
    assert not hidden, f"to be tagged as what they are: {', '.join(hidden)}"


def test_what_is_not_run_has_a_reason_and_remains_rare() -> None:
    left_out = [each for each in every_block() if each.not_run is not None]
    for each in left_out:
        print(f"{each.place}: {each.not_run}")
        assert str(each.not_run).partition(";")[0].strip() in REASONS, each.place
        if each.language in ("sh", "console"):
            text = re.sub(r"^\$ ", "", each.text, flags=re.MULTILINE)
            assert _complete(text), f"{each.place}: no shell reads this"
    assert len(left_out) <= NOT_RUN_AT_MOST


def test_commands_exist_wherever_they_are_named() -> None:
    wrong: list[str] = []
    told = [(each.place, line) for each in every_block() for line in commands(each.text)]
    for place, text in [*told, *(each for page in pages() for each in spans(page))]:
        try:
            usage(text)
        except ValueError as error:
            wrong.append(f"{place}: {error}")
    assert not wrong, "\n".join(wrong)


def test_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    """How many blocks there are, and what becomes of them; `pytest -s` shows it."""
    counts = Counter(_fate(each) for each in every_block())
    with capsys.disabled():
        print(f"\ndocumentation: {sum(counts.values())} blocks, {dict(counts)}")
    assert counts["run"] > 0


def _fate(block: Block) -> str:
    if block.not_run is not None:
        return "not run"
    if block.language in RUN:
        return "run"
    return "read as what they are" if block.language in LOOKED_AT else "text"
