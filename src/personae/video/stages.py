"""The streaming machine: read, follow, render and write at the same time, in bounded memory.

    source -> [queue] -> follow -> [queue] -> render, on several threads -> [in order] -> sink

The source and `follow` each have a thread, `render` has several, and the sink runs in the calling
thread. Whatever fails first stops the rest, and its error is raised once, as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from threading import Thread
from typing import TypeVar

from personae.errors import Canceled, InvalidRequest
from personae.video.channels import Channel, Finished, OrderedChannel, Run, Stopped

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")

_STOP_POLL_S = 0.1


def run_stages(
    source: Iterable[A],
    follow: Callable[[Iterator[A]], Iterator[B]],
    render: Callable[[B], C],
    sink: Callable[[C], None],
    *,
    workers: int = 2,
    queue_frames: int = 4,
    should_stop: Callable[[], bool] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Push every item of `source` through all stages and into `sink`, in order.

    At most ``3 * queue_frames + 2 * workers + 3`` items are on their way, besides those that
    `follow` holds back to look ahead.

    Parameters
    ----------
    source : iterable
        Iterated in a thread of its own; closed there if it is a generator.
    follow : iterator of A -> iterator of B
        Sees the items in order, in one thread, and may keep state and look ahead.
    render : B -> C
        Runs on several threads, each item once; must not depend on other items.
    sink : C -> None
        Called in the calling thread, in order.
    workers : int
        Threads for `render`. What reaches the sink does not depend on it.
    queue_frames : int
        Room in each queue.
    should_stop : () -> bool, optional
        Asked several times a second in the calling thread; True ends the run.
    on_progress : (int) -> None, optional
        Called in the calling thread with the number of items that the sink has taken.

    Returns
    -------
    int
        How many items the sink took.

    Raises
    ------
    Canceled
        If `should_stop` said so.
    BaseException
        The first error of any stage, with its own traceback. All threads have ended by then.
    """
    if workers < 1 or queue_frames < 1:
        raise InvalidRequest("A run needs at least one worker and room for one frame.")
    run = Run()
    rendered: OrderedChannel[C] = OrderedChannel(run, queue_frames + workers)
    threads = _threads(run, source, follow, render, rendered, workers, queue_frames)
    try:
        for thread in threads:
            thread.start()
        return _drain(rendered, sink, should_stop, on_progress)
    except Stopped as stopped:
        # Another thread failed: its error is raised, not this one's wish to end.
        raise run.failure or stopped from None
    except BaseException as error:
        run.stop(error)
        raise
    finally:
        run.stop()
        for thread in threads:
            _join(thread)


def run_batches(
    source: Iterable[A],
    follow: Callable[[Iterator[A]], Iterator[B]],
    render: Callable[[list[B]], Sequence[C]],
    sink: Callable[[C], None],
    *,
    batch: int,
    workers: int = 2,
    queue_frames: int = 4,
    should_stop: Callable[[], bool] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """`run_stages` with a `render` that takes up to `batch` items at a time, the last ones fewer.

    What reaches the sink must not depend on how the items were put together; `batch` times as many
    of them may be on their way.
    """
    done = 0

    def take(items: Sequence[C]) -> None:
        nonlocal done
        for item in items:
            sink(item)
            done += 1
        if on_progress is not None:
            on_progress(done)

    def follow_all(items: Iterator[A]) -> Iterator[list[B]]:
        return _in_batches(follow(items), batch)

    run_stages(
        source,
        follow_all,
        render,
        take,
        workers=workers,
        queue_frames=queue_frames,
        should_stop=should_stop,
    )
    return done


def _in_batches(items: Iterator[B], batch: int) -> Generator[list[B]]:
    """The same items in lists; nothing is held on to longer than its list is filled."""
    some: list[B] = []
    try:
        for item in items:
            some.append(item)
            del item
            if len(some) >= batch:
                yield some
                some = []
        if some:
            yield some
    finally:
        _close(items)


def _threads(
    run: Run,
    source: Iterable[A],
    follow: Callable[[Iterator[A]], Iterator[B]],
    render: Callable[[B], C],
    rendered: OrderedChannel[C],
    workers: int,
    queue_frames: int,
) -> list[Thread]:
    """One thread for the source, one for `follow` and `workers` for `render`; not started."""
    read: Channel[A] = Channel(run, queue_frames)
    followed: Channel[tuple[int, B]] = Channel(run, queue_frames)
    jobs: list[Callable[[], None]] = [
        lambda: _read(source, read),
        lambda: _follow(follow, read, followed, rendered),
        *[lambda: _render(render, followed, rendered)] * workers,
    ]
    return [
        Thread(target=_guarded, args=(run, job), name=f"personae-{i}", daemon=True)
        for i, job in enumerate(jobs)
    ]


def _drain(
    rendered: OrderedChannel[C],
    sink: Callable[[C], None],
    should_stop: Callable[[], bool] | None,
    on_progress: Callable[[int], None] | None,
) -> int:
    done = 0
    while True:
        if should_stop is not None and should_stop():
            raise Canceled("The work was stopped on request; no output was written.")
        try:
            item = rendered.get(_STOP_POLL_S)
        except TimeoutError:
            continue
        except Finished:
            return done
        sink(item)
        del item  # a frame is large: not one is kept while waiting for the next
        done += 1
        if on_progress is not None:
            on_progress(done)


def _guarded(run: Run, job: Callable[[], None]) -> None:
    """Run one thread's work; its error, if any, stops the others."""
    try:
        job()
    except Stopped:
        pass
    except BaseException as error:
        run.stop(error)


def _join(thread: Thread) -> None:
    # A thread that still decodes or renders must end before its files are closed under it.
    while thread.is_alive():
        thread.join(0.5)


def _read(source: Iterable[A], read: Channel[A]) -> None:
    items = iter(source)
    try:
        for item in items:
            read.put(item)
            del item
    finally:
        _close(items)
    read.close()


def _follow(
    follow: Callable[[Iterator[A]], Iterator[B]],
    read: Channel[A],
    followed: Channel[tuple[int, B]],
    rendered: OrderedChannel[C],
) -> None:
    total = 0
    items = follow(_items_of(read))
    try:
        for item in items:
            followed.put((total, item))
            del item
            total += 1
    finally:
        _close(items)
    read.abandon()
    followed.close()
    rendered.finish(total)


def _items_of(read: Channel[A]) -> Generator[A]:
    while True:
        try:
            item = read.get()
        except Finished:
            return
        yield item
        del item


def _render(
    render: Callable[[B], C], followed: Channel[tuple[int, B]], rendered: OrderedChannel[C]
) -> None:
    while True:
        try:
            number, item = followed.get()
        except Finished:
            return
        result = render(item)
        del item
        rendered.put(number, result)
        del result


def _close(items: object) -> None:
    if isinstance(items, Generator):
        items.close()
