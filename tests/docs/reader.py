"""Somebody who reads one page from top to bottom, and does what it says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docs.blocks import RUN, Block, Unclear
from docs.kinds import look_at, write
from docs.sessions import Python, Shell, Wrong, matches, prints
from docs.world import World, room

# What shows that a page needs the service, or only what that keeps.
_SERVED = re.compile(
    r"host:8000|127\.0\.0\.1:8000|localhost:8000|pk_…|\$\{?(KEY|SERVICE|SITE)\b|"
    r"personae serve\b"
)
_KEPT = re.compile(
    r"personae (keys|tenants|credits|tasks|consents|register|storage|audit|admin)\b|--data\b"
)
_DATABASE = "postgresql://personae:…@db/personae"
_HOSTS = re.compile(r"http://(?:host|127\.0\.0\.1|localhost):8000")


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
        if not command.rstrip("\n").endswith("\\") and complete(command):
            return command, "".join(lines[count:])
    raise Wrong(f"not a whole command: {step}")


def complete(command: str) -> bool:
    done = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True)
    return done.returncode == 0 and "here-document" not in done.stderr


@contextmanager
def reading(world: World, whole: Sequence[Block], folder: Path) -> Iterator[Reader]:
    """A reader of these blocks, in a new folder."""
    text = "\n".join(each.text + str(each.asks) for each in whole)
    needs = "service" if _SERVED.search(text) else "books" if _KEPT.search(text) else ""
    with room(world, folder, needs, wide=_DATABASE in text) as environment:
        reader = Reader(world, folder, environment)
        try:
            yield reader
        finally:
            reader.close()
