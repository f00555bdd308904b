"""Vidnoz's response codes, and which of them each of our errors and task states becomes."""

from __future__ import annotations

from collections.abc import Mapping

from personae.domain.tasks import Task
from personae.wire.problems import Problem
from personae.wire.vidnoz.settings import VidnozSettings

OK = 200
PARAMETERS, UNAUTHORIZED, BROKEN = 400, 401, 500
TASK_EXCEPTION, NO_FACE, SEVERAL_FACES, FILE_POLICY, TARGET_POLICY = 601, 602, 603, 604, 605
FILE_EXCEPTION, KEY_NOT_FOUND, FORMAT, TOO_LARGE = 701, 702, 703, 704
CREDITS, REQUESTS = 801, 802

ALL: Mapping[int, str] = {
    OK: "Done.",
    PARAMETERS: "A parameter is missing or makes no sense, the body cannot be read, or there is "
    "nothing at the address.",
    UNAUTHORIZED: "The token is missing, wrong or over, or the key does not allow this.",
    BROKEN: "Something broke here, or the service is being maintained.",
    TASK_EXCEPTION: "The task cannot be done, or another one that it needs is not finished.",
    NO_FACE: "There is no face in a file.",
    SEVERAL_FACES: "There are several faces where one was needed.",
    FILE_POLICY: "The operator does not allow the file, or what it seems to show.",
    TARGET_POLICY: "The operator does not allow the new face, or a person.",
    FILE_EXCEPTION: "A file cannot be read or used.",
    KEY_NOT_FOUND: "There is no file of that key: it was not uploaded, is somebody else's, or has "
    "expired.",
    FORMAT: "The file is not a JPG, PNG, WEBP, GIF, M4V, MP4, MOV or WEBM.",
    TOO_LARGE: "The file is too large.",
    CREDITS: "There are not enough credits.",
    REQUESTS: "There were too many requests; try again later.",
}
"""Every code and what causes it here."""

CODES: Mapping[str, int] = {
    "error": BROKEN,
    "invalid_request": PARAMETERS,
    "media_error": FILE_EXCEPTION,
    "media_unreachable": FILE_EXCEPTION,
    "media_unreadable": FILE_EXCEPTION,
    "media_too_large": TOO_LARGE,
    "media_unsupported": FORMAT,
    "face_not_found": NO_FACE,
    "several_faces": SEVERAL_FACES,
    "donor_unusable": FILE_EXCEPTION,
    "model_error": BROKEN,
    "canceled": TASK_EXCEPTION,
    "service_error": BROKEN,
    "unauthorized": UNAUTHORIZED,
    "forbidden": UNAUTHORIZED,
    "not_found": KEY_NOT_FOUND,
    "expired": KEY_NOT_FOUND,
    "conflict": TASK_EXCEPTION,
    "insufficient_credits": CREDITS,
    "rate_limited": REQUESTS,
    "policy_refused": FILE_POLICY,
    "consent_required": FILE_POLICY,
    "address_refused": FILE_EXCEPTION,
    "unavailable": BROKEN,
    "maintenance": BROKEN,
    "feature_disabled": TASK_EXCEPTION,
    "task_failed": TASK_EXCEPTION,
    # What only HTTP has.
    "bad_request": PARAMETERS,
    "malformed_body": PARAMETERS,
    "method_not_allowed": PARAMETERS,
    "body_stalled": PARAMETERS,
    "body_too_large": PARAMETERS,
    "unsupported_body": PARAMETERS,
    "range_not_satisfiable": PARAMETERS,
    "internal_error": BROKEN,
}
"""By our error's code. `code_of` knows what else counts."""


def code_of(error: str, role: str | None = None, reason: str | None = None) -> int:
    """The vendor's code of an error.

    Of a policy's refusals, 605 is for people who may not be used, and for files of a new face that
    may not be; 604 for other files, and for what the content gate saw in any.
    """
    if error == "policy_refused":
        person = reason == "register" or (role == "donor" and reason != "nsfw")
        return TARGET_POLICY if person else FILE_POLICY
    return CODES.get(error, BROKEN)


def status_of(task: Task, settings: VidnozSettings) -> int:
    """``status`` of a task; of a failed one a code that no success and no HTTP error has."""
    if task.status == "failed":
        told = task.error
        code = TASK_EXCEPTION if told is None else code_of(told.code, told.role, told.reason)
        return max(code, TASK_EXCEPTION)
    return {
        "queued": settings.waiting,
        "running": settings.processing,
        "succeeded": settings.done,
        "canceled": TASK_EXCEPTION,
    }[task.status]


def http_status(problem: Problem, code: int, settings: VidnozSettings) -> int:
    """The HTTP status that goes with an error; see `VidnozSettings.http_status`."""
    if settings.http_status == "mirror":
        return problem.status
    if code == UNAUTHORIZED:
        return 401
    return problem.status if code == BROKEN else 200
