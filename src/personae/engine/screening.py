"""Screening a clip: every face that is to be swapped is compared with who must not be.

A track is looked at when it is first swapped, a few times soon after, for its first sight may be
blurred or turned away, and then every two seconds, for it may have slipped onto somebody else. The
decision depends on the frames alone, not on where a clip is cut into chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from personae.engine.register import Screen
from personae.engine.types import Canvas, Float32, Float64
from personae.errors import InvalidRequest

FIRST_LOOKS: Final = (0, 4, 9, 24)
"""Frames of a track, counted from its first that is swapped, in which it is looked at."""
LOOK_EVERY: Final = 48
"""And in which it is looked at again after these."""

Embed = Callable[[Canvas, Float32], Float32]


class Screening:
    """Counts the swapped frames of each track, and looks at those that are due.

    Parameters
    ----------
    screen : Screen
    embed : callable
        Canvas and landmarks to an embedding.
    """

    def __init__(self, screen: Screen, embed: Embed) -> None:
        self._screen = screen
        self._embed = embed
        self._frames: dict[int, int] = {}

    def check(self, track: int, canvas: Canvas, landmarks: Float64) -> None:
        """Note that a track is to be swapped in a frame, and look at it if that is due.

        Raises
        ------
        PolicyRefused
        """
        frames = self._frames.get(track, 0)
        if frames in FIRST_LOOKS or (frames and frames % LOOK_EVERY == 0):
            try:
                embedding = self._embed(canvas, landmarks.astype("float32"))
            except InvalidRequest:  # Hardly in the picture: the next frame may show it.
                return
            self._screen.check(embedding, "scene")
        self._frames[track] = frames + 1

    def snapshot(self, keep: Collection[int]) -> dict[str, Any]:
        """How often which of the tracks in `keep` were swapped: plain values."""
        kept = [[track, count] for track, count in self._frames.items() if track in keep]
        return {"version": self._screen.version, "frames": kept}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot; what another register was asked is asked again."""
        if int(state["version"]) == self._screen.version:
            self._frames = {int(track): int(count) for track, count in state["frames"]}
