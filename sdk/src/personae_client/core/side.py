"""One method for both clients: blocking on `Client`, awaited on `AsyncClient`.

A group of calls is written once, as generators of effects. Whether ``group.get(…)`` gives a result
or a coroutine follows from what the group belongs to, at run time and for type checkers.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, cast, final, overload
from urllib.parse import quote

from personae_client.core.calling import Request, json_of, send
from personae_client.core.config import Config
from personae_client.core.drivers import AsyncDriver, SyncDriver
from personae_client.core.effects import Emit, Steps
from personae_client.errors import UnexpectedAnswer
from personae_client.models.base import Model

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound="Side[Any]")
ModelT = TypeVar("ModelT", bound=Model)


@final
class Sync:
    """Methods block and give results."""


@final
class Async:
    """Methods give coroutines."""


M_co = TypeVar("M_co", bound="Sync | Async", covariant=True)
Driver: TypeAlias = SyncDriver | AsyncDriver


class Side(Generic[M_co]):
    """Something with calls, of one kind of client."""

    def __init__(self, config: Config, driver: Driver) -> None:
        self.config = config
        self.driver = driver

    def ask(self, kind: type[ModelT], request: Request) -> Steps[ModelT]:
        """Send a request, and read its answer."""
        return kind.from_json(json_of((yield from send(self.config, request))))

    def tell(self, request: Request) -> Steps[None]:
        """Send a request whose answer says nothing."""
        yield from send(self.config, request)

    def pages(
        self, kind: type[ModelT], path: str, params: dict[str, object] | None = None
    ) -> Steps[None]:
        """Emit every item of a listing, asking for the next page when the last item is taken."""
        cursor: object = None
        while True:
            asked = Request("GET", path, params={**(params or {}), "cursor": cursor})
            page: object = json_of((yield from send(self.config, asked)))
            told = cast("dict[str, Any]", page) if isinstance(page, dict) else {}
            items = told.get("items")
            if not isinstance(items, list):
                raise UnexpectedAnswer("The service should have answered with a page of a listing.")
            for item in cast("list[object]", items):
                yield Emit(kind.from_json(item))
            cursor = told.get("next_cursor")
            if cursor is None:
                return


class operation(Generic[S, P, T]):  # noqa: N801  (used as a decorator)
    """A method whose steps end with its result."""

    def __init__(self, steps: Callable[Concatenate[S, P], Steps[T]]) -> None:
        self.steps = steps
        functools.update_wrapper(self, steps)  # pyright: ignore[reportArgumentType]

    @overload
    def __get__(self, instance: None, owner: Any = None) -> operation[S, P, T]: ...
    @overload
    def __get__(self, instance: Side[Sync], owner: Any = None) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, instance: Side[Async], owner: Any = None
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self

        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return instance.driver.run(self.steps(instance, *args, **kwargs))

        return functools.update_wrapper(call, self.steps)


class Stream(Generic[S, P, T]):
    """A method that gives an iterator over what its steps emit, each a `T`; see `stream`."""

    def __init__(self, steps: Callable[Concatenate[S, P], Steps[None]]) -> None:
        self.steps = steps
        functools.update_wrapper(self, steps)  # pyright: ignore[reportArgumentType]

    @overload
    def __get__(self, instance: None, owner: Any = None) -> Stream[S, P, T]: ...
    @overload
    def __get__(self, instance: Side[Sync], owner: Any = None) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(
        self, instance: Side[Async], owner: Any = None
    ) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self

        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return instance.driver.iterate(self.steps(instance, *args, **kwargs))

        return functools.update_wrapper(call, self.steps)


def stream(
    of: type[T],
) -> Callable[[Callable[Concatenate[S, P], Steps[None]]], Stream[S, P, T]]:
    """Make a method of steps that emit; `of` is what they emit."""
    return Stream


def name_in_path(name: str) -> str:
    """An id as part of a path; nothing in it can lead elsewhere."""
    return quote(name, safe="")
