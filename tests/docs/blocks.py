"""Which code blocks the pages have, and what the comments above them ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]

RUN = ("sh", "console", "python", "js")
LOOKED_AT = ("toml", "json", "jsonl", "yaml", "http", "ini", "usage")
LANGUAGES = (*RUN, *LOOKED_AT, "text")

REASONS = (
    "needs a GPU",
    "needs a container engine",
    "needs a cluster",
    "needs systemd",
    "needs Prometheus",
    "needs newman",
    "needs the vendor's account",
    "needs published weights",
    "an excerpt of output",
)
"""Why a block may not be run; nothing else counts."""

WORDS = ("not run", "before", "file", "with", "ends with", "prints", "shows")
_COMMENT = re.compile(r"<!--\s*snippet:\s*(.*?)\s*-->", re.DOTALL)


class Unclear(Exception):
    """A block that a test cannot understand; the text says where it is and what to do."""


@dataclass(frozen=True)
class Block:
    """One code block.

    Attributes
    ----------
    page : Path
        Relative to the repository.
    line : int
        Of the first line of the block's fence, from 1.
    language : str
        The first word after the fence; empty for a block without one, and for an indented block.
    asks : tuple of (word, argument)
        What the comments directly above ask for, in their order.
    """

    page: Path
    line: int
    language: str
    text: str
    asks: tuple[tuple[str, str], ...]

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return f"{self.page}:{self.line}"

    def asked(self, word: str) -> list[str]:
        """The arguments of every comment with that word."""
        return [argument for each, argument in self.asks if each == word]

    @property
    def not_run(self) -> str | None:
        """Why it is not run, or None."""
        return next(iter(self.asked("not run")), None)


def pages() -> list[Path]:
    """Every page of the documentation, relative to the repository."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    found += sorted(path for path in (ROOT / "sdk").glob("*.md"))
    return [path.relative_to(ROOT) for path in found]


@cache
def blocks(page: Path) -> tuple[Block, ...]:
    """The code blocks of a page, from top to bottom; those in lists and quotes too."""
    return tuple(read(page, (ROOT / page).read_text("utf-8")))


def read(page: Path, text: str) -> Iterator[Block]:
    """The code blocks of a text, as CommonMark understands it.

    Raises
    ------
    Unclear
        If a comment asks for something that does not exist, or stands above no block.
    """
    asks: list[tuple[str, str]] = []
    for token in MarkdownIt("commonmark").parse(text):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block":
            asks += [_ask(f"{page}:{line}", each) for each in _COMMENT.findall(token.content)]
        elif token.type in ("fence", "code_block"):
            language = token.info.split()[0] if token.info.strip() else ""
            yield Block(page, line, language, token.content, tuple(asks))
            asks = []
        elif asks:
            raise Unclear(f"{page}: put {asks} directly above the block that it is about")
    if asks:
        raise Unclear(f"{page}: {asks} stands above no block")


def spans(page: Path) -> list[tuple[str, str]]:
    """(place, text) of every command in running text, such as `personae doctor`."""
    text = (ROOT / page).read_text("utf-8")
    return [
        (f"{page}:{token.map[0] + 1 if token.map else 0}", each.content)
        for token in MarkdownIt("commonmark").enable("table").parse(text)
        for each in token.children or []
        if each.type == "code_inline"
    ]


def _ask(place: str, text: str) -> tuple[str, str]:
    word, _, argument = text.partition(":")
    if word.strip() not in WORDS or not argument.strip():
        raise Unclear(f"{place}: a snippet's comment begins with one of {WORDS}, not {text!r}")
    return word.strip(), argument.strip()
