"""Make one derived file, in a process of its own: ``python -m ... KIND NETWORK FOLDER``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str]) -> int:
    """Make it; 0 also if it was found that it cannot be made, which is then noted in the folder."""
    kind, source, folder = arguments[0], Path(arguments[1]), Path(arguments[2])
    if kind == "prepared":
        from personae.adapters.networks.preparing import prepare

        prepare(source, folder)
    else:
        from personae.adapters.networks.rebatching import free_first_axis

        free_first_axis(source, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
