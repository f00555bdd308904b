"""Cursors and links."""

from __future__ import annotations

import pytest

from personae.errors import InvalidRequest
from personae.wire.paging import from_cursor, next_link, to_cursor

TASK, ASSET = "task_01m7zqf99tny833z1nznepn858", "asset_01m7zqfyyg48hgghbdj2wy8a0f"


@pytest.mark.parametrize("after", [TASK, ASSET, "0", "123456"])
def test_a_cursor_leads_back(after: str) -> None:
    cursor = to_cursor("swaps", after)
    assert cursor is not None
    assert after not in cursor
    assert cursor.isascii()
    assert "=" not in cursor
    assert from_cursor("swaps", cursor) == after


def test_no_cursor_is_the_first_page() -> None:
    assert from_cursor("swaps", None) is None
    assert to_cursor("swaps", None) is None


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "\u00e9", "a" * 199, to_cursor("faces", "1"), to_cursor("swaps", "1; DROP TABLE")],
)
def test_other_cursors_are_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        from_cursor("swaps", cursor)


def test_links_keep_the_query() -> None:
    query = [("limit", 2), ("status", "failed"), ("status", "canceled")]
    assert next_link("http://a/swaps", query, "c") == {
        "Link": '<http://a/swaps?limit=2&status=failed&status=canceled&cursor=c>; rel="next"'
    }
    assert next_link("http://a/swaps", query, None) == {}
