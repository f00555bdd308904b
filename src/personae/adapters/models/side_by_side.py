"""Do one thing for several models at a time, so that Ctrl-C ends it at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Final

from personae.adapters.downloads import Stopped
from personae.engine.card import Card

_AT_ONCE: Final = 4
_POLL_S: Final = 0.1


def side_by_side(
    cards: Sequence[Card], work: Callable[[Card, threading.Event], bool]
) -> list[Card]:
    """Call `work` with every card and an event that is set when it should end.

    A card that fails does not stop the others.

    Returns
    -------
    list of Card
        Those for which `work` returned true.

    Raises
    ------
    Exception
        The first one, in the cards' order, when all others are done.
    """
    stop = threading.Event()
    waiting: queue.SimpleQueue[Card] = queue.SimpleQueue()
    for card in cards:
        waiting.put(card)
    done: dict[Card, bool] = {}
    failed: dict[Card, Exception] = {}

    def run() -> None:
        while not stop.is_set():
            try:
                card = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done[card] = work(card, stop)
            except Stopped:
                return
            except Exception as error:
                failed[card] = error

    # Not waited for at the process's end: a connection that says nothing may block for long.
    threads = [threading.Thread(target=run, daemon=True) for _ in range(min(_AT_ONCE, len(cards)))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(_POLL_S)
    except BaseException:
        stop.set()
        raise
    for card in cards:
        if card in failed:
            raise failed[card]
    return [card for card in cards if done.get(card)]
