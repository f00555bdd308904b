"""aifaceswap's ``code`` for every error of ours, and ``success`` for every state of a task.

The page names 200 and no other; these are HTTP's.
"""

from __future__ import annotations

from collections.abc import Mapping

OK = 200
CODES: Mapping[str, int] = {
    # The request.
    "bad_request": 400,
    "malformed_body": 400,
    "invalid_request": 400,
    "unauthorized": 401,
    "insufficient_credits": 402,
    "forbidden": 403,
    "policy_refused": 403,
    "consent_required": 403,
    "feature_disabled": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "body_stalled": 408,
    "conflict": 409,
    "canceled": 409,
    "expired": 410,
    "body_too_large": 413,
    "unsupported_body": 415,
    "range_not_satisfiable": 416,
    "rate_limited": 429,
    # The media.
    "media_too_large": 413,
    "media_unsupported": 415,
    "media_error": 422,
    "media_unreachable": 422,
    "media_unreadable": 422,
    "address_refused": 422,
    "face_not_found": 422,
    "several_faces": 422,
    "donor_unusable": 422,
    # The service.
    "error": 500,
    "internal_error": 500,
    "model_error": 500,
    "service_error": 500,
    "task_failed": 500,
    "unavailable": 503,
    "maintenance": 503,
}
SUCCESS: Mapping[str, int | None] = {
    "queued": None,
    "running": None,
    "succeeded": 1,
    "failed": 0,
    "canceled": 0,
}


def code_of(ours: str) -> int:
    """The vendor's code; an error from the future is a failure of the platform."""
    return CODES.get(ours, 500)
