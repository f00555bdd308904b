"""What a command finds around it: variables of the folder's ``.env``, and the file of settings."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import typer

from personae.cli.output import Talk
from personae.cli.usage import asks_for_json
from personae.configuring.env_file import load_env_file
from personae.configuring.files import (
    COMMANDS,
    CONFIG_NAME,
    CONFIG_VARIABLE,
    MODELS,
    config_file,
    read_file,
)
from personae.configuring.trust import doubt
from personae.errors import InvalidRequest

MODEL_KEYS: Final = {
    "dir": "PERSONAE_MODELS_DIR",
    "cards_dir": "PERSONAE_CARDS_DIR",
    "mirrors": "PERSONAE_MODEL_MIRRORS",
    "providers": "PERSONAE_PROVIDERS",
    "memory": "PERSONAE_MODEL_MEMORY",
    "batch": "PERSONAE_MODEL_BATCH",
}
"""Keys of the table `models`, and the variables that they stand for."""
NO_DEFAULTS: Final = ("paths", "file", "output", "out", "as_json", "mapping", "donor", "folder")
"""Parameters of commands that a file cannot set: they belong to one call."""
_NEEDS_NO_FILE: Final = (None, "version")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was taken from files before a command began.

    ``from_env_file``: names of variables, in capitals; ``from_models``: those that a file of
    settings gave.
    """

    from_env_file: frozenset[str] = frozenset()
    from_models: frozenset[str] = frozenset()


def take_in(config: Path | None) -> Surroundings:
    """Read ``.env``, and pass on to every library and child process where settings are.

    Parameters
    ----------
    config : file, optional
        What ``--config`` names; it wins over PERSONAE_CONFIG.

    Raises
    ------
    InvalidRequest
    """
    talk = Talk()
    names, warning = load_env_file(Path())
    if warning is not None:
        talk.warn(warning)
    if config is not None:
        if not config.is_file():
            raise InvalidRequest(f"--config names {config}, which is no file.")
        os.environ[CONFIG_VARIABLE] = str(config.absolute())
    here = Path(CONFIG_NAME)
    if not os.environ.get(CONFIG_VARIABLE) and here.is_file() and (why := doubt(here)):
        talk.warn(f"{CONFIG_NAME} in this folder is ignored: {why}; name it with --config.")
    return Surroundings(names)


def take_models(found: Mapping[str, Any], file: Path) -> frozenset[str]:
    """Put the file's table for models into the environment, unless it is there.

    Raises
    ------
    InvalidRequest
    """
    table = _table(found, MODELS, file)
    _known(table, MODEL_KEYS, f"{file}: {MODELS}.")
    new = {
        MODEL_KEYS[name]: _words(value)
        for name, value in table.items()
        if MODEL_KEYS[name] not in os.environ
    }
    os.environ.update(new)
    return frozenset(new)


def _words(value: Any) -> str:
    """A value as a variable holds it: lists with commas."""
    if not isinstance(value, list):
        return str(value)
    return ",".join(str(one) for one in cast("list[Any]", value))


def command_defaults(name: str, command: Any, found: Mapping[str, Any], file: Path | None) -> Any:
    """What the environment, and below it the file, say of a command's options, by parameter.

    Raises
    ------
    InvalidRequest
        Naming a key or a variable that is no option, and the one that it is nearest to.
    """
    options = {_key(one): one for one in _settable(command)}
    table = {key.replace("-", "_"): one for key, one in _table(found, name, file).items()}
    _known(table, options, f"{file}: {name}.")
    prefix = f"PERSONAE_{name.upper()}_"
    named = {one[len(prefix) :].lower(): one for one in os.environ if one.startswith(prefix)}
    _known(named, options, prefix, upper=True)
    given = {key: os.environ[variable] for key, variable in named.items()}
    split: dict[str, Any] = {
        key: value.split(",") if options[key].multiple else value for key, value in given.items()
    }
    return {options[key].name: _fitting(options[key], one) for key, one in (table | split).items()}


def option_names(command: Any) -> list[str]:
    """What a command's table in a file may set, as the file calls it."""
    return [_key(one) for one in _settable(command)]


def _settable(command: Any) -> list[Any]:
    return [
        one
        for one in command.params
        if one.param_type_name == "option" and one.name not in (*NO_DEFAULTS, "help")
    ]


def _key(option: Any) -> str:
    """An option's name in a file: ``max_size`` for ``--max-size``."""
    return max(option.opts, key=len).lstrip("-").replace("-", "_")


def _fitting(option: Any, value: Any) -> Any:
    """A value as the option takes it: one word stands for a list of it."""
    if option.multiple and not isinstance(value, list):
        return [value]
    return cast("Any", value)


def _table(found: Mapping[str, Any], name: str, file: Path | None) -> dict[str, Any]:
    table = found.get(name, {})
    if not isinstance(table, dict):
        raise InvalidRequest(f"{file}: {name} is a table; write [{name}] above its keys.")
    return cast("dict[str, Any]", table)


def _known(given: Iterable[str], known: Iterable[str], prefix: str, *, upper: bool = False) -> None:
    there = list(known)
    for key in given:
        if key not in there:
            close = difflib.get_close_matches(key, there, 1, 0.6)
            hint = f"; did you mean {close[0].upper() if upper else close[0]}?" if close else "."
            raise InvalidRequest(f"{prefix}{key.upper() if upper else key} is no setting{hint}")


def begin(context: typer.Context, config: Path | None) -> None:
    """Take in what is around, before the command that `context` leads to begins."""
    with Talk(as_json=asks_for_json(sys.argv[1:])):
        around = take_in(config)
        name = context.invoked_subcommand
        file = None if name in _NEEDS_NO_FILE else config_file()
        found = {} if file is None else read_file(file)
        if file is not None:
            around = Surroundings(around.from_env_file, take_models(found, file))
        if name in COMMANDS:
            group: Any = context.command
            command = group.get_command(context, name)
            context.default_map = {name: command_defaults(name, command, found, file)}
        context.obj = around
