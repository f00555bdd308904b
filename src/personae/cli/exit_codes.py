"""What `personae` returns to the shell: one number for each kind of ending."""

from __future__ import annotations

from enum import IntEnum

from personae.errors import (
    Canceled,
    DonorUnusable,
    FaceNotFound,
    InvalidRequest,
    MediaError,
    ModelError,
    PersonaeError,
    PolicyRefused,
    ServiceError,
    SeveralFaces,
)


class ExitCode(IntEnum):
    """The endings of a command; `meaning` says each in words."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    MEDIA = 3
    NO_FACE = 4
    DONOR = 5
    MODEL = 6
    LOSSES = 7
    SERVICE = 8
    REFUSED = 9
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """One line for the help and the documentation."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.INTERNAL: "an error inside Personae (PERSONAE_DEBUG=1 shows where)",
    ExitCode.USAGE: "the command line makes no sense as it stands",
    ExitCode.MEDIA: "a file is missing, damaged, too large or of an unsupported kind, "
    "or the output cannot be written",
    ExitCode.NO_FACE: "no face in the donor, the scene or a reference",
    ExitCode.DONOR: "the donor photo cannot be used",
    ExitCode.MODEL: "a model is missing, altered or cannot be fetched",
    ExitCode.LOSSES: "done, but frames were lost (only with --strict)",
    ExitCode.SERVICE: "the service refused it or could not do it (only commands of the service)",
    ExitCode.REFUSED: "the content gate does not let a donor, the scene or the output through",
    ExitCode.INTERRUPTED: "interrupted with Ctrl-C; no output was left",
}

# In this order: the first class that fits decides.
_BY_ERROR: tuple[tuple[type[PersonaeError], ExitCode], ...] = (
    (InvalidRequest, ExitCode.USAGE),
    (MediaError, ExitCode.MEDIA),
    (FaceNotFound, ExitCode.NO_FACE),
    (DonorUnusable, ExitCode.DONOR),
    (SeveralFaces, ExitCode.DONOR),
    (ModelError, ExitCode.MODEL),
    (Canceled, ExitCode.INTERRUPTED),
    (PolicyRefused, ExitCode.REFUSED),
    (ServiceError, ExitCode.SERVICE),
)


def exit_code_of(error: BaseException) -> ExitCode:
    """The exit code for an error that ended a command."""
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    for kind, code in _BY_ERROR:
        if isinstance(error, kind):
            return code
    return ExitCode.INTERNAL


def epilog() -> str:
    """All exit codes as a Markdown list, for the end of a command's help."""
    return "\n".join(["Exit codes:", "", *(f"- {code.value}: {code.meaning}" for code in ExitCode)])
