"""What networks of one media child may take."""

from __future__ import annotations

import pytest

from personae.media_child.sharing import share_memory

NAME = "PERSONAE_MODEL_MEMORY"


def share(monkeypatch: pytest.MonkeyPatch, given: str, children: int, limit_bytes: int) -> str:
    import os

    monkeypatch.setenv(NAME, given)
    share_memory(children, limit_bytes)
    return os.environ[NAME]


def test_children_share_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    one = int(share(monkeypatch, "", 1, 1 << 60))
    assert int(share(monkeypatch, "", 3, 1 << 60)) == one // 3


def test_a_child_keeps_room_for_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    assert share(monkeypatch, "", 1, 300 << 20) == str(100 << 20)


def test_the_operators_word_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert share(monkeypatch, "6GiB", 3, 300 << 20) == "6GiB"
