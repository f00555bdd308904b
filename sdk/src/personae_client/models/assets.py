"""What is said of stored files and saved faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from personae_client.models.base import Model


@dataclass(frozen=True, kw_only=True)
class Facts(Model):
    """What a look inside the file found."""

    kind: str
    """picture, animation, video or sound."""
    content_type: str
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    frames: int | None = None
    fps: float | None = None
    codec: str | None = None
    rotation: int | None = None
    audio_streams: int
    audio_codecs: tuple[str, ...]
    """One of each stream of sound; empty also for files from before this was noted."""


@dataclass(frozen=True, kw_only=True)
class Asset(Model):
    """A stored file."""

    id: str
    role: Literal["upload", "import", "output", "crop", "working", "cover", "thumbnail", "manifest"]
    state: Literal["awaiting_upload", "ready", "refused", "deleted"]
    content_type: str
    filename: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    facts: Facts | None = None
    refusal: Mapping[str, Any] | None = None
    """Why the file is refused: code and message."""
    task_id: str | None = None
    """The task that made it."""
    created_at: datetime
    expires_at: datetime | None = None
    """When it is deleted; null keeps it."""


@dataclass(frozen=True, kw_only=True)
class Upload(Model):
    """Where to PUT the file; call `complete` afterwards."""

    asset: Asset
    method: Literal["PUT"]
    url: str = field(repr=False)
    headers: Mapping[str, str]
    """To be sent with the file."""
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class SignedUrl(Model):
    """Where anybody who holds it can fetch the file for a while."""

    url: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class SavedFace(Model):
    """A saved donor."""

    id: str
    name: str
    asset_ids: tuple[str, ...]
    photos_used: int | None = None
    """How many of the photos a swap takes; others are too poor beside them. Null for faces that
    were saved before photos were looked at."""
    created_at: datetime
