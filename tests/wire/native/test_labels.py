"""The visible label in the native API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wire.checks import problem, swap_body
from wire.service import Service

LABEL = {"text": "AI-generated", "place": "top", "size": 0.1}


def test_a_label_is_kept_with_the_task_and_shown(service: Service) -> None:
    answer = service.call("POST", "/swaps", swap_body(service, output={"label": LABEL}))
    assert answer.status_code == 202, answer.text
    assert answer.json()["request"]["output"] == {"label": LABEL}
    assert service.queued.tasks[-1].request["output"]["label"] == LABEL


def test_a_label_has_a_usual_place_and_size(service: Service) -> None:
    answer = service.call("POST", "/swaps", swap_body(service, output={"label": {"text": "AI"}}))
    shown = answer.json()["request"]["output"]["label"]
    assert shown == {"text": "AI", "place": "bottom-right", "size": 0.04}


@pytest.mark.parametrize(
    "label",
    [
        {"text": ""},
        {"text": "   "},
        {"text": "x" * 81},
        {"text": "two\nlines"},
        {"text": "a\u202eb"},
        {"text": "نص"},
        {"text": "😀"},
        {"text": "AI", "place": "middle"},
        {"text": "AI", "size": 0.5},
        {"text": "AI", "colour": "red"},
        "AI",
    ],
)
@pytest.mark.parametrize("path", ["/swaps", "/swaps/preview", "/swaps/estimate"])
def test_what_cannot_be_written_is_refused(service: Service, label: Any, path: str) -> None:
    answer = service.call("POST", path, swap_body(service, output={"label": label}))
    problem(answer, 422, "invalid_request")
    assert not service.queued.tasks


def test_an_operators_font_may_have_other_letters(opened: Callable[..., Service]) -> None:
    service = opened(any_letters=True)
    answer = service.call("POST", "/swaps", swap_body(service, output={"label": {"text": "نص"}}))
    assert answer.status_code == 202
