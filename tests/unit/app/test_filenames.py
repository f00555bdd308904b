"""Names from outside are shown, never used."""

from __future__ import annotations

import pytest

from personae.app.filenames import (
    clean_filename,
    filename_of_url,
    shown_asset,
    shown_url,
    suffix_for,
)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("a.png", "a.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a.png", "a.png"),
        ("  .hidden. ", "hidden"),
        ("a\x00b\r\nc\u202egnp.exe", "abcgnp.exe"),
        ("\ud800a", "a"),
        ("..", None),
        ("/", None),
        ("", None),
        (None, None),
        ("h\u00f6liday \u7167\u7247.jpg", "h\u00f6liday \u7167\u7247.jpg"),
        ("x" * 400 + ".jpeg", "x" * 145 + ".jpeg"),
        ("x" * 400, "x" * 150),
        ("x." + "y" * 400, "x." + "y" * 148),
    ],
)
def test_names_are_cleaned(name: str | None, clean: str | None) -> None:
    assert clean_filename(name) == clean


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://x.example/a/b%20c.png?d=e.gif#f", "b c.png"),
        ("https://x.example/a/", None),
        ("https://x.example", None),
        ("https://x.example/%2e%2e%2fetc%2fpasswd", "passwd"),
        ("https://x.example/%ff%fe.png", "\ufffd\ufffd.png"),
    ],
)
def test_urls_name_their_files(url: str, name: str | None) -> None:
    assert filename_of_url(url) == name


def test_endings_follow_what_a_file_is() -> None:
    assert suffix_for("video/quicktime") == ".mov"
    assert suffix_for("application/octet-stream") == ""


def test_an_asset_is_called_as_its_owner_knows_it() -> None:
    assert shown_asset("asset_1", "me.png") == "me.png (asset_1)"
    assert shown_asset("asset_1", None) == "asset_1"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/clips/scene.mp4?token=hush", "scene.mp4 (from the URL)"),
        ("https://a.example/", "a.example (from the URL)"),
    ],
)
def test_a_file_behind_a_url_is_called_by_the_end_of_its_path(url: str, shown: str) -> None:
    assert shown_url(url) == shown
