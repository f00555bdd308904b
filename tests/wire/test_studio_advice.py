"""The studio says what to do next for whatever the service may say went wrong."""

from __future__ import annotations

import re

from personae.wire.problems import STATUS, WIRE_CODES
from personae.wire.studio import studio_files

# What only the studio itself says: no answer, a refused file, a fault of its own, a proxy's error.
OWN = {"unreachable", "upload_failed", "studio", "internal"}


def advice() -> dict[str, str]:
    """The table of `lib/errors.js`, code by code; texts that share a constant under its name."""
    script = studio_files()["lib/errors.js"].body.decode()
    table = re.search(r"export const ADVICE = \{\n(.*?)\n\};", script, re.DOTALL)
    assert table is not None
    lines = re.findall(r'^  (\w+): ("[^"]+"|[A-Z]+),$', table[1], re.MULTILINE)
    assert len(lines) == len(table[1].splitlines()), "a line that this test cannot read"
    return dict(lines)


def test_every_code_of_the_service_has_its_advice_and_no_other() -> None:
    assert set(advice()) == {*STATUS, *WIRE_CODES, *OWN}


def test_advice_is_whole_sentences() -> None:
    for code, words in advice().items():
        assert words.isupper() or re.fullmatch(r'"[A-Z].+\."', words), code
