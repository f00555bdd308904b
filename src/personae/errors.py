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
    └── Canceled                the caller asked to stop

Each class has ``code`` (stable, for machines), ``retryable`` and ``fault`` (``"caller"`` or
``"platform"``). The docstring's first line is the default message. Nothing here knows HTTP.
"""

from __future__ import annotations

from typing import ClassVar, Literal

Fault = Literal["caller", "platform"]


class PersonaeError(Exception):
    """Something went wrong in Personae."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    fault: ClassVar[Fault] = "platform"

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


class MediaUnreadable(MediaError):
    """The file does not decode."""

    code = "media_unreadable"


class MediaTooLarge(MediaError):
    """The file is larger than the limits allow."""

    code = "media_too_large"


class MediaUnsupported(MediaError):
    """The file is of a kind that is not supported."""

    code = "media_unsupported"


Role = Literal["donor", "scene", "reference"]


class FaceNotFound(PersonaeError):
    """No face was found."""

    code = "face_not_found"
    fault = "caller"

    def __init__(self, role: Role, message: str | None = None) -> None:
        super().__init__(message or f"No face was found in the {role}.")
        self.role: Role = role


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
