"""Times by kind, as they are written and as they combine."""

from __future__ import annotations

import pytest

from personae.domain.retention import DAY_S, SETTING, WISH, Retention, allowed, in_force, seconds
from personae.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "value"),
    [("90", 90.0), ("30m", 1800.0), ("12h", 43200.0), ("7d", 7 * DAY_S), ("2w", 14 * DAY_S)],
)
def test_durations_as_people_write_them(text: str, value: float) -> None:
    assert seconds(text, "uploads") == value
    assert seconds(f" {text.upper()} ", "uploads") == value
    assert seconds(value, "uploads") == value


@pytest.mark.parametrize("text", ["", "5", "-3d", "1y", "d", "200000d", "never", "1e3", "nan"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"crops|faces"):
        seconds(text, "crops")


def test_only_faces_may_stay() -> None:
    assert seconds("Never", "faces") is None


def test_the_shortest_of_what_was_said_holds() -> None:
    settings = {
        SETTING: {"uploads": 30 * DAY_S, "faces": None, "unknown": 1.0},
        WISH: {"uploads": 40 * DAY_S, "outputs": DAY_S, "faces": 5.0, "unknown": 1.0},
    }
    default = Retention(faces=60 * DAY_S)
    most, holds = allowed(settings, default), in_force(settings, default)
    assert (most.uploads, most.outputs, most.faces) == (30 * DAY_S, 7 * DAY_S, None)
    assert (holds.uploads, holds.outputs, holds.faces) == (30 * DAY_S, DAY_S, 5.0)
    assert in_force({}, default) == default


def test_stills_never_outlive_their_output() -> None:
    times = Retention(outputs=DAY_S, stills=5 * DAY_S, previews=60.0)
    assert times.of_role("cover") == times.of_role("thumbnail") == DAY_S
    assert times.of_role("output", preview=True) == 60.0
    assert times.of_role("manifest") == DAY_S
