"""The end of each command's help: examples that can be taken apart as they stand."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from personae.cli.app import app
from personae.cli.examples import EXAMPLES

ROOT: Any = typer.main.get_command(app)


def commands(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that people see, by its words; `admin` has the others' once more."""
    for name, command in group.commands.items():
        if command.hidden or (
            path == "admin " and name not in ("takedown", "takedowns", "unblock")
        ):
            continue
        if hasattr(command, "commands"):
            yield from commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


ALL = dict(commands(ROOT))


def test_every_command_has_one_to_three_examples_and_there_are_no_others() -> None:
    assert sorted(EXAMPLES) == sorted(ALL)
    assert {len(shown) for shown in EXAMPLES.values()} <= {1, 2, 3}


@pytest.mark.parametrize("path", sorted(ALL))
def test_examples_are_shown_and_can_be_taken_apart(path: str) -> None:
    for example in EXAMPLES[path]:
        assert example in ALL[path].epilog
        name, *words = shlex.split(example.partition(" < ")[0])
        assert name == "personae"
        if "--version" in words:
            continue  # Ends where it is read.
        context = ROOT.make_context("personae", words)
        command: Any = ROOT
        words = words[words.index(path.split()[0]) :]
        for word in path.split():
            assert words.pop(0) == word
            command = command.get_command(context, word)
        command.make_context(path, words, parent=context)  # Refuses what it does not know.


@pytest.mark.parametrize("path", sorted(ALL))
def test_every_option_says_what_it_is_for(path: str) -> None:
    for option in ALL[path].params:
        words = option.param_type_name == "argument" or option.hidden or option.help
        assert words, f"{path}: {option.name}"
