"""Who is there to take work: whether splitting a piece of a video would help anybody."""

from __future__ import annotations

import structlog

from personae.adapters.durable.beats import Beats
from personae.adapters.durable.work import DurableWork

_log = structlog.get_logger("personae.durable")


class Crew:
    """The workers that are alive, against the videos that are under way.

    Parameters
    ----------
    slots : int
        Pieces that each worker does at once.
    within_s : float, seconds
        Who has not beaten for so long is not counted on.
    """

    def __init__(self, beats: Beats, work: DurableWork, slots: int, within_s: float) -> None:
        self._beats = beats
        self._work = work
        self._slots = slots
        self._within_s = within_s

    def has_spare_hands(self) -> bool:
        """Whether there are more places than videos to be worked on.

        Only then does it help to leave a part of a video's work to others; a wrong answer costs
        some time and nothing else.
        """
        try:
            places = self._slots * len(self._beats.alive(self._within_s))
            return self._work.videos_in_hand(places) < places
        except Exception:
            _log.warning("the crew was not counted", action="durable.crew", exc_info=True)
            return True
