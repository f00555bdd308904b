"""Settings as people read them: what each came to and from where, a file to begin with, a table."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from personae.hosting.settings.sources import Sources
from personae.hosting.settings.whole import GROUPS, Settings

SECRETS: Final = ("secret", "metrics_token", "signing_key")
MASK: Final = "********"


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting: ``retention.uploads``, what it came to, and from where."""

    name: str
    value: Any
    origin: str

    @property
    def line(self) -> str:
        """As one line for a person."""
        value = self.value if isinstance(self.value, str) else json.dumps(self.value)
        return f"{self.name} = {value or '(empty)'}  [{self.origin}]"


def shown_with_origin(
    values: Mapping[str, Any],
    given: Collection[str],
    from_env_file: Collection[str],
    file: Path | None,
) -> list[Shown]:
    """Every setting with its origin.

    Parameters
    ----------
    values : mapping
        What the settings came to, as JSON can hold it, without passwords.
    given : names
        Those that an option gave.
    from_env_file : names of variables, in capitals
        Those that came from ``.env``.
    file : file, optional
        The one that applies.
    """
    sources = Sources(given, from_env_file, file)
    return [Shown(name, value, sources.of(name).words) for name, value in _leaves(values)]


def _leaves(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, field in Settings.model_fields.items():
        if name in SECRETS:
            yield name, MASK if values.get(name) else ""
        elif _is_group(field):
            yield from ((f"{name}.{part}", value) for part, value in values[name].items())
        else:
            yield name, values[name]


def _is_group(field: FieldInfo) -> bool:
    kind = field.annotation
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def new_file() -> str:
    """A file of settings to begin with: all of them with their defaults, as comments."""
    plain, tables = [_HEAD], ["# Tables come last.\n"]
    defaults = Settings.model_construct()
    for title, group in GROUPS:
        plain.append(f"# --- {title}\n")
        for name, field in group.model_fields.items():
            if _is_group(field):
                tables.append(_commented_table(name, field, getattr(defaults, name)))
            else:
                plain.append(_commented(name, field))
    return "\n".join([*plain, *tables, _COMMANDS])


def _commented(name: str, field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    default = "  (nothing by default)" if value is None else ""
    written = f"# {name} = {_toml(value)}\n" if value is not None else f"# {name}\n"
    return f"# {field.description}{default}\n{written}"


def _commented_table(name: str, field: FieldInfo, value: BaseModel) -> str:
    lines = [f"# {field.description}", f"# [{name}]"]
    for part, one in value.model_dump(mode="json").items():
        lines.append(f"# {part}" if one is None else f"# {part} = {_toml(one)}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """A value as TOML writes it: of these kinds, as JSON does."""
    if isinstance(value, dict):
        return "{}"
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)


def settings_table() -> str:
    """Every setting in Markdown, for the documentation: a table for each group."""
    parts: list[str] = []
    for title, group in GROUPS:
        rows = ["| setting | meaning | default |", "|---|---|---|"]
        for name, field in group.model_fields.items():
            about = str(field.description).replace("|", "\\|")
            rows.append(f"| `{name}` | {about} | {_default_words(name, field)} |")
        parts.append(f"### {title}\n\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _default_words(name: str, field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "`service` in the user's data folder"
    value = field.default
    if _is_group(field):
        parts = cast("BaseModel", value).__class__.model_fields
        return "; ".join(f"`{part}`" for part in parts)
    if value in (None, "", [], {}):
        return "none"
    return f"`{_toml(value)}`"


_HEAD = """\
# Settings of Personae. What is commented out has its default.
# Options of commands win over the environment (PERSONAE_PORT=8001), that over .env in the folder
# where a command runs, and that over this file. `personae config show` tells what came from where.
# It may hold secrets: keep it readable for its owner alone.
"""

_COMMANDS = """\
# Defaults of commands: every long option, without its dashes. For swap, detect, evaluate and demo.
# [swap]
# quality = "best"
# face = "all"

# What runs models, in every command and process: dir, cards_dir, mirrors, providers, memory, batch.
# [models]
# dir = "/srv/personae/models"
# providers = "cuda:0"
"""

if __name__ == "__main__":
    print(settings_table(), end="")
