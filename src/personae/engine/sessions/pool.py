"""Networks that are loaded when they are first called, and leave when others need their memory."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from personae.engine.sessions.memory import NoMemory
from personae.engine.sessions.tensors import Numbers, TensorSpec
from personae.engine.types import Float32
from personae.errors import ModelError

_T = TypeVar("_T")

_PATIENCE_S: Final = 600.0
"""No single run of any network takes longer; who waits for memory beyond it waits for ever."""


class Loaded(Protocol):
    """A network in memory."""

    @property
    def name(self) -> str: ...
    @property
    def batch(self) -> int: ...
    @property
    def inputs(self) -> Sequence[TensorSpec]: ...
    @property
    def outputs(self) -> Sequence[TensorSpec]: ...

    def __call__(self, *arrays: Numbers) -> list[Float32]: ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one network is loaded.

    Attributes
    ----------
    load : callable
        Called each time that the network is needed and not in memory.
    size_bytes : int
        About what it takes there.
    """

    load: Callable[[], Loaded]
    size_bytes: int


@dataclass(slots=True, eq=False)
class _Held:
    """A network's place in memory: taken when it begins to load, given back when it leaves.

    Attributes
    ----------
    network : Loaded or None
        None while it loads.
    size_bytes : int
    calls : int
        How many are calling it, or wait until it is loaded.
    failed : bool
        It did not load, and has no place any more.
    """

    network: Loaded | None
    size_bytes: int
    calls: int = 1
    failed: bool = False


