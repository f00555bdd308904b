"""How work in hand ends when its worker has to go: nothing is recorded, somebody else goes on."""

from __future__ import annotations


class HandedBack(BaseException):
    """This worker stops; the work has been handed back to the queue.

    Not an `Exception`: whatever catches errors on the way lets it pass, so that no outcome is
    recorded for work that goes on elsewhere.
    """
