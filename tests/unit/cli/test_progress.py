"""Progress says frames, speed and time left; Ctrl-C asks first and then insists."""

from __future__ import annotations

import signal
from dataclasses import dataclass

import pytest

from personae.cli.interrupts import Interruptible
from personae.cli.progress import ShownProgress, clock, describe


@dataclass(frozen=True)
class Step:
    """How far a job is, as the library says it."""

    frames_done: int
    frames_total: int | None
    fps: float
    remaining_s: float | None


def test_clock() -> None:
    assert clock(0) == "0:00"
    assert clock(65.4) == "1:05"
    assert clock(59.6) == "1:00"
    assert clock(3723) == "1:02:03"
    assert clock(None) == "-:--"


def test_steps_in_words() -> None:
    assert describe(Step(120, 900, 24.08, 32.4)) == "120/900 frames, 24.1 fps, 0:32 left"
    assert describe(Step(120, None, 24.0, None)) == "120/? frames, 24.0 fps"


def test_without_a_terminal_lines_are_said_now_and_then(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with ShownProgress("out.mp4", every_s=0) as shown:
        shown(Step(1, 2, 5.0, 0.2))
        shown(Step(2, 2, 5.0, 0.0))
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "out.mp4: 1/2 frames, 5.0 fps, 0:00 left\nout.mp4: 2/2 frames, 5.0 fps, 0:00 left\n"
    )
    with ShownProgress("out.mp4", every_s=3600) as shown:
        shown(Step(1, 2, 5.0, 0.2))
    assert capsys.readouterr().err == ""


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with ShownProgress("out.mp4", quiet=True, every_s=0) as shown:
        shown(Step(1, 2, 5.0, 0.2))
    assert capsys.readouterr() == ("", "")


def test_first_ctrl_c_asks_and_the_second_insists(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interruptible() as interrupt:
        assert not interrupt.should_stop()
        signal.raise_signal(signal.SIGINT)
        assert interrupt.should_stop()
        assert "Stopping" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
