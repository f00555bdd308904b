"""``python -m personae.media_child``: read jobs, do them, one after the other."""

from __future__ import annotations

import argparse

from personae.media_child import guards
from personae.media_child.jobs import Worker
from personae.media_child.lines import Lines


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser(prog="python -m personae.media_child")
    parser.add_argument("--role", choices=["probe", "full"], default="full")
    parser.add_argument("--memory-limit-bytes", type=int, default=4 << 30)
    parser.add_argument("--file-limit-bytes", type=int, default=64 << 30)
    parser.add_argument("--children", type=int, default=1, help="how many share the machine")
    parser.add_argument("--parent", type=int, default=0, help="end when this process is gone")
    given = parser.parse_args()
    lines = Lines()
    guards.die_with(given.parent)
    guards.die_first()
    guards.limit_resources(given.memory_limit_bytes, given.file_limit_bytes)
    guards.watch_memory(lines, given.memory_limit_bytes)
    lines.start()
    if given.role == "full":
        from personae.media_child.sharing import share_memory

        share_memory(given.children, given.memory_limit_bytes)
    Worker(lines, given.role).serve()


if __name__ == "__main__":
    main()