class NetworkPool:
    """Networks by name, shared by threads, within a budget of memory.

    A call loads its network if need be; calls of others that are in memory go on meanwhile. Before
    that, networks that nobody is calling leave, the longest unused first, until there is room; one
    that is larger than the whole budget is loaded when it is alone. None leaves while it is being
    called. While somebody waits for room, all who come later wait behind: otherwise calls of what
    is already there could keep it there for ever.

    Parameters
    ----------
    recipe : callable
        How to load what has a name; called for a name's first use, and again after it left.
    budget_bytes : int
    patience_s : float
        How long to wait for the calls of others to end before giving up.
    """

    def __init__(
        self,
        recipe: Callable[[str], Recipe],
        budget_bytes: int,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self.budget_bytes = budget_bytes
        self._recipe = recipe
        self._patience_s = patience_s
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._queue: deque[object] = deque()
        """Who waits for room, or behind somebody who does."""
        self._changed = threading.Condition()

    def __repr__(self) -> str:
        names = ", ".join(self.loaded) or "nothing"
        return f"NetworkPool({names}; {self.used_bytes} of {self.budget_bytes} bytes)"

    @property
    def loaded(self) -> tuple[str, ...]:
        """What is in memory, the longest unused first."""
        with self._changed:
            return tuple(name for name, held in self._held.items() if held.network is not None)

    @property
    def used_bytes(self) -> int:
        """About what that takes, and what is being loaded."""
        with self._changed:
            return sum(held.size_bytes for held in self._held.values())

    @property
    def waiting(self) -> int:
        """How many wait for room, or behind somebody who does."""
        with self._changed:
            return len(self._queue)

    def network(self, name: str) -> SharedNetwork:
        """A network to call as often as needed; nothing is loaded before the first call."""
        return SharedNetwork(self, name)

    def call(self, name: str, *arrays: Numbers) -> list[Float32]:
        """Run a network once.

        Raises
        ------
        ModelError
            As `use`, and the network's own.
        """
        with self.use(name) as network:
            return self._with_what_there_is(lambda: network(*arrays))

    @contextmanager
    def use(self, name: str) -> Generator[Loaded]:
        """Have a network in memory for as long as the block runs, which must not use another.

        Raises
        ------
        ModelError
            If it does not load, or there is no room for it because of others' calls that do not
            end.
        """
        held, network = self._pinned(name)
        try:
            yield network
        finally:
            with self._changed:
                held.calls -= 1
                self._changed.notify_all()

    def clear(self) -> bool:
        """Drop every network that nobody is calling; whether there was any."""
        with self._changed:
            idle = [name for name, held in self._held.items() if not held.calls]
            for name in idle:
                del self._held[name]
            self._changed.notify_all()
        return bool(idle)

    def _pinned(self, name: str) -> tuple[_Held, Loaded]:
        """A network that stays until its calls are counted down again."""
        while True:
            with self._changed:
                held = None if self._queue else self._there(name)
            if held is None:
                recipe = self._recipe(name)  # It looks at files: nobody has to wait for that.
                held, is_new = self._placed(name, recipe.size_bytes)
                if is_new:
                    return held, self._load(name, held, recipe)
            network = self._when_loaded(name, held)
            if network is not None:
                return held, network

    def _there(self, name: str) -> _Held | None:
        """A network that has its place, with one more call; the caller has the lock."""
        held = self._held.get(name)
        if held is not None:
            held.calls += 1
            self._held.move_to_end(name)
        return held

    def _placed(self, name: str, size_bytes: int) -> tuple[_Held, bool]:
        """A place for a network, in turn, and whether it is a new one that has to be filled."""
        place = object()

        def has_place() -> bool:
            return self._queue[0] is place and (name in self._held or self._make_room(size_bytes))

        with self._changed:
            self._queue.append(place)
            try:
                if not self._changed.wait_for(has_place, self._patience_s):
                    raise self._no_room(name)
                held = self._there(name)
                if held is not None:
                    return held, False
                self._held[name] = made = _Held(None, size_bytes)
                return made, True
            finally:
                self._queue.remove(place)
                self._changed.notify_all()

    def _load(self, name: str, held: _Held, recipe: Recipe) -> Loaded:
        """Fill a new place; it is given back if that fails."""
        try:
            network = self._with_what_there_is(recipe.load)
        except BaseException:
            with self._changed:
                held.failed = True
                del self._held[name]
                self._changed.notify_all()
            raise
        with self._changed:
            held.network = network
            self._changed.notify_all()
        return network

    def _with_what_there_is(self, work: Callable[[], _T]) -> _T:
        """Do it; with too little memory once more without the networks that nobody is calling.

        The budget is an estimate, and others use the same memory.
        """
        try:
            return work()
        except NoMemory:
            if not self.clear():
                raise
        return work()

    def _when_loaded(self, name: str, held: _Held) -> Loaded | None:
        """The network of a place that another thread fills; None if that fails there."""
        with self._changed:
            if not self._changed.wait_for(
                lambda: held.failed or held.network is not None, self._patience_s
            ):
                held.calls -= 1
                raise ModelError(
                    f"The model {name} was still being loaded after {self._patience_s:g} s; try "
                    "again later."
                )
            return held.network

    def _make_room(self, size_bytes: int) -> bool:
        """Drop idle networks if that gives room enough; whether there is."""
        used = sum(held.size_bytes for held in self._held.values())
        leaving: list[str] = []
        for name, held in self._held.items():
            if used + size_bytes <= self.budget_bytes:
                break
            if not held.calls:
                used -= held.size_bytes
                leaving.append(name)
        if used + size_bytes > self.budget_bytes and len(leaving) < len(self._held):
            return False
        for name in leaving:
            del self._held[name]
        return True

    def _no_room(self, name: str) -> ModelError:
        return ModelError(
            f"There was no room for the model {name} within {self._patience_s:g} s, because others "
            "were in use; raise PERSONAE_MODEL_MEMORY, or do fewer things at once."
        )


class SharedNetwork:
    """A network of a pool, called like a function; threads share it."""

    def __init__(self, pool: NetworkPool, name: str) -> None:
        self.name = name
        self._pool = pool
        self._known: tuple[int, Sequence[TensorSpec], Sequence[TensorSpec]] | None = None

    def __repr__(self) -> str:
        return f"SharedNetwork({self.name})"

    @property
    def batch(self) -> int:
        """How many items one call may take along the first axis; 1 where the graph fixes it."""
        return self._looked_at()[0]

    @property
    def inputs(self) -> Sequence[TensorSpec]:
        """What it takes."""
        return self._looked_at()[1]

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        """What it gives."""
        return self._looked_at()[2]

    def __call__(self, *arrays: Numbers) -> list[Float32]:
        """Run it, loading it first if it is not in memory.

        Raises
        ------
        ModelError
        """
        return self._pool.call(self.name, *arrays)

    def _looked_at(self) -> tuple[int, Sequence[TensorSpec], Sequence[TensorSpec]]:
        if self._known is None:
            with self._pool.use(self.name) as network:
                self._known = (network.batch, network.inputs, network.outputs)
        return self._known
