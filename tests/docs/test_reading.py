"""What the tests of the pages stand on: blocks are found, and what is wrong in them is seen."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from docs.blocks import Unclear, read
from docs.kinds import Mistaken, commands, look_at, usage
from docs.reader import reading
from docs.sessions import Shell, matches, prints
from docs.world import World

PAGE = Path("page.md")


def test_blocks_are_found_wherever_they_stand() -> None:
    text = (
        "```sh\na\n```\n\n1. one\n\n   ~~~python\n   b\n   ~~~\n\n> ```json\n> {}\n> ```\n\n    c\n"
    )
    found = [(each.line, each.language, each.text) for each in read(PAGE, text)]
    assert found == [(1, "sh", "a\n"), (7, "python", "b\n"), (11, "json", "{}\n"), (15, "", "c\n")]


def test_comments_belong_to_the_block_below_them() -> None:
    text = "<!-- snippet: before: x=1 -->\n<!-- snippet: ends with: 3 -->\n\n"
    text += "```sh\na\n```\n\n```sh\nb\n```\n"
    first, second = read(PAGE, text)
    assert first.asks == (("before", "x=1"), ("ends with", "3"))
    assert second.asks == ()


@pytest.mark.parametrize(
    "text",
    [
        "<!-- snippet: skip: me -->\n```sh\na\n```\n",
        "<!-- snippet: not run -->\n```sh\na\n```\n",
        "<!-- snippet: not run: needs a GPU -->\n\nA sentence.\n\n```sh\na\n```\n",
        "<!-- snippet: not run: needs a GPU -->\n",
    ],
)
def test_comments_that_nobody_understands_are_refused(text: str) -> None:
    with pytest.raises(Unclear):
        list(read(PAGE, text))


@pytest.mark.parametrize(
    ("shown", "expected", "same"),
    [
        ("one 17 two\n", "one … two\n", True),
        ("one two\n", "one\n", False),
        ("a\nb\nc\n", "a\n…\nc\n", True),
        ("a\nc\n", "a\n…\nc\n", True),
        ("a\nb\n", "a…b\n", False),
        ("a.c\n", "a.c\n", True),
        ("abc\n", "a.c\n", False),
        ("\na  \n\n", "a\n", True),
    ],
)
def test_an_output_is_compared(shown: str, expected: str, same: bool) -> None:
    assert matches(shown, expected) is same


def test_one_line_of_an_output_is_enough() -> None:
    assert prints("one\n  two 2\n", "two …")
    assert not prints("one\nnot two\n", "two")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("json", "{'a': 1}"),
        ("jsonl", '{"a": 1}\n{'),
        ("toml", 'role = "swapper"\n[[part]]\nname = "graph"\n'),
        ("toml", 'marks = "perhaps"\n'),
        ("toml", "chunk_s = 8\nno_such_setting = 1\n"),
        ("yaml", "a: [1\n"),
        ("http", "FETCH me\n"),
        ("http", 'POST /a HTTP/1.1\nContent-Type: application/json\n\n{"a"}'),
        ("ini", "no section\n"),
        ("usage", "personae models lst\n"),
        ("usage", "personae keys list|revoke --tenant NAME --all\n"),
    ],
)
def test_what_is_not_what_it_says_is_told(language: str, text: str) -> None:
    (block,) = read(PAGE, f"```{language}\n{text}\n```\n")
    with pytest.raises(Mistaken, match=r"page\.md:1"):
        look_at(block)


def test_a_usage_may_list_commands() -> None:
    usage("personae keys list|revoke --tenant NAME   # a comment")
    usage("personae models list | search WORD… | export [NAME]… -o FILE")
    with pytest.raises(ValueError, match="fetch"):
        usage("personae models list | fetch NAME")


def test_commands_are_found_in_a_shells_text() -> None:
    text = "X=1 cat a | personae models list\nfor x in 1; do personae swap a \\\n  b; done\n"
    text += 'y="$(personae version)"\n'
    assert [each.split()[:2] for each in commands(text)] == [
        ["personae", "models"],
        ["personae", "swap"],
        ["personae", "version"],
    ]


def test_a_shell_goes_on_from_block_to_block_and_ends_at_a_failure(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shell = Shell(home, {"PATH": "/usr/bin:/bin"})
    try:
        assert shell.run("one=1; two() { echo 2; }; export three=3") == (0, "")
        assert shell.run("echo $one; two; cat") == (0, "1\n2\n")
        assert shell.environment()["three"] == "3"
        assert shell.value("one") == "1"
        assert shell.run("echo $one; exit 7", fails=True) == (7, "1\n")
        assert shell.run("false | true; echo $unknown") == (1, "")
    finally:
        shell.close()


@pytest.mark.parametrize(
    "block",
    [
        "```sh\nls no-such-file\n```",
        "```sh\npersonae probe no-such-file.jpg\n```",
        "<!-- snippet: ends with: 4 -->\n```sh\npersonae probe no-such-file.jpg\n```",
        "<!-- snippet: prints: 2 -->\n```sh\necho 1\n```",
        "```console\n$ echo 1\n2\n```",
        "```console\n1\n```",
        "```python\nassert False\n```",
        "<!-- snippet: with: NOBODY -->\n```python\n```",
        "```sh\nmake no-such-target\n```",
        "```sh\npip install '.[no-such-extra]'\n```",
        "```sh\ndocker build -f deploy/no-such-file .\n```",
        "<!-- snippet: before: false -->\n```sh\ntrue\n```",
        "<!-- snippet: file: ../up.txt -->\n```text\n```",
        "```sh\necho 1\n```\n<!-- snippet: shows: the output above -->\n```text\n2\n```",
    ],
)
def test_a_page_that_lies_is_told(block: str, world: World, tmp_path: Path) -> None:
    whole = list(read(PAGE, block))
    with reading(world, whole, tmp_path / "page") as reader:
        assert reader.read(whole).startswith("page.md:")


def test_a_page_is_one_story(world: World, tmp_path: Path) -> None:
    text = """\
```sh
export WHO=ann
personae probe $WHO.jpg
```

<!-- snippet: with: WHO -->
<!-- snippet: prints: ann ann True -->
```python
import os
from pathlib import Path

print(WHO, os.environ["WHO"], Path("ann.jpg").exists())
```

<!-- snippet: ends with: 3 -->
```console
$ WHO=nobody
$ personae probe $WHO.jpg
Error: nobody.jpg does not exist; …
```

<!-- snippet: file: settings.toml -->
```toml
chunk_s = 5
```

```sh
test $WHO = nobody && grep -q chunk_s settings.toml
```
"""
    whole = list(read(PAGE, text))
    with reading(world, whole, tmp_path / "page") as reader:
        assert reader.read(whole) == ""


def test_a_page_leaves_no_process_behind(world: World, tmp_path: Path) -> None:
    text = "```python\nx = 1\n```\n\n```sh\nsleep 60 & personae version\n```\n"
    whole = list(read(PAGE, text))
    with reading(world, whole, tmp_path / "page") as reader:
        assert reader.read(whole) == ""
        started = psutil.Process(world.warm_process).children(recursive=True)
        started += psutil.Process(reader.shell.pid).children(recursive=True)
    assert len(started) >= 3
    assert not psutil.wait_procs(started, timeout=20)[1]
