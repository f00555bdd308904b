"""Swaps: what is asked for."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import ConfigDict, Discriminator, Field, JsonValue, Tag

from personae.domain.labels import (
    DEFAULT_PLACE,
    DEFAULT_SIZE,
    LEAST_SIZE,
    MOST_CHARACTERS,
    MOST_SIZE,
)
from personae.domain.swap import LEAST_SIDE_PX
from personae.wire.native.models.common import (
    EXAMPLE_NAME,
    FaceId,
    Given,
    Label,
    MaybeConsent,
    Media,
    MediaKind,
    PriorityWord,
    TaskId,
)
from personae.wire.native.models.engines import EngineOptions, ModelName

MOST_MAPPINGS = 20
MOST_PHOTOS = 10
_LONGEST_S = 86_400.0
_PHOTO: JsonValue = {"asset_id": f"asset_{EXAMPLE_NAME}"}


class Photos(Given):
    """A donor by photos of one person; several make a steadier likeness."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"photos": [_PHOTO]}]})

    photos: list[Media] = Field(min_length=1, max_length=MOST_PHOTOS)


class SavedDonor(Given):
    """A donor from the library of saved faces."""

    face_id: FaceId


def _donor_kind(value: Any) -> str:
    if isinstance(value, SavedDonor):
        return "#saved"
    return "#saved" if isinstance(value, dict) and "face_id" in value else "#photos"


Donor = Annotated[
    Annotated[Photos, Tag("#photos")] | Annotated[SavedDonor, Tag("#saved")],
    Discriminator(_donor_kind),
]


class Largest(Given):
    """The largest face."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "largest"}]})

    by: Literal["largest"]


class Everybody(Given):
    """Every face."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "all"}]})

    by: Literal["all"]


class ByIndex(Given):
    """A face by its number, from 0, left to right."""

    by: Literal["index"]
    index: int = Field(ge=0, le=999, examples=[0])


class ByDetection(Given):
    """A person whom a detection of the same scene found within the last hour."""

    by: Literal["detection"]
    detection_id: TaskId
    face_id: int = Field(ge=0, le=999, examples=[0])


class ByReference(Given):
    """The person in a photo."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"by": "reference", "reference": _PHOTO}]}
    )

    by: Literal["reference"]
    reference: Media


def _face_kind(value: Any) -> str | None:
    by = cast("Any", value).get("by") if isinstance(value, dict) else getattr(value, "by", None)
    return f"#{by}" if by in ("largest", "all", "index", "detection", "reference") else None


SceneFace = Annotated[
    Annotated[Largest, Tag("#largest")]
    | Annotated[Everybody, Tag("#all")]
    | Annotated[ByIndex, Tag("#index")]
    | Annotated[ByDetection, Tag("#detection")]
    | Annotated[ByReference, Tag("#reference")],
    Discriminator(
        _face_kind,
        custom_error_type="scene_face",
        custom_error_message="`by` is one of largest, all, index, detection, reference",
    ),
]


class Mapping(Given):
    """One donor and the scene's face that it goes on."""

    donor: Donor
    scene_face: SceneFace = Field(default=Largest(by="largest"), examples=[{"by": "largest"}])


class VisibleLabel(Given):
    """A few words over the output, on a dark plate."""

    text: str = Field(
        min_length=1,
        max_length=MOST_CHARACTERS,
        description="One line. Latin, Cyrillic, Greek, Chinese, Japanese and Korean, unless the "
        "operator has other letters.",
        examples=["AI-generated"],
    )
    place: Literal["top-left", "top", "top-right", "bottom-left", "bottom", "bottom-right"] = Field(
        default=DEFAULT_PLACE, examples=["bottom-right"]
    )
    size: float = Field(
        default=DEFAULT_SIZE,
        ge=LEAST_SIZE,
        le=MOST_SIZE,
        description="Height of the letters as a share of the shorter side.",
        examples=[0.04],
    )


class Output(Given):
    """How the output is written; whatever is left out suits the scene."""

    container: Literal["jpeg", "png", "webp", "gif", "mp4", "mov", "mkv", "webm"] | None = Field(
        default=None, examples=["jpeg"]
    )
    quality: int | None = Field(
        default=None, ge=1, le=100, description="Of a picture.", examples=[92]
    )
    codec: Literal["h264", "hevc", "vp9", "av1"] | None = Field(default=None, examples=[None])
    crf: int | None = Field(
        default=None,
        ge=0,
        le=63,
        description="Of a video: lower is better and larger. h264 and hevc end at 51.",
        examples=[None],
    )
    preset: (
        Literal[
            "ultrafast",
            "superfast",
            "veryfast",
            "faster",
            "fast",
            "medium",
            "slow",
            "slower",
            "veryslow",
        ]
        | None
    ) = Field(default=None, description="Speed of the video encoder.", examples=[None])
    max_long_px: int | None = Field(
        default=None,
        ge=LEAST_SIDE_PX,
        le=65_535,
        description="Most pixels of the longer side; a larger scene is scaled down. "
        "Below 64 no face would be found.",
        examples=[1920],
    )
    max_short_px: int | None = Field(
        default=None,
        ge=LEAST_SIDE_PX,
        le=65_535,
        description="Most pixels of the shorter side; a larger scene is scaled down. "
        "Below 64 no face would be found.",
        examples=[1080],
    )
    stills: bool = Field(
        default=False,
        description="Also make a thumbnail, and a cover of a clip; previews have none.",
        examples=[False],
    )
    label: VisibleLabel | None = Field(
        default=None,
        description="Written over every frame. An account may have a label of its own, which "
        "comes if this is left out, or in any case.",
        examples=[None],
    )


class SwapWanted(Given):
    """What can be said of a swap before it is submitted."""

    media: MediaKind = Field(
        description="What the scene is. Animations count as videos.", examples=["image"]
    )
    scene: Media
    mappings: list[Mapping] = Field(min_length=1, max_length=MOST_MAPPINGS)
    start_s: float | None = Field(
        default=None, ge=0, le=_LONGEST_S, description="Where the range begins.", examples=[None]
    )
    end_s: float | None = Field(
        default=None, gt=0, le=_LONGEST_S, description="Where the range ends.", examples=[None]
    )
    strength: float = Field(default=1.0, ge=0, le=1, examples=[1.0])
    restore: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="How much the new faces are restored; 0 is off. The result says what did it.",
        examples=[0.0],
    )
    quality: Literal["draft", "standard", "best"] | None = Field(
        default=None,
        description="Which of the operator's models make and improve the new faces, where the "
        "fields below name none. Not that of the file, which is `output.quality` or `output.crf`.",
        examples=["standard"],
    )
    engine: ModelName | None = Field(
        default=None,
        description="What makes the new faces: one that `GET /engines` lists. If it is left out, "
        "what `quality` means there, or without that the operator's default.",
        examples=["mesh"],
    )
    engine_options: EngineOptions | None = Field(default=None, examples=[None])
    output: Output = Field(default_factory=Output)
    consent: MaybeConsent = None


class SwapIn(SwapWanted):
    """A swap to be done."""

    label: Label | None = Field(
        default=None, description="For you; it comes back with the task.", examples=["Take 3"]
    )
    priority: PriorityWord = Field(default="normal", examples=["normal"])


class PreviewIn(SwapWanted):
    """A single frame of a swap."""

    time_s: float | None = Field(
        default=None,
        ge=0,
        le=_LONGEST_S,
        description="Which moment of a video; where the range begins, unless given.",
        examples=[None],
    )
