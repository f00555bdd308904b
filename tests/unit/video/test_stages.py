"""The streaming machine: order, bounds, one failure path, prompt ends."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from personae.errors import Canceled, InvalidRequest
from personae.video.stages import run_stages

ENDLESS = 10**9


def keep(items: Iterator[int]) -> Iterator[int]:
    yield from items


def same(item: int) -> int:
    return item


class BoomError(Exception):
    pass


def counted(limit: int) -> Iterator[int]:
    yield from range(limit)


def run(limit: int = 50, **stages: Any) -> list[int]:
    taken: list[int] = []
    parts: dict[str, Any] = {
        "source": counted(limit),
        "follow": keep,
        "render": same,
        "sink": taken.append,
        **stages,
    }
    run_stages(**parts)
    return taken


def threads_of_runs() -> list[str]:
    """Threads that `run_stages` started: ``personae-0`` and so on."""
    return [t.name for t in threading.enumerate() if re.fullmatch(r"personae-\d+", t.name)]


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_items_arrive_in_order_whatever_the_number_of_workers(workers: int) -> None:
    def uneven(item: int) -> int:
        time.sleep(0.004 if item % 5 == 0 else 0)
        return item * 2

    assert run(60, render=uneven, workers=workers) == [2 * i for i in range(60)]


def test_nothing_in_is_nothing_out() -> None:
    assert run(0) == []


def test_none_is_an_item_like_any_other() -> None:
    assert run(3, render=lambda _: None) == [None, None, None]


def test_follow_may_look_ahead_drop_and_add() -> None:
    def pairs(items: Iterator[int]) -> Iterator[tuple[int, int]]:
        previous = next(items)
        for item in items:
            yield previous, item
            previous = item

    assert run(4, follow=pairs) == [(0, 1), (1, 2), (2, 3)]


def test_follow_may_end_before_its_input() -> None:
    def first_three(items: Iterator[int]) -> Iterator[int]:
        for _ in range(3):
            yield next(items)

    assert run(ENDLESS, follow=first_three) == [0, 1, 2]
    assert threads_of_runs() == []


def test_what_is_on_its_way_is_bounded() -> None:
    lock, alive, most = threading.Lock(), [0], [0]

    def source() -> Iterator[int]:
        for i in range(120):
            with lock:
                alive[0] += 1
                most[0] = max(most[0], alive[0])
            yield i

    def slow_sink(_: int) -> None:
        time.sleep(0.001)
        with lock:
            alive[0] -= 1

    run_stages(source(), keep, same, slow_sink, workers=2, queue_frames=3)
    assert most[0] <= 3 * 3 + 2 * 2 + 3


def failing(where: str) -> dict[str, Callable[..., Any]]:
    """Stages of an endless run, of which one fails at the tenth item."""

    def source() -> Iterator[int]:
        for i in range(ENDLESS):
            if where == "source" and i == 10:
                raise BoomError(where)
            yield i

    def follow(items: Iterator[int]) -> Iterator[int]:
        for i in items:
            if where == "follow" and i == 10:
                raise BoomError(where)
            yield i

    def stage(name: str) -> Callable[[int], int]:
        def step(i: int) -> int:
            if where == name and i == 10:
                raise BoomError(where)
            return i

        return step

    return {"source": source(), "follow": follow, "render": stage("render"), "sink": stage("sink")}


@pytest.mark.parametrize("where", ["source", "follow", "render", "sink"])
def test_the_first_failure_ends_the_run_and_is_raised_as_it_was(where: str) -> None:
    with pytest.raises(BoomError, match=where) as caught:
        run_stages(**failing(where), workers=3)
    names = [entry.name for entry in caught.traceback]
    assert names[-1] in ("source", "follow", "step")
    assert threads_of_runs() == []


def test_an_interrupt_in_the_calling_thread_ends_the_run() -> None:
    def interrupted(item: int) -> None:
        if item == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(ENDLESS, sink=interrupted)
    assert threads_of_runs() == []


def test_the_source_is_closed_when_a_later_stage_fails() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(ENDLESS)
        finally:
            closed.set()

    with pytest.raises(BoomError):
        run_stages(source(), keep, same, _raise_boom)
    assert closed.is_set()


def _raise_boom(_: int) -> None:
    raise BoomError


def test_a_request_to_stop_is_heard_while_the_source_is_silent() -> None:
    hold = threading.Event()

    def stuck() -> Iterator[int]:
        yield 0
        hold.wait(0.5)  # as a slow disk: an item that takes long to come
        yield 1

    taken: list[int] = []
    with pytest.raises(Canceled):
        run_stages(stuck(), keep, same, taken.append, should_stop=lambda: taken == [0])
    assert taken == [0]
    assert threads_of_runs() == []


def test_progress_counts_what_the_sink_took() -> None:
    seen: list[int] = []
    run(5, on_progress=seen.append)
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("sizes", [{"workers": 0}, {"queue_frames": 0}])
def test_a_run_without_room_is_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(InvalidRequest):
        run(1, **sizes)
