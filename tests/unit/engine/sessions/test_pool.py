"""A pool loads what is called, shares it, and lets what is idle leave for what needs its memory."""

from __future__ import annotations

import threading
from collections import Counter

import numpy as np
import pytest

from personae.engine.sessions.memory import NoMemory
from personae.engine.sessions.pool import NetworkPool, Recipe
from personae.engine.sessions.tensors import TensorSpec
from personae.engine.types import Float32
from personae.errors import ModelError

ONE = np.zeros((1, 1), np.float32)


class _Network:
    inputs = (TensorSpec("x", (None, 1)),)
    outputs = (TensorSpec("y", (None, 1)),)
    batch = 4

    def __init__(self, name: str, hold: threading.Event | None, called: threading.Event) -> None:
        self.name = name
        self._hold = hold
        self._called = called

    def __call__(self, *arrays: Float32) -> list[Float32]:
        self._called.set()
        if self._hold is not None:
            assert self._hold.wait(30)
        return [arrays[0] + 1]


class _Shop:
    """Networks of sizes by their names; those in `held` do not return before their event."""

    def __init__(self, **sizes: int) -> None:
        self.sizes = sizes
        self.loads: Counter[str] = Counter()
        self.held: dict[str, threading.Event] = {}
        self.called: dict[str, threading.Event] = {name: threading.Event() for name in sizes}

    def __call__(self, name: str) -> Recipe:
        return Recipe(lambda: self._load(name), self.sizes[name])

    def _load(self, name: str) -> _Network:
        self.loads[name] += 1
        return _Network(name, self.held.get(name), self.called[name])


def test_loads_once_at_the_first_call() -> None:
    shop = _Shop(a=10)
    network = NetworkPool(shop, 100).network("a")
    assert not shop.loads
    for _ in range(3):
        np.testing.assert_array_equal(network(ONE)[0], ONE + 1)
    assert shop.loads["a"] == 1
    assert (network.batch, network.inputs) == (4, _Network.inputs)


def test_the_longest_unused_leaves_for_another() -> None:
    shop = _Shop(a=40, b=40, c=40)
    pool = NetworkPool(shop, 100)
    for name in "abac":
        pool.network(name)(ONE)
    assert pool.loaded == ("a", "c")
    assert pool.used_bytes == 80
    pool.network("b")(ONE)
    assert shop.loads == {"a": 1, "b": 2, "c": 1}


def test_one_larger_than_the_budget_is_loaded_alone() -> None:
    pool = NetworkPool(_Shop(a=40, large=400), 100)
    pool.network("a")(ONE)
    pool.network("large")(ONE)
    assert pool.loaded == ("large",)
    pool.network("a")(ONE)
    assert pool.loaded == ("a",)


def _start(pool: NetworkPool, name: str, done: list[str]) -> threading.Thread:
    def work() -> None:
        pool.network(name)(ONE)
        done.append(name)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_none_leaves_while_it_is_called() -> None:
    shop = _Shop(busy=60, other=60)
    shop.held["busy"] = threading.Event()
    pool = NetworkPool(shop, 100)
    done: list[str] = []
    first = _start(pool, "busy", done)
    assert shop.called["busy"].wait(30)
    second = _start(pool, "other", done)
    assert not shop.called["other"].wait(0.2)
    assert pool.loaded == ("busy",)
    shop.held["busy"].set()
    for thread in (first, second):
        thread.join(30)
    assert done == ["busy", "other"]
    assert pool.loaded == ("other",)


def test_waiting_for_memory_has_an_end() -> None:
    shop = _Shop(busy=60, other=60)
    shop.held["busy"] = threading.Event()
    pool = NetworkPool(shop, 100, patience_s=0.05)
    first = _start(pool, "busy", [])
    assert shop.called["busy"].wait(30)
    with pytest.raises(ModelError, match=r"no room for the model other .*PERSONAE_MODEL_MEMORY"):
        pool.network("other")(ONE)
    shop.held["busy"].set()
    first.join(30)
    pool.network("other")(ONE)


def test_what_fails_to_load_leaves_nothing_behind() -> None:
    def recipe(name: str) -> Recipe:
        def load() -> _Network:
            raise ModelError(f"{name} is broken.")

        return Recipe(load, 10)

    pool = NetworkPool(recipe, 100)
    for _ in range(2):
        with pytest.raises(ModelError, match="is broken"):
            pool.network("a")(ONE)
    assert pool.used_bytes == 0


def test_many_threads_share_little_memory() -> None:
    shop = _Shop(a=40, b=40, c=40, d=40)
    pool = NetworkPool(shop, 100)
    wrong: list[str] = []

    def work(number: int) -> None:
        for step in range(30):
            name = "abcd"[(number + step) % 4]
            made = pool.network(name)(ONE + number)[0]
            if made[0, 0] != number + 1 or pool.used_bytes > 120:
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert pool.used_bytes <= 100


class _SlowShop(_Shop):
    """Those in `slow` do not load before their event."""

    def __init__(self, **sizes: int) -> None:
        super().__init__(**sizes)
        self.slow: dict[str, threading.Event] = {}
        self.loading = {name: threading.Event() for name in sizes}
        self.broken: set[str] = set()

    def _load(self, name: str) -> _Network:
        self.loading[name].set()
        if name in self.slow:
            assert self.slow[name].wait(30)
        if name in self.broken:
            self.broken.remove(name)
            raise ModelError(f"{name} is broken.")
        return super()._load(name)


