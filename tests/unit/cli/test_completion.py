"""Completion as a shell asks for it: by a real bash, and fast because nothing heavy is loaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BASH = shutil.which("bash")
HEAVY = """
import os, sys
import personae.cli
os.environ.update(COMP_WORDS="personae swap --engine in", COMP_CWORD="3")
os.environ["_PERSONAE_COMPLETE"] = "complete_bash"
sys.argv = ["personae"]
try:
    personae.cli.main()
except SystemExit:
    pass
heavy = {"numpy", "cv2", "av", "PIL", "onnxruntime", "onnx", "sqlalchemy", "fastapi"}
print("heavy:", sorted(heavy & set(sys.modules)))
"""


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the command `personae`, as an installation has it in the PATH."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "personae"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m personae "$@"\n')
    script.chmod(0o755)
    return folder


def complete(command: Path, line: str) -> list[str]:
    """What a bash with our completion offers when Tab is pressed at the end of a line."""
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    script = f"""
        eval "$(personae --show-completion)"
        COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; COMP_LINE='{line}'
        function=$(complete -p personae | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
        "$function" personae
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        [str(BASH), "--norc", "-c", script],
        env={**os.environ, "PATH": f"{command}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(BASH is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("personae mod", {"models"}),
        ("personae swap --eng", {"--engine"}),
        ("personae swap --engine in", {"inswapper_128"}),
        ("personae swap a.jpg b.jpg --quality ", {"draft", "standard", "best"}),
        ("personae models pull blaze", {"blazeface_short", "blazeface_full"}),
        ("personae config show metr", {"metrics_token"}),
    ],
)
def test_bash_completes_commands_options_and_values(
    command: Path, line: str, offered: set[str]
) -> None:
    assert offered <= set(complete(command, line))


def test_an_engine_is_completed_without_anything_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEAVY], capture_output=True, text=True, timeout=60, check=True
    )
    told = done.stdout.splitlines()
    assert (told[0], told[-1]) == ("inswapper_128", "heavy: []")


@pytest.mark.parametrize(("shell", "word"), [("zsh", "compdef"), ("fish", "complete --command")])
def test_other_shells_get_their_own_script(command: Path, shell: str, word: str) -> None:
    """They are not installed here; what they get is told by the shell that asks."""
    from typer import completion

    script = completion.get_completion_script(
        prog_name="personae", complete_var="_PERSONAE_COMPLETE", shell=shell
    )
    assert word in script
    assert "_PERSONAE_COMPLETE" in script
