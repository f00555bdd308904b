"""What the page loads ahead is what the first screen needs: each file there, and none forgotten."""

from __future__ import annotations

import posixpath
import re

from personae.wire.studio import studio_files

FIRST = ("app.js", "views/create.js")


def needed() -> set[str]:
    """Every module that the frame and the first place import, however deep."""
    files, found, waiting = studio_files(), set[str](), list(FIRST)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            text = files[path].body.decode()
            names = re.findall(r"""^(?:import .*|\} )from "(\.[^"]+)";""", text, re.MULTILINE)
            folder = posixpath.dirname(path)
            waiting += [posixpath.normpath(posixpath.join(folder, name)) for name in names]
    return found


def test_the_page_loads_what_the_first_place_needs_and_nothing_more() -> None:
    page = studio_files()["index.html"].body.decode()
    ahead = re.findall(r'<link rel="modulepreload" href="/studio/([^"]+)">', page)
    assert len(ahead) == len(set(ahead))
    # The page's own script comes by itself.
    assert set(ahead) == needed() - {"app.js"}
