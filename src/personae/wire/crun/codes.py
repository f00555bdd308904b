"""Our errors and states in crun's words; the tests see to it that nothing is missing."""

from __future__ import annotations

from collections.abc import Mapping

SUCCESS = 200
GENERATION_FAILED = 501
"""What a task that failed says in its result, whatever the reason; no call is answered with it."""

CODES: Mapping[str, int] = {
    "error": 500,
    "invalid_request": 422,
    "media_error": 422,
    "media_unreachable": 422,
    "media_unreadable": 422,
    "media_too_large": 422,
    "media_unsupported": 422,
    "face_not_found": 422,
    "several_faces": 422,
    "donor_unusable": 422,
    "model_error": 500,
    "canceled": 422,
    "service_error": 500,
    "unauthorized": 401,
    "forbidden": 403,  # Not on the page; its clients know it from keys that may not.
    "not_found": 404,
    "expired": 422,
    "conflict": 422,
    "insufficient_credits": 402,
    "rate_limited": 429,
    "policy_refused": 422,
    "consent_required": 422,
    "address_refused": 422,
    "unavailable": 500,
    "maintenance": 455,
    "feature_disabled": 505,
    "task_failed": 500,
    # Those that only HTTP has.
    "bad_request": 422,
    "malformed_body": 422,
    "method_not_allowed": 404,
    "body_stalled": 422,
    "body_too_large": 422,
    "unsupported_body": 422,
    "range_not_satisfiable": 422,
    "internal_error": 500,
}
"""The code of an answer by the code of an error."""

TASK_STATES: Mapping[str, str] = {
    "queued": "pending",
    "running": "running",
    "succeeded": "success",
    "failed": "failed",
    "canceled": "failed",
}
"""The ``status`` of TaskInfo."""

SEARCH_STATES: Mapping[str, str] = {
    "queued": "starting",
    "running": "processing",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "failed",
}
"""The ``status`` of a detection; its result, inside, says ``succeed``."""
