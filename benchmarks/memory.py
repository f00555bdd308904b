"""How much memory: does it grow with the clip, and what does 1080p need?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import personae
from benchmarks import scenes
from benchmarks.measure import in_child, peak_rss_mb
from benchmarks.speed import Row


def rows(folder: Path) -> Iterator[Row]:
    """Peak resident size of whole jobs, each in a process of its own."""
    short = scenes.write(folder / "short.mp4", scenes.one_face((1280, 720), 220, 100))
    long = scenes.repeat(folder / "long.mp4", short, 10)
    one, ten = (in_child("benchmarks.memory", str(clip)) for clip in (short, long))
    growth = ten["peak_mb"] / one["peak_mb"] - 1
    text = f"{growth:+.1%} ({one['peak_mb']:.0f} MB for {one['frames']} frames, "
    text += f"{ten['peak_mb']:.0f} MB for {ten['frames']})"
    yield "memory on a 10 times longer clip", "within 5 %", text, abs(growth) <= 0.05
    large = scenes.write(folder / "large.mp4", scenes.one_face((1920, 1080), 330, 100))
    peak = in_child("benchmarks.memory", str(large))["peak_mb"]
    yield "memory of a 1080p job", "< 600 MB", f"{peak:.0f} MB", peak < 600


def main(clip: str) -> None:
    """Swap one clip and print what it took."""
    done = personae.swap_video(
        clip, str(Path(clip).with_suffix(".out.mp4")), scenes.hopper(), face="all"
    )
    print(json.dumps({"peak_mb": peak_rss_mb(), "frames": done.frames}))


if __name__ == "__main__":
    main(sys.argv[1])
