"""What is done with a block of each language that is not run: it is read as what it is."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from typer.main import get_command

from docs.blocks import Block
from personae.cli.app import app
from personae.configuring.files import COMMANDS, MODELS
from personae.engine.card import parse_card
from personae.errors import PersonaeError
from personae.hosting.settings import Settings

_COMMAND = re.compile(r"(?:^|[|;&(]\s*|\$\(|\bdo |\bthen )personae((?: [^\n|;&)]*)?)", re.MULTILINE)


class Mistaken(AssertionError):
    """A block that is not what it says it is."""


def look_at(block: Block) -> None:
    """Read a block as what its language says.

    Raises
    ------
    Mistaken
        If that is not what it is.
    """
    try:
        _READERS[block.language](block.text)
    except (ValueError, yaml.YAMLError, configparser.Error, PersonaeError) as error:
        raise Mistaken(f"{block.place}: not {block.language}: {error}") from error


def usage(text: str) -> None:
    """Lines such as ``personae keys list|revoke --tenant NAME [--json]``: they exist in the code.

    Raises
    ------
    ValueError
        Naming the command or the option that does not exist.
    """
    for line in text.replace("\\\n", " ").splitlines():
        for part in line.split("#")[0].split(";"):
            if part.strip().startswith("personae"):
                _usage(part.strip())


def commands(text: str) -> list[str]:
    """Every call of ``personae`` in a shell's text."""
    joined = re.sub(r"\\\n\s*", " ", text)
    return [f"personae{rest}" for rest in _COMMAND.findall(joined)]


def _usage(line: str) -> None:
    first, *others = line.split(" | ")
    words = first.split()
    path = _walk([words[1:]], line)
    for other in others:
        path += _walk([[*words[1 : _depth(words)], *other.split()]], line)
    named = set(re.findall(r"(?<![\w-])--[a-z][\w-]*|(?<![\w-])-[a-zA-Z](?![\w-])", line))
    known = {option for each in path for option in _options(each)}
    if unknown := named - known - {"--help", "-h"}:
        raise ValueError(f"{line}: no such option: {', '.join(sorted(unknown))}")


def _depth(words: list[str]) -> int:
    """How many words lead to the group whose commands are listed with ` | ` between."""
    at = _root()
    for number, word in enumerate(words[1:], 1):
        at = _below(at).get(word)
        if not _below(at):
            return number
    return len(words)


def _walk(lists: list[list[str]], line: str) -> list[Any]:
    """The commands that the words lead to; ``a|b`` leads to two."""
    found: list[Any] = []
    for words in lists:
        reached = [_root()]
        for word in words:
            groups = [each for each in reached if _below(each)]
            if not groups or word.startswith(("-", "[", "…")) or word == "COMMAND":
                break
            reached = [_below(each).get(name) for each in groups for name in word.split("|")]
            if None in reached:
                raise ValueError(f"{line}: no such command: {word}")
        found += reached
    return found


def _below(command: Any) -> dict[str, Any]:
    """A group's commands; of Typer's own class, for which it has no public name."""
    return getattr(command, "commands", {})


def _options(command: Any) -> set[str]:
    return {option for each in _below(command).values() for option in _options(each)} | {
        option
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


@cache
def _root() -> Any:
    return get_command(app)


def _toml(text: str) -> None:
    """A card is loaded, settings are held against those there are, anything else is parsed."""
    read = tomllib.loads(text)
    if "part" in read and "role" in read:
        parse_card(text, "a page")
        return
    known = set(Settings.model_fields)
    if read.keys() & {*known, *COMMANDS}:
        _settings(read, known)


def _settings(read: dict[str, Any], known: set[str]) -> None:
    """What `personae.toml` may hold: the service's settings, and defaults of commands."""
    for name in COMMANDS:
        usage(" ".join([f"personae {name}", *(f"--{option}" for option in read.pop(name, {}))]))
    read.pop(MODELS, None)
    if unknown := read.keys() - known:
        raise ValueError(f"no such settings: {', '.join(sorted(unknown))}")
    Settings.model_validate(read)


def _yaml(text: str) -> None:
    for document in yaml.safe_load_all(text):
        if not isinstance(document, dict | list):
            raise ValueError("a document is neither a mapping nor a list")


def _lines(text: str) -> None:
    for line in text.splitlines():
        json.loads(line)


def _http(text: str) -> None:
    """A request or an answer: a first line, headers, and a body that is JSON if it says so."""
    head, _, body = text.partition("\n\n")
    first, *headers = head.splitlines()
    if not re.fullmatch(r"[A-Z]+ /\S*( HTTP/[\d.]+)?|HTTP/[\d.]+ \d{3}.*", first):
        raise ValueError(f"neither a request nor an answer: {first}")
    for header in headers:
        if not re.fullmatch(r"[\w-]+: .*", header):
            raise ValueError(f"not a header: {header}")
    if body.strip() and "json" in head.lower():
        json.loads(body)


def _ini(text: str) -> None:
    # systemd's files may name a key more than once.
    configparser.RawConfigParser(strict=False, allow_no_value=True).read_string(text)


_READERS = {
    "toml": _toml,
    "json": lambda text: json.loads(text) and None,
    "jsonl": _lines,
    "yaml": _yaml,
    "http": _http,
    "ini": _ini,
    "usage": usage,
    "text": lambda _text: None,
}


def write(block: Block, folder: Path, name: str) -> None:
    """Put a block into the page's folder as a file, for what comes after it."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise Mistaken(f"{block.place}: {name} is not in the page's folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, "utf-8")
