"""Lists of files that nobody may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from personae.errors import InvalidRequest
from personae.hosting.refused import refused_files
from personae.hosting.settings import load_settings

ONE, OTHER = "0f" * 32, "a9" * 32


def test_hashes_and_lists_of_them_are_put_together(tmp_path: Path) -> None:
    listed = tmp_path / "refused.txt"
    listed.write_text(f"# What was asked for in May\n\n{OTHER.upper()}  some photo.jpg\n")
    assert refused_files([ONE, str(listed)]) == {ONE, OTHER}
    assert refused_files([]) == frozenset()


def test_names_with_a_line_break_are_marked_by_sha256sum(tmp_path: Path) -> None:
    listed = tmp_path / "refused.txt"
    listed.write_text(f"\\{ONE}  two\\nlines.jpg\n")
    assert refused_files([str(listed)]) == {ONE}


def test_what_is_neither_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="0f0f"):
        refused_files(["0f0f"])
    listed = tmp_path / "refused.txt"
    listed.write_text(f"{ONE}\nphoto.jpg\n")
    with pytest.raises(InvalidRequest, match=r"Line 2 of .*refused\.txt"):
        refused_files([str(listed)])


def test_the_setting_is_checked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONAE_REFUSED_FILES", f"{ONE}, {OTHER}")
    assert load_settings(data_dir=tmp_path).refused_files == [ONE, OTHER]
    monkeypatch.setenv("PERSONAE_REFUSED_FILES", "nowhere.txt")
    with pytest.raises(InvalidRequest, match=r"nowhere\.txt"):
        load_settings(data_dir=tmp_path)
