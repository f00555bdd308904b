"""What the tests of the media host are about: the same files for every kind of host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLIP_FRAMES = 50
SIZE_WH = (320, 240)


@dataclass(frozen=True)
class Media:
    """Files for one kind of host: pictures of people and of nobody, a clip, a sound."""

    donor: Path
    scene: Path
    nobody: Path
    clip: Path
    sound: Path

    def mappings(self, **changes: object) -> list[dict[str, object]]:
        """The donor onto the largest face."""
        return [{"donors": [str(self.donor)], "face": "largest", **changes}]


LONG_S = 60.0
"""More than any job here takes."""


def swap_job(media: Media, scene: Path, output: Path) -> dict[str, Any]:
    """The donor onto the largest face of `scene`."""
    return {
        "op": "swap",
        "scene": str(scene),
        "output": str(output),
        "mappings": media.mappings(),
        "options": {"preset": "ultrafast"} if scene.suffix == ".mp4" else {},
    }


def left_in(folder: Path) -> list[str]:
    """Outputs with a name that somebody might take for whole."""
    return [path.name for path in folder.iterdir() if not path.name.startswith(".")]
