"""What the vendors' dialects share."""

from __future__ import annotations

import pytest

from personae.wire.problems import Problem
from personae.wire.vendor import plain, shown

ASSET = "asset_01ks3v8mq2b7d4x9r5w6t0hnce"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (f"{ASSET} is a video, and this call takes pictures.", "The file is a video, and this"),
        (f"There is no asset {ASSET}.", "There is no such file."),
        (f"me.png ({ASSET}): no face was found.", "me.png: no face was found."),
        (f"The upload of {ASSET} is not complete.", "The upload of the file is not complete."),
        ("No face was found in the donor.", "No face was found in the donor."),
    ],
)
def test_our_names_of_files_are_left_out(message: str, said: str) -> None:
    assert plain(message).startswith(said)


def test_nobody_is_told_of_headers_that_the_vendor_has_not() -> None:
    problem = Problem("unauthorized", 401, "Send an API key: X-API-Key: pk_…")
    assert "X-API-Key" not in shown(problem).detail
