"""The invisible mark from the command line; that chunks carry it too is in `test_chunks`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from e2e.shell import run
from faces import Name, headshot
from personae.inspecting.marks import find_mark

SIZE_WH = (520, 600)


@pytest.mark.parametrize(("flag", "mark"), [((), 0), (("--mark",), 0), (("--no-mark",), None)])
def test_the_command_marks_unless_it_is_told_not_to(
    flag: tuple[str, ...], mark: int | None, photos: Mapping[Name, Path], tmp_path: Path
) -> None:
    Image.fromarray(headshot("collins", 230, SIZE_WH)).save(tmp_path / "scene.png")
    ended = run(tmp_path, "swap", photos["hopper"], "scene.png", "-o", "out.jpg", *flag)
    assert ended.code == 0, ended.err
    found = find_mark(tmp_path / "out.jpg", limit_s=3600)
    assert (None if found is None else found.mark) == mark
