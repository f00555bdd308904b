"""What compares answers with the vendors' examples finds every difference."""

from __future__ import annotations

from typing import Any

import pytest

from wire.shapes import same_shape

EXAMPLE = {"code": 0, "data": {"rows": [{"name": "x", "why": None, "s": 1.5}], "ok": True}}


def example(**changes: Any) -> Any:
    row = {"name": "y", "why": None, "s": 2.5, **changes}
    return {"code": 7, "data": {"rows": [row, row], "ok": False}}


@pytest.mark.parametrize("changes", [{}, {"why": "text"}, {"s": 2}])
def test_other_values_are_the_same_shape(changes: dict[str, Any]) -> None:
    same_shape(EXAMPLE, example(**changes))


def test_nothing_is_known_of_the_elements_of_an_empty_list() -> None:
    same_shape({"rows": []}, {"rows": [1, "x"]})
    same_shape({"rows": [1]}, {"rows": []})


def test_elements_may_be_built_as_any_of_the_examples() -> None:
    same_shape([1, {"a": 1}], [{"a": 2}, 3])
    with pytest.raises(AssertionError):
        same_shape([1, {"a": 1}], [{"b": 2}])


@pytest.mark.parametrize(
    "changes",
    [{"name": 1}, {"name": None}, {"why": 1}, {"s": "1"}, {"s": True}, {"more": 1}],
)
def test_another_type_or_key_is_found(changes: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="/data/rows/0"):
        same_shape(EXAMPLE, example(**changes))


@pytest.mark.parametrize("got", [{}, [], None, {"code": 0.5, "data": {}}, {"code": True}])
def test_another_body_is_found(got: Any) -> None:
    with pytest.raises(AssertionError):
        same_shape({"code": 0}, got)


def test_what_we_add_on_purpose_is_named() -> None:
    same_shape(EXAMPLE, example(more=1), extra=("more",))
    with pytest.raises(AssertionError):
        same_shape(EXAMPLE, example(more=1, other=1), extra=("more",))
