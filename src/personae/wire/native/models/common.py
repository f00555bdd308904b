"""Pieces that several calls share."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

T = TypeVar("T")

NAME = r"[0-9a-hjkmnp-tv-z]{26}"
"""What follows the prefix of every id; see `personae.domain.ids`."""

EXAMPLE_NAME = "01ks3v8mq2b7d4x9r5w6t0hnce"
AT = "2026-11-21T11:00:00.000Z"


AssetId = Annotated[
    str,
    StringConstraints(pattern=rf"^asset_{NAME}$"),
    Field(description="The id of an asset.", examples=[f"asset_{EXAMPLE_NAME}"]),
]
TaskId = Annotated[
    str,
    StringConstraints(pattern=rf"^task_{NAME}$"),
    Field(description="The id of a task.", examples=[f"task_{EXAMPLE_NAME}"]),
]
FaceId = Annotated[
    str,
    StringConstraints(pattern=rf"^face_{NAME}$"),
    Field(description="The id of a saved face.", examples=[f"face_{EXAMPLE_NAME}"]),
]
EndpointId = Annotated[
    str,
    StringConstraints(pattern=rf"^hook_{NAME}$"),
    Field(description="The id of a webhook endpoint.", examples=[f"hook_{EXAMPLE_NAME}"]),
]
Label = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
    ),
    Field(description="A name for people.", examples=["Ada"]),
]
HttpUrl = Annotated[
    str,
    StringConstraints(max_length=2048, pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[^\x00-\x20\x7f]+$"),
    Field(
        description="An http or https address that leads to the public internet.",
        examples=["https://media.example.com/scene.jpg"],
    ),
]
Time = Annotated[
    str,
    Field(description="ISO 8601, UTC.", examples=[AT], json_schema_extra={"format": "date-time"}),
]
MaybeTime = Annotated[str | None, Field(description="ISO 8601, UTC.", examples=[AT])]


class Given(BaseModel):
    """What a client sends: nothing that is not known, and numbers that are numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


class Shown(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class Page(Shown, Generic[T]):
    """A page of a listing, newest first."""

    items: list[T]
    next_cursor: str | None = Field(
        description="Give it back as `cursor` for the next page; null on the last.",
        examples=["c3dhcHM6dGFza18wMWtz"],
    )


class AssetRef(Given):
    """A stored file."""

    asset_id: AssetId


class UrlRef(Given):
    """A file somewhere else; it is fetched when the work begins."""

    url: HttpUrl


def _ref_kind(value: Any) -> str:
    if isinstance(value, UrlRef):
        return "#url"
    return "#url" if isinstance(value, dict) and "url" in value else "#asset"


Media = Annotated[
    Annotated[AssetRef, Tag("#asset")] | Annotated[UrlRef, Tag("#url")], Discriminator(_ref_kind)
]
"""Where a picture or a video comes from: ``{"asset_id": …}`` or ``{"url": …}``."""

MediaKind = Literal["image", "video"]
TaskState = Literal["queued", "running", "succeeded", "failed", "canceled"]
PriorityWord = Literal["high", "normal", "low"]


_Named = StringConstraints(min_length=1, max_length=200, pattern=r"\S")
Statement = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1000, pattern=r"\S"),
    Field(
        description="What was said, or the name of a text that says it.",
        examples=["The people shown have agreed to this use. Release form v3."],
    ),
]
Asserter = Annotated[
    str,
    _Named,
    Field(description="Who says so, in your words.", examples=["user 8f2c of our studio"]),
]
Evidence = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=r"\S"),
    Field(description="Where the proof is.", examples=["release 17 in our archive"]),
]


class ConsentIn(Given):
    """Who says that the people shown agree."""

    statement: Statement
    asserted_by: Asserter | None = Field(default=None, examples=["user 8f2c of our studio"])
    subjects: list[Annotated[str, _Named]] = Field(
        default_factory=list[str],
        max_length=20,
        description="What you call the people.",
        examples=[["actor 12"]],
    )
    evidence: Evidence | None = Field(default=None, examples=["release 17 in our archive"])


MaybeConsent = Annotated[
    ConsentIn | None,
    Field(
        description="Recorded with the task. Some deployments refuse requests without it.",
        examples=[{"statement": "The people shown have agreed.", "asserted_by": "user 8f2c"}],
    ),
]


class Progress(Shown):
    """How far a task is."""

    phase: str = Field(
        description="queued, fetching, analysing, swapping, joining or done.", examples=["swapping"]
    )
    percent: float = Field(ge=0, le=100, examples=[42.5])
    frames_done: int | None = Field(examples=[102])
    frames_total: int | None = Field(examples=[240])
    fps: float | None = Field(description="Frames done in a second.", examples=[31.5])
    remaining_s: float | None = Field(description="Seconds left, estimated.", examples=[4.4])


class TaskProblem(Shown):
    """Why a task failed."""

    code: str = Field(examples=["face_not_found"])
    message: str = Field(examples=["No face was found in the scene."])
    retryable: bool = Field(examples=[False])
    fault: Literal["caller", "platform"] = Field(examples=["caller"])
    role: str | None = Field(
        description="Which it was: donor, scene, reference or output.", examples=["scene"]
    )
    reason: Literal["nsfw", "register", "file"] | None = Field(
        default=None,
        description="Of `policy_refused`: the content gate, the register of people who may not be "
        "used, or a file that may not be.",
        examples=[None],
    )


class CreditsOfTask(Shown):
    """What a task costs, in credits."""

    held: int = Field(description="Reserved until it is finished.", examples=[0])
    charged: int = Field(description="Paid; nothing unless it succeeded.", examples=[1])
