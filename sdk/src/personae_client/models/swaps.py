"""What is said of swaps and searches for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from personae_client.models.base import Model


@dataclass(frozen=True, kw_only=True)
class Progress(Model):
    """How far a task is."""

    phase: str
    """queued, fetching, analysing, swapping, joining or done."""
    percent: float
    frames_done: int | None = None
    frames_total: int | None = None
    fps: float | None = None
    """Frames done in a second."""
    remaining_s: float | None = None
    """Seconds left, estimated."""


@dataclass(frozen=True, kw_only=True)
class TaskCredits(Model):
    """What a task costs, in credits."""

    held: int
    """Reserved until it is finished."""
    charged: int
    """Paid; nothing unless it succeeded."""


@dataclass(frozen=True, kw_only=True)
class TaskProblem(Model):
    """Why a task failed."""

    code: str
    message: str
    retryable: bool
    fault: Literal["caller", "platform"]
    role: str | None = None
    """Which it was: donor, scene, reference or output."""
    reason: Literal["nsfw", "register", "file"] | None = None
    """Of `policy_refused`: the content gate, the register of people who may not be used, or a
    file that may not be."""


@dataclass(frozen=True, kw_only=True)
class OutputFile(Model):
    """A file that a swap made."""

    asset_id: str
    content_type: str
    size_bytes: int | None = None
    url: str = field(repr=False)
    """Signed; anybody who holds it can fetch the file for a while."""


@dataclass(frozen=True, kw_only=True)
class StillFile(Model):
    """A picture that stands for an output in lists."""

    asset_id: str
    content_type: str
    size_bytes: int | None = None
    url: str = field(repr=False)
    """Signed; anybody who holds it can fetch the file for a while."""
    width: int | None = None
    """In pixels."""
    height: int | None = None
    """In pixels."""


@dataclass(frozen=True, kw_only=True)
class SwapResult(Model):
    """What came of a swap."""

    outputs: tuple[OutputFile, ...]
    cover: StillFile | None = None
    """One frame of a clip in its full size; only with `output.stills`."""
    thumbnail: StillFile | None = None
    """1080 x 540 pixels; only with `output.stills`."""
    faces_swapped: int | None = None
    frames: int | None = None
    frames_lost: int | None = None
    duration_s: float | None = None
    engine: str | None = None
    """What made the new faces; null of swaps from before this was told."""
    restorer: str | None = None
    """What restored the new faces; `classical` is the one without a model."""
    manifest: Literal["embedded", "sidecar", "off"] | None = None
    """Where the C2PA manifest is that says how the output came about; null of swaps from before
    there were any."""
    manifest_url: str | None = field(default=None, repr=False)
    """Of a sidecar: its signed URL."""
    signed_by: Literal["operator", "local"] | None = None
    """Whose certificate signed it. Other programs call a `local` one untrusted."""
    label: str | None = None
    """What is written over it."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Swap(Model):
    """A swap and how far it is."""

    id: str
    kind: Literal["swap_image", "swap_video", "preview"]
    status: Literal["queued", "running", "succeeded", "failed", "canceled"]
    label: str | None = None
    scene_name: str | None = None
    """What you called the scene's file."""
    priority: Literal["high", "normal", "low"]
    progress: Progress
    credits: TaskCredits
    request: Mapping[str, Any]
    """What was asked for, with every default filled in."""
    result: SwapResult | None = None
    error: TaskProblem | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    """When the outputs are deleted."""

    @property
    def final(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.status in ("succeeded", "failed", "canceled")


@dataclass(frozen=True, kw_only=True)
class Estimate(Model):
    """What a swap would cost now."""

    credits: int
    available: int
    """Credits that the account has."""
    affordable: bool
    assumed: bool
    """The scene has not been measured yet: this is what would be held at first, and what is
    charged in the end depends on the measured duration."""
    seconds: float | None = None
    breakdown: Mapping[str, float]
    """How it comes about. `factor` is what everything else is multiplied with; `engine` and
    `quality` are their shares of it, where they cost more or less than usual."""


@dataclass(frozen=True, kw_only=True)
class Preview(Model):
    """A preview: its picture as an asset."""

    id: str
    asset_id: str
    content_type: str
    url: str = field(repr=False)
    """Signed; anybody who holds it can fetch the picture for a while."""
    faces_swapped: int | None = None
    engine: str | None = None
    """What made the new faces; null of swaps from before this was told."""
    restorer: str | None = None
    """What restored the new faces; `classical` is the one without a model."""
    manifest: Literal["embedded", "sidecar", "off"] | None = None
    """Whether the picture holds the C2PA manifest that says how it came about."""
    signed_by: Literal["operator", "local"] | None = None
    """Whose certificate signed it. Other programs call a `local` one untrusted."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Pose(Model):
    """Which way the face looks, in degrees."""

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, kw_only=True)
class Crop(Model):
    """A picture of the face alone."""

    asset_id: str
    url: str | None = field(default=None, repr=False)
    """Signed; anybody who holds it can fetch the picture for a while."""
    width: int | None = None
    """In pixels."""
    height: int | None = None
    """In pixels."""
    box_xyxy: tuple[int, ...] | None = None
    """What of the scene it shows: left, top, right, bottom, in pixels."""
    points: tuple[tuple[float, ...], ...] | None = None
    """The face's five points, in pixels of the crop."""


@dataclass(frozen=True, kw_only=True)
class DetectedFace(Model):
    """One person. In a video: one person over the whole clip, as in the best view of them."""

    face_id: int
    """For mappings; from 0."""
    box_xyxy: tuple[float, ...]
    """Left, top, right, bottom, in pixels."""
    score: float
    """How sure it is a face; 0 to 1."""
    points: tuple[tuple[float, ...], ...]
    """Eyes, nose and corners of the mouth: x, y in pixels."""
    landmarks: tuple[tuple[float, ...], ...] | None = None
    """478 points in 3D; only with `landmarks=true`."""
    pose: Pose | None = None
    first_s: float | None = None
    """Seen first, in a video."""
    last_s: float | None = None
    """Seen last, in a video."""
    crop: Crop | None = None


@dataclass(frozen=True, kw_only=True)
class Detection(Model):
    """A search for people, and whom it found."""

    id: str
    kind: Literal["detect_image", "detect_video"]
    status: Literal["queued", "running", "succeeded", "failed", "canceled"]
    progress: Progress
    request: Mapping[str, Any]
    faces: tuple[DetectedFace, ...] | None = None
    """Left to right in a picture; null until it has succeeded."""
    error: TaskProblem | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    usable_until: datetime
    """Until when mappings can refer to its faces."""

    @property
    def final(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.status in ("succeeded", "failed", "canceled")

    @property
    def scene(self) -> str:
        """The scene's asset id or URL: give it to `client.swap`, and mappings can say `track`."""
        told: Mapping[str, Any] = self.request.get("scene") or {}
        return str(told.get("asset_id") or told.get("url") or "")
