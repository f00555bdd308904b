"""Tasks in Vidnoz's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from personae.app import detections
from personae.app.filenames import suffix_for
from personae.app.links import Links
from personae.domain.media import Asset, MediaFacts
from personae.domain.tasks import Task
from personae.wire.vendor import DETECTIONS, Files, link_to, output_of, plain, still_of
from personae.wire.vidnoz.codes import KEY_NOT_FOUND, NO_FACE, status_of
from personae.wire.vidnoz.keys import ending_of, key_of
from personae.wire.vidnoz.models import (
    Detail,
    FaceData,
    ImageData,
    Nothing,
    Point,
    VideoData,
)
from personae.wire.vidnoz.settings import VidnozSettings

FACE_SWAP, VIDEO_FACE_SWAP = "face-swap", "video-face-swap"
MULTIPLE, MULTIPLE_VIDEO = "multiple-face-swap", "multiple-video-face-swap"
GET_FACE = "get-face"
_VIDEOS = (VIDEO_FACE_SWAP, MULTIPLE_VIDEO)
_GONE = "The result has expired."
_CLASSICAL = "Restored by the classical pass, without a model."
_NOBODY = "No face was found in the file."


@dataclass(frozen=True, slots=True)
class _Shown:
    """A stored file as clients see it."""

    key: str
    url: str
    size: int
    width: int
    height: int


_MISSING = _Shown("", "", 0, 0, 0)


def stored_key(asset: Asset) -> str:
    """The key of a stored file; the ending is that of its kind, or until that is known its name's.

    Keys that were given out for uploads stay good: what a key's ending says does not matter.
    """
    return key_of(asset, suffix_for(asset.content_type) or ending_of(asset.filename))


def link(links: Links, asset: Asset, ttl_s: int) -> str:
    """Where anybody can fetch a file for a while, called as its key is."""
    return link_to(links, asset, ttl_s, stored_key(asset).rpartition("/")[2])


def detail_of(task: Task, files: Files, links: Links, settings: VidnozSettings) -> Detail:
    """A task, with what came of it."""
    number = int(task.dialect_id or 0)
    status, message = status_of(task, settings), ""
    data: ImageData | VideoData | list[FaceData] | Nothing = Nothing()
    if task.status == "succeeded":
        made = _made(task, files, links, settings)
        if made is not None:
            data, message = made, _restored(task)
        elif task.kind in DETECTIONS:
            status, message = NO_FACE, _NOBODY
        else:
            status, message = KEY_NOT_FOUND, _GONE
    elif task.error is not None:
        message = plain(task.error.message)
    return Detail(id=number, message=message, status=status, additional_data=data)


def _restored(task: Task) -> str:
    """What is to be said of `is_hd`: which restorer it was, if it was not a model."""
    return _CLASSICAL if (task.result or {}).get("restorer") == "classical" else ""


def _made(
    task: Task, files: Files, links: Links, settings: VidnozSettings
) -> ImageData | VideoData | list[FaceData] | None:
    """What came of a task; None if that is nothing, or it is gone."""

    def show(asset: Asset | None) -> _Shown:
        if asset is None:
            return _MISSING
        facts = asset.facts or MediaFacts("picture", asset.content_type)
        return _Shown(
            stored_key(asset),
            link(links, asset, settings.link_ttl_s),
            asset.size_bytes or 0,
            facts.width or 0,
            facts.height or 0,
        )

    if task.kind in DETECTIONS:
        faces = detections.public_faces(task)
        return [_face(one, show(files.get(one["crop_asset_id"]))) for one in faces] or None
    output = output_of(task, files)
    if output is None:
        return None
    merge, thumbnail = show(output), show(still_of(task, files, "thumbnail"))
    if task.request.get("tariff") not in _VIDEOS:
        return _picture(merge, thumbnail)
    length_s = None if output.facts is None else output.facts.duration_s
    return _video(merge, show(still_of(task, files, "cover")), thumbnail, length_s or 0.0)


def _picture(merge: _Shown, thumbnail: _Shown) -> ImageData:
    return ImageData(
        size=merge.size,
        width=merge.width,
        height=merge.height,
        merge_key=merge.key,
        merge_url=merge.url,
        thumbnail_key=thumbnail.key,
        thumbnail_url=thumbnail.url,
        thumbnail_width=thumbnail.width,
        thumbnail_height=thumbnail.height,
    )


def _video(merge: _Shown, cover: _Shown, thumbnail: _Shown, length_s: float) -> VideoData:
    return VideoData(
        size=merge.size,
        duration=length_s,
        cover_key=cover.key,
        cover_url=cover.url,
        merge_key=merge.key,
        merge_url=merge.url,
        cover_width=cover.width,
        merge_width=merge.width,
        cover_height=cover.height,
        merge_height=merge.height,
        thumbnail_width=thumbnail.width,
        thumbnail_height=thumbnail.height,
        cover_thumbnail_key=thumbnail.key,
        cover_thumbnail_url=thumbnail.url,
    )


def _face(face: dict[str, Any], crop: _Shown) -> FaceData:
    width, height = int(face["crop_width"]), int(face["crop_height"])
    return FaceData(
        kps={
            str(number): Point(x=_inside(x, width), y=_inside(y, height))
            for number, (x, y) in enumerate(face["crop_points"], 1)
        },
        size=crop.size,
        width=width,
        height=height,
        avatar_part_key=crop.key,
        avatar_part_url=crop.url,
    )


def _inside(place: float, length: int) -> int:
    """The nearest pixel of a crop."""
    return min(max(round(place), 0), max(length - 1, 0))
