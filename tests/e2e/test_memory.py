"""Memory does not grow with the length of a clip."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from clips import write_clip
from faces import Name, nodding

pytest.importorskip("resource")

# The peak of a process that does one swap and nothing else, in KiB.
PROGRAM = """
import resource, sys
import personae

def peak_kib():
    # On Linux `ru_maxrss` begins with what the parent process had; this does not.
    if sys.platform == "linux":
        lines = open("/proc/self/status").readlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak

scene, output, donor = sys.argv[1:]
report = personae.swap_video(scene, output, donor, preset="ultrafast", threads=2)
print(report.frames, peak_kib())
"""
COUNT = 60
SIZE_WH = (320, 240)


def peak_kib(scene: Path, donor: Path, count: int) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(scene), str(scene.with_suffix(".out.mkv")), str(donor)],
        capture_output=True,
        text=True,
        check=True,
    )
    frames, peak = (int(word) for word in done.stdout.split())
    assert frames == count
    return peak


def test_five_times_the_frames_need_the_same_memory(
    tmp_path: Path, photos: Mapping[Name, Path]
) -> None:
    pictures = list(nodding("collins", COUNT, SIZE_WH))
    peaks: list[int] = []
    for times in (1, 5):
        scene = write_clip(
            tmp_path / f"{times}.mp4",
            pictures=pictures * times,
            frames=COUNT * times,
            size_wh=SIZE_WH,
            options={"crf": "24", "preset": "ultrafast"},
        )
        peaks.append(peak_kib(scene, photos["hopper"], COUNT * times))
    short, long = peaks
    print(f"\n  {COUNT} frames: {short / 1024:.0f} MiB, {5 * COUNT}: {long / 1024:.0f} MiB")
    # Five times the decoded frames would be 26 MiB more for every copy that is kept.
    assert long < short * 1.08
