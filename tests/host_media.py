"""What the tests of the media host are about: the same files for every kind of host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
