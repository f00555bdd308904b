"""The documentation's pages lead somewhere, stand in the navigation, and name what there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from typer.main import get_group

from personae.cli.app import app
from personae.cli.surroundings import option_names
from personae.hosting.settings import Settings

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
HOOKS = (DOCS / ".site" / "hooks.py").read_text("utf-8")
_ADDED = re.search(r"^ROOT_PAGES = (\{.*?\})$", HOOKS, re.DOTALL | re.MULTILINE)
assert _ADDED
IN_THE_SITE = {page: ROOT / name for name, page in ast.literal_eval(_ADDED[1]).items()}
"""Pages that the hooks add, and their files."""

PAGES = sorted(DOCS.rglob("*.md"))
VARIABLE = re.compile(r"PERSONAE_[A-Z][A-Z0-9_]*")


def test_every_page_is_in_the_navigation_once() -> None:
    listed = list(_listed(_site()["nav"]))
    there = [page.relative_to(DOCS).as_posix() for page in PAGES]
    assert sorted(listed) == sorted([*there, *IN_THE_SITE])


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", *IN_THE_SITE.values(), *PAGES],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_links_lead_somewhere(page: Path) -> None:
    wrong = [address for address in _links(page) if not _leads_somewhere(page, address)]
    assert not wrong


def test_settings_that_are_named_exist() -> None:
    unknown = {
        (page.name, name)
        for page in [ROOT / "README.md", *PAGES]
        for name in VARIABLE.findall(page.read_text("utf-8"))
        if not _is_read(name)
    }
    assert not unknown


def test_nothing_is_fetched_by_the_pages() -> None:
    site = _site()
    assert site["theme"]["font"] is False
    assert "repo_url" not in site, "its stars would be asked for"
    named = [*site["extra_css"], *site["extra"]["polyfills"]]
    named += [image for page in PAGES for image in _images(page)]
    for name in named:
        assert "//" not in name
    for style in (DOCS / "assets").iterdir():
        assert not re.search(r"(url\(|@import|src=)['\"]?https?:", style.read_text("utf-8"))


def _site() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))


def _listed(nav: Any) -> Iterator[str]:
    """Every page below a part of the navigation; a folder is all its pages."""
    if isinstance(nav, str):
        folder = DOCS / nav if nav.endswith("/") else None
        found = (
            (page.relative_to(DOCS).as_posix() for page in folder.glob("*.md")) if folder else ()
        )
        yield from found if folder else (nav,)
    else:
        for below in nav.values() if isinstance(nav, dict) else nav:
            yield from _listed(below)


def _tokens(page: Path) -> list[Token]:
    return [
        inline
        for block in MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8"))
        for inline in block.children or []
    ]


def _links(page: Path) -> list[str]:
    return [str(each.attrs["href"]) for each in _tokens(page) if each.type == "link_open"]


def _images(page: Path) -> list[str]:
    return [str(each.attrs["src"]) for each in _tokens(page) if each.type == "image"]


def _leads_somewhere(page: Path, address: str) -> bool:
    if re.match(r"(https?|mailto):", address):
        return True
    path, _, anchor = address.partition("#")
    there = (page.parent / path).resolve() if path else page
    if not there.is_file() or not there.is_relative_to(ROOT):
        return False
    return not anchor or anchor in _anchors(there)


@cache
def _anchors(page: Path) -> set[str]:
    """What the headings of a page are called in its address."""
    text = re.sub(r"^(```|~~~).*?^\1", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#{1,6} +(.+)$", text, re.MULTILINE)
    return {_slug(title) for title in titles}


def _slug(title: str) -> str:
    plain = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", title)
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


@cache
def _read_directly() -> frozenset[str]:
    """Variables that are read past the settings, the client's and the browser tests' too."""
    folders = (ROOT / "src", ROOT / "sdk" / "src", ROOT / "tests" / "studio")
    sources = (path.read_text("utf-8") for each in folders for path in each.rglob("*.py"))
    return frozenset(name for text in sources for name in VARIABLE.findall(text))


def _is_read(name: str) -> bool:
    """Whether it is a setting or a group of them, a command's option, or read directly."""
    if name in _read_directly() or _is_an_option(name):
        return True
    first, _, below = name.removeprefix("PERSONAE_").lower().partition("__")
    field = Settings.model_fields.get(first)
    if field is None or "__" not in name or not below:
        return field is not None
    group = getattr(field.annotation, "model_fields", {})
    return below in group


def _is_an_option(name: str) -> bool:
    command, _, option = name.removeprefix("PERSONAE_").lower().partition("_")
    found = get_group(app).commands.get(command)
    return found is not None and option in {each.replace("-", "_") for each in option_names(found)}
