"""Networks that are loaded when they are first called, and leave when others need their memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from personae.engine.sessions.tensors import Numbers, TensorSpec
from personae.engine.types import Float32
from personae.errors import ModelError

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


@dataclass(slots=True)
class _Held:
    network: Loaded
    size_bytes: int
    calls: int = 0


class NetworkPool:
    """Networks by name, shared by threads, within a budget of memory.

    A call loads its network if need be. Before that, networks that nobody is calling leave, the
    longest unused first, until there is room; one that is larger than the whole budget is loaded
    when it is alone. None leaves while it is being called.

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
        self._turn = threading.Lock()
        self._changed = threading.Condition()

    def __repr__(self) -> str:
        names = ", ".join(self.loaded) or "nothing"
        return f"NetworkPool({names}; {self.used_bytes} of {self.budget_bytes} bytes)"

    @property
    def loaded(self) -> tuple[str, ...]:
        """What is in memory, the longest unused first."""
        with self._changed:
            return tuple(self._held)

    @property
    def used_bytes(self) -> int:
        """About what that takes."""
        with self._changed:
            return sum(held.size_bytes for held in self._held.values())

    def network(self, name: str) -> SharedNetwork:
        """A network to call as often as needed; nothing is loaded before the first call."""
        return SharedNetwork(self, name)

    @contextmanager
    def use(self, name: str) -> Generator[Loaded]:
        """Have a network in memory for as long as the block runs, which must not use another.

        Raises
        ------
        ModelError
            If it does not load, or there is no room for it because of others' calls that do not
            end.
        """
        # One at a time comes in, so that who waits for room is not overtaken for ever by calls of
        # what is already there.
        if not self._turn.acquire(timeout=self._patience_s):
            raise self._no_room(name)
        try:
            held = self._pinned(name) or self._load(name)
        finally:
            self._turn.release()
        try:
            yield held.network
        finally:
            with self._changed:
                held.calls -= 1
                self._changed.notify_all()

    def clear(self) -> None:
        """Drop every network that nobody is calling."""
        with self._turn, self._changed:
            for name in [name for name, held in self._held.items() if not held.calls]:
                del self._held[name]

    def _pinned(self, name: str) -> _Held | None:
        with self._changed:
            held = self._held.get(name)
            if held is not None:
                held.calls += 1
                self._held.move_to_end(name)
            return held

    def _load(self, name: str) -> _Held:
        recipe = self._recipe(name)
        with self._changed:
            if not self._changed.wait_for(
                lambda: self._make_room(recipe.size_bytes), self._patience_s
            ):
                raise self._no_room(name)
        held = _Held(recipe.load(), recipe.size_bytes, calls=1)
        with self._changed:
            self._held[name] = held
        return held

    def _make_room(self, size_bytes: int) -> bool:
        """Drop idle networks until there is room; whether there is."""
        used = sum(held.size_bytes for held in self._held.values())
        for name in list(self._held):
            if used + size_bytes <= self.budget_bytes:
                return True
            if not self._held[name].calls:
                used -= self._held.pop(name).size_bytes
        return used + size_bytes <= self.budget_bytes or not self._held

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
        with self._pool.use(self.name) as network:
            return network(*arrays)

    def _looked_at(self) -> tuple[int, Sequence[TensorSpec], Sequence[TensorSpec]]:
        if self._known is None:
            with self._pool.use(self.name) as network:
                self._known = (network.batch, network.inputs, network.outputs)
        return self._known
