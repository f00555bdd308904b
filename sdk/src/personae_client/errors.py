"""Every error that this client raises on purpose.

    ClientError
    ├── ConfigurationError       no key, no usable address, or inputs that contradict each other
    ├── ConnectionFailed         the service could not be reached, or stopped answering
    ├── UnexpectedAnswer         whatever answered does not speak this API
    ├── TimedOut                 you waited as long as you wanted; the task goes on
    ├── TransferFailed           a download did not arrive whole, or storage refused an upload
    ├── WebhookRefused           an event that is not signed with your secret, or too old
    └── ServiceProblem           the service said no; by its `code`:
        ├── InvalidRequest       invalid_request and whatever else is wrong with the request
        ├── MediaProblem         media_error
        │   ├── MediaUnreachable     media_unreachable
        │   ├── MediaUnreadable      media_unreadable
        │   ├── MediaTooLarge        media_too_large, body_too_large
        │   └── MediaUnsupported     media_unsupported
        ├── FaceNotFound         face_not_found; `role` says in which input
        ├── SeveralFaces         several_faces
        ├── DonorUnusable        donor_unusable
        ├── ModelProblem         model_error
        ├── Canceled             canceled
        ├── Unauthorized         unauthorized
        ├── Forbidden            forbidden, feature_disabled
        ├── NotFound             not_found
        ├── Expired              expired
        ├── Conflict             conflict
        ├── InsufficientCredits  insufficient_credits
        ├── RateLimited          rate_limited; `retry_after_s` says when to come back
        ├── PolicyRefused        policy_refused; `role` and `reason` say what and why
        ├── ConsentRequired      consent_required
        ├── AddressRefused       address_refused
        ├── Unavailable          unavailable, maintenance
        └── TaskFailed           task_failed, internal_error, service_error

The same classes tell why a task failed: then `task` is the task, and `status` is None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from personae_client.models import Swap
    from personae_client.models.swaps import Detection


class ClientError(Exception):
    """Something went wrong; the message says what to do."""


class ConfigurationError(ClientError):
    """The client was given something that cannot work; nothing was sent."""


class ConnectionFailed(ClientError):
    """The service could not be reached, or stopped answering.

    ``sent`` says whether the request may have arrived. Requests that can be repeated without harm
    have been, as often as `Retries` allows.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class UnexpectedAnswer(ClientError):
    """Whatever answered does not speak this API; check the address."""


class TimedOut(ClientError):
    """You waited as long as you wanted; the task ``task_id`` goes on."""

    def __init__(self, task_id: str, timeout_s: float, calls: str = "client.swaps") -> None:
        super().__init__(
            f"{task_id} did not end within {timeout_s:g} s. It goes on: wait for it again with "
            f"{calls}.wait({task_id!r}), or end it with {calls}.cancel({task_id!r})."
        )
        self.task_id = task_id


class TransferFailed(ClientError):
    """A file did not arrive whole; what was there before is untouched."""


class WebhookRefused(ClientError):
    """Not an event of your service: wrong signature, or too old. Answer with 400 and ignore it."""


@dataclass(frozen=True)
class Details:
    """What a problem document says besides its sentence.

    Attributes
    ----------
    status : int or None
        HTTP status; None where a task failed.
    retry_after_s : float or None
        Seconds after which to come back.
    errors : tuple of mapping
        Where the request breaks the schema: ``in``, ``pointer`` (RFC 6901), ``detail``, ``type``.
    """

    code: str
    title: str = ""
    status: int | None = None
    request_id: str | None = None
    retryable: bool = False
    retry_after_s: float | None = None
    role: str | None = None
    reason: str | None = None
    errors: tuple[Mapping[str, Any], ...] = ()


