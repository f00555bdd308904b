"""Every page is read from top to bottom, and what it says to type is typed."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from docs.blocks import LANGUAGES, LOOKED_AT, REASONS, RUN, Block, blocks, pages, spans
from docs.kinds import commands, usage
from docs.reader import complete, reading
from docs.world import World

NOT_RUN_AT_MOST = 16
"""Raise it only for a block that truly cannot be run, for a reason that blocks.REASONS names."""

PAGES = [page for page in pages() if any(each.language != "text" for each in blocks(page))]
_NEEDS = ("curl", "jq", "node", "openssl", "sqlite3")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_does_what_it_says(page: Path, world: World, tmp_path: Path) -> None:
    whole = [each for each in blocks(page) if each.not_run is None]
    text = "\n".join(each.text + str(each.asks) for each in whole)
    for name in _NEEDS:
        if re.search(rf"\b{name}\b", text) and shutil.which(name) is None:
            pytest.skip(f"{page} needs {name}, which is not installed here")
    if any(each.language == "js" for each in whole) and shutil.which("node") is None:
        pytest.skip(f"{page} has JavaScript, and node is not installed here")
    with reading(world, whole, tmp_path / "page") as reader:
        wrong = reader.read(whole)
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
            assert complete(text), f"{each.place}: no shell reads this"
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
