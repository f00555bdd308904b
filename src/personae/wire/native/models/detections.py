"""Detections: who is in a scene."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from personae.wire.native.models.common import (
    AssetId,
    Given,
    MaybeConsent,
    MaybeTime,
    Media,
    MediaKind,
    Progress,
    Shown,
    TaskId,
    TaskProblem,
    TaskState,
    Time,
)


class DetectionIn(Given):
    """A scene to look for people in."""

    media: MediaKind = Field(
        description="What the scene is. Animations count as videos.", examples=["image"]
    )
    scene: Media
    consent: MaybeConsent = None


class Crop(Shown):
    """A picture of the face alone."""

    asset_id: AssetId
    url: str | None = Field(
        description="Signed; anybody who holds it can fetch the picture for a while.",
        examples=["https://api.example.com/blobs/…?op=get&exp=…&sig=…"],
    )
    width: int | None = Field(description="In pixels.", examples=[239])
    height: int | None = Field(description="In pixels.", examples=[291])
    box_xyxy: list[int] | None = Field(
        description="What of the scene it shows: left, top, right, bottom, in pixels.",
        examples=[[186, 67, 425, 358]],
    )
    points: list[list[float]] | None = Field(
        description="The face's five points, in pixels of the crop.",
        examples=[[[76.0, 113.0], [164.0, 114.0], [119.0, 165.0], [84.0, 209.0], [156.0, 210.0]]],
    )


class Pose(Shown):
    """Which way the face looks, in degrees."""

    yaw: float = Field(examples=[-4.2])
    pitch: float = Field(examples=[1.5])
    roll: float = Field(examples=[0.3])


class DetectedFace(Shown):
    """One person. In a video: one person over the whole clip, as in the best view of them."""

    face_id: int = Field(description="For mappings; from 0.", examples=[0])
    box_xyxy: list[float] = Field(
        description="Left, top, right, bottom, in pixels.", examples=[[210.0, 96.0, 402.0, 330.0]]
    )
    score: float = Field(description="How sure it is a face; 0 to 1.", examples=[0.98])
    points: list[list[float]] = Field(
        description="Eyes, nose and corners of the mouth: x, y in pixels.",
        examples=[[[262.0, 180.0], [350.0, 181.0], [305.0, 232.0], [270.0, 276.0], [342.0, 277.0]]],
    )
    landmarks: list[list[float]] | None = Field(
        description="478 points in 3D; only with `landmarks=true`.", examples=[None]
    )
    pose: Pose | None
    first_s: float | None = Field(description="Seen first, in a video.", examples=[None])
    last_s: float | None = Field(description="Seen last, in a video.", examples=[None])
    crop: Crop | None


class Detection(Shown):
    """A search for people, and whom it found."""

    id: TaskId
    kind: Literal["detect_image", "detect_video"] = Field(examples=["detect_image"])
    status: TaskState = Field(examples=["succeeded"])
    progress: Progress
    request: dict[str, Any] = Field(
        examples=[{"media": "image", "scene": {"url": "https://media.example.com/scene.jpg"}}]
    )
    faces: list[DetectedFace] | None = Field(
        description="Left to right in a picture; null until it has succeeded."
    )
    error: TaskProblem | None = Field(examples=[None])
    created_at: Time
    started_at: MaybeTime
    finished_at: MaybeTime
    usable_until: Time = Field(description="Until when mappings can refer to its faces.")