class ServiceProblem(ClientError):
    """The service said no."""

    codes: ClassVar[tuple[str, ...]] = ()
    hint: ClassVar[str] = "Report it with the request id if it stays."
    """What usually helps."""

    def __init__(
        self, message: str, details: Details, task: Swap | Detection | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        """The service's own sentence."""
        self.details = details
        self.task = task
        """The task that failed; None where a request was refused."""

    @property
    def code(self) -> str:
        """Stable, for machines."""
        return self.details.code

    @property
    def status(self) -> int | None:
        """HTTP status; None where a task failed."""
        return self.details.status

    @property
    def request_id(self) -> str | None:
        """Leads an operator to the log lines."""
        return self.details.request_id

    @property
    def retryable(self) -> bool:
        """Whether the same may work later."""
        return self.details.retryable

    @property
    def retry_after_s(self) -> float | None:
        """Seconds after which to come back."""
        return self.details.retry_after_s

    @property
    def role(self) -> str | None:
        """Which input it is about: donor, scene, reference or output."""
        return self.details.role

    @property
    def reason(self) -> str | None:
        """Of `PolicyRefused`: nsfw, register or file."""
        return self.details.reason

    def __str__(self) -> str:
        """The sentence, where the schema was broken, the code and the request."""
        text = self.message
        for one in self.details.errors:
            text += f" [{one.get('pointer') or one.get('in', '')}: {one.get('detail', '')}]"
        request = f", {self.request_id}" if self.request_id else ""
        task = f", {self.task.id}" if self.task is not None else ""
        return f"{text} ({self.code}{request}{task})"


class InvalidRequest(ServiceProblem):
    """The request makes no sense as it stands."""

    codes = (
        *("invalid_request", "bad_request", "malformed_body", "method_not_allowed"),
        *("unsupported_body", "body_stalled", "range_not_satisfiable"),
    )
    hint = "Change the request as the message and `details.errors` say."


class MediaProblem(ServiceProblem):
    """A picture or a video cannot be used."""

    codes = ("media_error",)
    hint = "Use another file."


class MediaUnreachable(MediaProblem):
    """The service cannot fetch the file."""

    codes = ("media_unreachable",)
    hint = "Check that the URL works for everybody, or give the file itself."


class MediaUnreadable(MediaProblem):
    """What is inside the file does not decode."""

    codes = ("media_unreadable",)
    hint = "Export the file again: it is damaged or cut off."


class MediaTooLarge(MediaProblem):
    """The file is larger than the service's limits."""

    codes = ("media_too_large", "body_too_large")
    hint = "Make the file smaller or shorter, or ask the operator for a higher limit."


class MediaUnsupported(MediaProblem):
    """The file is of a kind that the service does not handle."""

    codes = ("media_unsupported",)
    hint = "Convert the file: JPEG or PNG for pictures, H.264 in MP4 for videos."


class FaceNotFound(ServiceProblem):
    """No usable face; `role` says in which input."""

    codes = ("face_not_found",)
    hint = "Use a picture in which the face is larger, sharper and turned to the camera."


class SeveralFaces(ServiceProblem):
    """One face was needed and several are there."""

    codes = ("several_faces",)
    hint = "Cut the picture to the one person."


class DonorUnusable(ServiceProblem):
    """A donor photo is too poor."""

    codes = ("donor_unusable",)
    hint = "Use a frontal, sharp and evenly lit photo with nothing before the face."


class ModelProblem(ServiceProblem):
    """A model is missing or broken where the work was done."""

    codes = ("model_error",)
    hint = "Try another engine or quality, and tell the operator."


class Canceled(ServiceProblem):
    """The task was canceled; it cost nothing."""

    codes = ("canceled",)
    hint = "Submit it again, or use `retry`."


class Unauthorized(ServiceProblem):
    """The key is missing, unknown, expired or revoked."""

    codes = ("unauthorized",)
    hint = "Check PERSONAE_API_KEY, or make a key: personae keys create."


class Forbidden(ServiceProblem):
    """The key's scopes or the operator do not allow this."""

    codes = ("forbidden", "feature_disabled")
    hint = "Use a key with the scope that the message names."


class NotFound(ServiceProblem):
    """Nothing of that name belongs to this account."""

    codes = ("not_found",)
    hint = "Check the id, and that the key is of the account that made it."


class Expired(ServiceProblem):
    """It was there, but no longer is."""

    codes = ("expired",)
    hint = "Upload or make it again."


class Conflict(ServiceProblem):
    """It contradicts what was asked before, or the present state."""

    codes = ("conflict",)
    hint = "Look at the present state and decide anew."


class InsufficientCredits(ServiceProblem):
    """The account cannot pay for it."""

    codes = ("insufficient_credits",)
    hint = "Ask the operator for credits: personae credits grant."


class RateLimited(ServiceProblem):
    """Too much at once; `retry_after_s` says when to come back."""

    codes = ("rate_limited",)
    hint = "Wait for `retry_after_s` seconds, and ask for less at once."


class PolicyRefused(ServiceProblem):
    """A policy forbids it; `role` and `reason` say what and why."""

    codes = ("policy_refused",)
    hint = "Use other media: the same will be refused again."


class ConsentRequired(ServiceProblem):
    """Nobody has asserted that the people shown agree."""

    codes = ("consent_required",)
    hint = "Give `consent=`, or assert it for the account with client.account.assert_consent."


class AddressRefused(ServiceProblem):
    """A URL leads where the service must not go."""

    codes = ("address_refused",)
    hint = "Give the file itself, or a URL on the public internet."


class Unavailable(ServiceProblem):
    """The service cannot do it now; nothing was done."""

    codes = ("unavailable", "maintenance")
    hint = "Come back later."


class TaskFailed(ServiceProblem):
    """The platform broke down; nothing was charged."""

    codes = ("task_failed", "internal_error", "service_error", "error")
    hint = "Try again, and give the operator the request id if it stays."


def kinds() -> Iterator[type[ServiceProblem]]:
    """`ServiceProblem` and every class below it."""
    waiting: list[type[ServiceProblem]] = [ServiceProblem]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(one.__subclasses__())


def problem(message: str, details: Details, task: Swap | Detection | None = None) -> ServiceProblem:
    """The error of a code; `ServiceProblem` itself for codes that are newer than this client."""
    kind = next((one for one in kinds() if details.code in one.codes), ServiceProblem)
    return kind(message, details, task)