def test_calls_go_on_while_another_network_loads() -> None:
    shop = _SlowShop(there=10, slow=10, third=10)
    shop.slow["slow"] = threading.Event()
    pool = NetworkPool(shop, 100)
    pool.network("there")(ONE)
    done: list[str] = []
    loader = _start(pool, "slow", done)
    assert shop.loading["slow"].wait(30)
    # Each of these would wait for ever if it waited for the load, which only ends below.
    pool.network("there")(ONE)
    pool.network("third")(ONE)
    assert pool.loaded == ("there", "third")
    assert pool.used_bytes == 30, "What is being loaded has its place."
    shop.slow["slow"].set()
    loader.join(30)
    assert done == ["slow"]


def test_one_load_serves_all_who_wait_for_it() -> None:
    shop = _SlowShop(slow=10)
    shop.slow["slow"] = threading.Event()
    pool = NetworkPool(shop, 100)
    done: list[str] = []
    threads = [_start(pool, "slow", done) for _ in range(4)]
    assert shop.loading["slow"].wait(30)
    shop.slow["slow"].set()
    for thread in threads:
        thread.join(30)
    assert done == ["slow"] * 4
    assert shop.loads["slow"] == 1


def test_who_waits_for_a_load_that_fails_loads_it_themselves() -> None:
    shop = _SlowShop(slow=10)
    shop.slow["slow"] = threading.Event()
    shop.broken.add("slow")
    pool = NetworkPool(shop, 100)
    told: list[str] = []

    def work() -> None:
        try:
            pool.network("slow")(ONE)
            told.append("made")
        except ModelError as error:
            told.append(error.message)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert shop.loading["slow"].wait(30)
    shop.slow["slow"].set()
    for thread in threads:
        thread.join(30)
    assert sorted(told) == ["made", "made", "slow is broken."]
    assert pool.used_bytes == 10


def test_who_waits_for_room_is_not_overtaken() -> None:
    """Calls of what is there, one always before the end of the other, must not go on for ever."""
    shop = _Shop(busy=60, other=60)
    shop.held["busy"] = threading.Event()
    pool = NetworkPool(shop, 100)
    done: list[str] = []
    first = _start(pool, "busy", done)
    assert shop.called["busy"].wait(30)
    waiting = _start(pool, "other", done)
    while not pool.waiting:
        assert waiting.is_alive()
    shop.called["busy"].clear()
    late = _start(pool, "busy", done)
    assert not shop.called["busy"].wait(0.2), "It would keep the first one's network in memory."
    shop.held["busy"].set()
    for thread in (first, waiting, late):
        thread.join(30)
    assert done == ["busy", "other", "busy"]
    assert shop.loads == {"busy": 2, "other": 1}


def test_nothing_leaves_in_vain() -> None:
    """While a call keeps too much of the memory, what is idle may as well stay."""
    shop = _Shop(idle=20, busy=60, other=60)
    shop.held["busy"] = threading.Event()
    pool = NetworkPool(shop, 100, patience_s=0.05)
    pool.network("idle")(ONE)
    first = _start(pool, "busy", [])
    assert shop.called["busy"].wait(30)
    with pytest.raises(ModelError, match="no room"):
        pool.network("other")(ONE)
    assert pool.loaded == ("idle", "busy")
    shop.held["busy"].set()
    first.join(30)


class _Cramped(_Shop):
    """A machine with less memory than the budget says: enough for one network."""

    def __init__(self, **sizes: int) -> None:
        super().__init__(**sizes)
        self.pool = NetworkPool(self, 100)
        self.tried: Counter[str] = Counter()

    def _load(self, name: str) -> _Network:
        self.tried[name] += 1
        if len(self.pool.loaded) > 0:
            raise NoMemory
        return super()._load(name)


def test_too_little_memory_to_load_lets_idle_ones_leave() -> None:
    shop = _Cramped(a=10, b=10)
    shop.pool.network("a")(ONE)
    shop.pool.network("b")(ONE)
    assert shop.pool.loaded == ("b",)
    assert shop.tried == {"a": 1, "b": 2}


def test_too_little_memory_is_told_when_nothing_is_left_to_leave() -> None:
    shop = _Cramped(a=10, b=10)
    shop.held["a"] = threading.Event()
    first = _start(shop.pool, "a", [])
    assert shop.called["a"].wait(30)
    with pytest.raises(NoMemory):
        shop.pool.network("b")(ONE)
    assert shop.pool.used_bytes == 10
    shop.held["a"].set()
    first.join(30)


def test_too_little_memory_to_run_lets_idle_ones_leave() -> None:
    pool: NetworkPool

    class Greedy(_Network):
        def __call__(self, *arrays: Float32) -> list[Float32]:
            if len(pool.loaded) > 1:
                raise NoMemory
            return super().__call__(*arrays)

    class Shop(_Shop):
        def _load(self, name: str) -> _Network:
            kind = Greedy if name == "greedy" else _Network
            return kind(name, None, self.called[name])

    pool = NetworkPool(Shop(idle=10, greedy=10), 100)
    pool.network("idle")(ONE)
    np.testing.assert_array_equal(pool.network("greedy")(ONE)[0], ONE + 1)
    assert pool.loaded == ("greedy",)
