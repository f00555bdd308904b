"""Every kind of ending has its number, in the help and in the documentation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from personae import errors
from personae.cli.exit_codes import ExitCode, epilog, exit_code_of
from personae.cli.output import Talk


def subclasses(kind: type[errors.PersonaeError]) -> set[type[errors.PersonaeError]]:
    found = set(kind.__subclasses__())
    return found.union(*(subclasses(one) for one in found))


def test_every_error_has_a_code_of_its_own_kind() -> None:
    """A new error class must be placed, not fall through to "internal"."""
    for kind in subclasses(errors.PersonaeError):
        error = kind("donor") if issubclass(kind, errors.FaceNotFound) else kind()
        assert exit_code_of(error) not in (ExitCode.OK, ExitCode.INTERNAL), kind


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidRequest("x"), 2),
        (errors.MediaUnreachable("x"), 3),
        (errors.MediaTooLarge("x"), 3),
        (errors.FaceNotFound("donor"), 4),
        (errors.DonorUnusable("x"), 5),
        (errors.SeveralFaces("x"), 5),
        (errors.ModelError("x"), 6),
        (errors.Canceled("x"), 130),
        (errors.NotFound("x"), 8),
        (errors.Unavailable("x"), 8),
        (KeyboardInterrupt(), 130),
        (ValueError("x"), 1),
    ],
)
def test_numbers_are_fixed(error: BaseException, code: int) -> None:
    assert exit_code_of(error) == code


def test_help_lists_all_of_them() -> None:
    for code in ExitCode:
        assert f"- {code.value}: {code.meaning}" in epilog()


def test_documentation_lists_all_of_them() -> None:
    page = (Path(__file__).parents[3] / "docs" / "cli.md").read_text("utf-8")
    for code in ExitCode:
        assert f"| {code.value} | {code.meaning} |" in page


def ended(error: BaseException, *, as_json: bool) -> int:
    """The exit code with which a command ends on `error`."""
    with pytest.raises(typer.Exit) as caught, Talk(as_json=as_json):
        raise error
    return caught.value.exit_code


def test_an_error_is_one_sentence_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(errors.MediaUnreadable("a.jpg is empty."), as_json=False) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "Error: a.jpg is empty.\n"


def test_an_error_is_one_object_on_stdout_with_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(errors.FaceNotFound("scene", "No face in a.jpg."), as_json=True) == 4
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "error": {
            "code": "face_not_found",
            "message": "No face in a.jpg.",
            "retryable": False,
            "role": "scene",
        },
        "exit_code": 4,
    }
    assert err == "Error: No face in a.jpg.\n"


def test_a_bug_shows_no_traceback_unless_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ended(ZeroDivisionError("by zero"), as_json=False) == 1
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert "PERSONAE_DEBUG=1" in err
    monkeypatch.setenv("PERSONAE_DEBUG", "1")
    assert ended(ZeroDivisionError("by zero"), as_json=False) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_chosen_exit_passes_through() -> None:
    with pytest.raises(typer.Exit) as caught, Talk():
        raise typer.Exit(7)
    assert caught.value.exit_code == 7


def test_quiet_leaves_only_errors(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(quiet=True)
    talk.note("note")
    talk.warn("warning")
    assert capsys.readouterr() == ("", "")
    loud = Talk()
    loud.warn("warning")
    assert capsys.readouterr().err == "Warning: warning\n"
