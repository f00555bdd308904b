"""Every error that Personae raises on purpose.

    PersonaeError
    ├── InvalidRequest          a parameter or a combination of them makes no sense
    ├── MediaError              a picture or a video cannot be used
    │   ├── MediaUnreachable    it cannot be opened, or the output cannot be written
    │   ├── MediaUnreadable     it opens, but what is inside does not decode
    │   ├── MediaTooLarge       beyond the limits, refused before decoding
    │   └── MediaUnsupported    intact, but of a kind that Personae does not handle
    ├── FaceNotFound            no usable face; ``role`` says in which input
    ├── SeveralFaces            one face was needed and several are there
    ├── DonorUnusable           a donor photo fails the quality gate
    ├── ModelError              a model is missing, altered, or cannot be fetched
    ├── Canceled                the caller asked to stop
    └── ServiceError            only the service raises these, but for PolicyRefused
        ├── Unauthorized        no key, or one that is unknown, expired or revoked
        ├── Forbidden           the key's scopes do not allow it, or the tenant is suspended
        ├── NotFound            nothing of that name belongs to the tenant
        ├── Expired             it was there, but no longer is
        ├── Conflict            it contradicts what was asked before, or the present state
        ├── InsufficientCredits the account cannot pay for it
        ├── RateLimited         too much at once; ``retry_after_s`` says when to come back
        ├── PolicyRefused       a policy forbids it; ``role`` and ``reason`` say what and why
        ├── ConsentRequired     nobody has asserted that the people shown agree
        ├── AddressRefused      a URL leads where the service must not go
        ├── Unavailable         the service cannot do it now; nothing was done
        └── TaskFailed          the platform broke down over a task; nothing was charged
            └── TookTooLong     it was still at work, or silent, when its time was up

Each class has ``code`` (stable, for machines), ``retryable`` (an unreachable file has its own) and
``fault`` (``"caller"`` or ``"platform"``). The docstring's first line is the default message.
Nothing here knows HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

Fault = Literal["caller", "platform"]
Role = Literal["donor", "scene", "reference", "output"]
Reason = Literal["nsfw", "register", "file"]


class PersonaeError(Exception):
    """Something went wrong in Personae."""

    code: ClassVar[str] = "error"
    retryable: bool = False
    fault: ClassVar[Fault] = "platform"
    role: Role | None = None
    """Which input it is about, where that matters to clients."""

    def __init__(self, message: str | None = None) -> None:
        default = (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(message or default)

    @property
    def message(self) -> str:
        """One sentence for a person: what is wrong and what to do."""
        return str(self.args[0])


class InvalidRequest(PersonaeError):
    """The request makes no sense as it stands."""

    code = "invalid_request"
    fault = "caller"


class MediaError(PersonaeError):
    """The media cannot be used."""

    code = "media_error"
    fault = "caller"


class MediaUnreachable(MediaError):
    """The file cannot be opened or written."""

    code = "media_unreachable"
    retryable = True

    def __init__(self, message: str | None = None, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class MediaUnreadable(MediaError):
    """The file does not decode."""

    code = "media_unreadable"


class MediaTooLarge(MediaError):
    """The file is larger than the limits allow."""

    code = "media_too_large"


class MediaUnsupported(MediaError):
    """The file is of a kind that is not supported."""

    code = "media_unsupported"


class FaceNotFound(PersonaeError):
    """No face was found."""

    code = "face_not_found"
    fault = "caller"

    def __init__(self, role: Role, message: str | None = None) -> None:
        super().__init__(message or f"No face was found in the {role}.")
        self.role = role


class SeveralFaces(PersonaeError):
    """Several faces were found where one was needed."""

    code = "several_faces"
    fault = "caller"


class DonorUnusable(PersonaeError):
    """The donor photo cannot be used for a swap."""

    code = "donor_unusable"
    fault = "caller"


class ModelError(PersonaeError):
    """A model is missing, altered or cannot be loaded."""

    code = "model_error"


class Canceled(PersonaeError):
    """The work was stopped on request."""

    code = "canceled"
    fault = "caller"


class ServiceError(PersonaeError):
    """The service could not do it."""

    code = "service_error"


class Unauthorized(ServiceError):
    """The API key is missing, unknown, expired or revoked."""

    code = "unauthorized"
    fault = "caller"


class Forbidden(ServiceError):
    """The API key does not allow this."""

    code = "forbidden"
    fault = "caller"


class NotFound(ServiceError):
    """There is nothing of that name."""

    code = "not_found"
    fault = "caller"


class Expired(ServiceError):
    """It has expired."""

    code = "expired"
    fault = "caller"


class Conflict(ServiceError):
    """The request contradicts an earlier one or the present state."""

    code = "conflict"
    fault = "caller"


class InsufficientCredits(ServiceError):
    """The account has not enough credits."""

    code = "insufficient_credits"
    fault = "caller"


class RateLimited(ServiceError):
    """Too many requests; try again later."""

    code = "rate_limited"
    retryable = True
    fault = "caller"

    def __init__(self, message: str | None = None, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PolicyRefused(ServiceError):
    """The operator's policy does not allow this.

    ``reason``: ``nsfw`` by the content gate, ``register`` for a person who may not be used,
    ``file`` for bytes that may not be. ``facts``: what was found, for operators alone.
    """

    code = "policy_refused"
    fault = "caller"

    def __init__(
        self,
        message: str | None = None,
        *,
        role: Role | None = None,
        reason: Reason = "file",
        facts: Mapping[str, float | str] | None = None,
    ) -> None:
        super().__init__(message)
        self.role = role
        self.reason: Reason = reason
        self.facts: dict[str, float | str] = dict(facts or {})


class ConsentRequired(ServiceError):
    """Nobody has asserted that the people shown agree to this."""

    code = "consent_required"
    fault = "caller"

    def __init__(self, message: str | None = None, member: str | None = None) -> None:
        super().__init__(message)
        self.member = member
        """Which part of the request lacks it; None where requests have none for it."""


class AddressRefused(ServiceError):
    """The URL leads to an address that the service does not visit."""

    code = "address_refused"
    fault = "caller"


class Unavailable(ServiceError):
    """The service cannot do this now; try again later."""

    code = "unavailable"
    retryable = True


class Maintenance(Unavailable):
    """The service is being maintained and takes no new work; try again later."""

    code = "maintenance"


class FeatureDisabled(ServiceError):
    """The operator has switched this feature off."""

    code = "feature_disabled"
    fault = "caller"


class TaskFailed(ServiceError):
    """The platform failed over this task; nothing was charged."""

    code = "task_failed"
    retryable = True


class TookTooLong(TaskFailed):
    """The work took too long and was ended; nothing was charged."""
