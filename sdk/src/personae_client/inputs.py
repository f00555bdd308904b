"""What a swap is made of: media, mappings and options, and how they are said to the service."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypedDict, cast

from personae_client.core.calling import Request, fresh_key, json_of, send
from personae_client.core.config import Config
from personae_client.core.effects import Steps
from personae_client.core.sources import File, OnUpload, Readable
from personae_client.core.transfers import upload
from personae_client.errors import ConfigurationError
from personae_client.models import Asset, Detection, SavedFace


@dataclass(frozen=True)
class Url:
    """Media that the service fetches by itself; a text that begins with http is one as well."""

    url: str


@dataclass(frozen=True)
class Stored:
    """A file that is at the service already, by its id."""

    asset_id: str


Media: TypeAlias = File | Url | Asset | Stored
"""A picture or a video: a path, bytes, an open file, an URL, or what is stored already."""
Donor: TypeAlias = Media | SavedFace | Sequence[Media]
"""The person whose face is put in: a photo, several of the same person, or a saved face."""


@dataclass(frozen=True)
class SwapMapping:
    """Which donor goes on which face of the scene; the largest one unless told otherwise.

    Attributes
    ----------
    donor : Donor
        A photo, a list of photos of one person, or a `SavedFace`.
    face : "largest", "all", or int
        The number counts from 0, left to right.
    like : Media, optional
        Instead of `face`: the person who is in this photo.
    track : (Detection, int) or (str, int), optional
        Instead of `face`: a detection of the same scene (or its id), and the `face_id` of one of
        its faces. In a video this is one person, wherever they appear.
    """

    donor: Donor
    face: Literal["largest", "all"] | int = "largest"
    like: Media | None = None
    track: tuple[Detection | str, int] | None = None


class VisibleLabel(TypedDict, total=False):
    """Words over the output; `text` is needed."""

    text: str
    place: Literal["top-left", "top", "top-right", "bottom-left", "bottom", "bottom-right"]
    size: float


class OutputOptions(TypedDict, total=False):
    """What the output is to be; whatever is left out follows the scene.

    `quality` (1 to 100) is that of a picture's file, `crf` and `preset` are a video's.
    `max_long_px` and `max_short_px` bound the sides, in pixels. `stills` also makes a cover and a
    thumbnail.
    """

    container: Literal["jpeg", "png", "webp", "gif", "mp4", "mov", "mkv", "webm"]
    quality: int
    codec: Literal["h264", "hevc", "vp9", "av1"]
    crf: int
    preset: str
    max_long_px: int
    max_short_px: int
    stills: bool
    label: VisibleLabel


class EngineOptions(TypedDict, total=False):
    """What the engine and the models beside it do; `client.engines()` tells what there is."""

    boost_px: int
    likeness: float
    restorer: str
    occluders: list[str]
    parser: str
    regions: list[str]


class Consent(TypedDict, total=False):
    """Who says that the people shown agree; `statement` is needed, and recorded with the task."""

    statement: str
    asserted_by: str
    subjects: list[str]
    evidence: str


class SceneOptions(TypedDict, total=False):
    """What swaps, previews and estimates understand; all of it may be left out.

    media : "image" or "video"
        What the scene is, animations being videos; found out if it is left out.
    start_s, end_s : float, seconds
        The part of a video that is swapped.
    strength : float, range [0, 1]
        1 is the whole new face.
    restore : float, range [0, 1]
        How much the new faces are restored.
    quality : "draft", "standard" or "best"
        Which of the operator's models are used, where nothing else names one.
    engine : str
        One that `client.engines()` lists.
    on_upload : callable
        Called with an `UploadProgress` as files go out.
    """

    media: Literal["image", "video"]
    start_s: float
    end_s: float
    strength: float
    restore: float
    quality: Literal["draft", "standard", "best"]
    engine: str
    engine_options: EngineOptions
    output: OutputOptions
    consent: Consent
    on_upload: OnUpload


class SwapOptions(SceneOptions, total=False):
    """What swaps understand besides.

    label : str
        For you; it comes back with the task.
    priority : "high", "normal" or "low"
    idempotency_key : str
        Your own name for this swap, for a day. The same name with the same files and options, also
        from another process, gives the same task and costs nothing more; with others it is a
        `Conflict`. A fresh one is made for each call otherwise.
    """

    label: str
    priority: Literal["high", "normal", "low"]
    idempotency_key: str


_ASSET_ID = re.compile(r"asset_[0-9a-z]{26}")
_TOLD_BY_NAME: Mapping[str, Literal["image", "video"]] = {
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".heic", ".bmp", ".tif", ".tiff"), "image"),
    **dict.fromkeys((".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"), "video"),
}
"""By the end of a URL; of others (a GIF may be either) the service has to look."""
_SENT_ELSEWHERE = ("media", "on_upload", "idempotency_key")


def request_body(
    config: Config,
    scene: Media,
    donor: Donor | None,
    mappings: Sequence[SwapMapping] | None,
    options: Mapping[str, Any],
) -> Steps[dict[str, Any]]:
    """Send what has to be uploaded, and say the rest as the API does.

    Raises
    ------
    ConfigurationError
        Without a donor or mappings, or with both.
    """
    if (donor is None) == (mappings is None):
        raise ConfigurationError("Give either a donor or mappings=[SwapMapping(donor, …), …].")
    given = [SwapMapping(donor)] if donor is not None else list(mappings or ())
    if not given:
        raise ConfigurationError("Give at least one mapping.")
    sender = _Sender(config, options.get("on_upload"), options.get("idempotency_key"))
    said, found = yield from sender.scene(scene, options.get("media"))
    body: dict[str, Any] = {"media": found, "scene": said, "mappings": []}
    for one in given:
        body["mappings"].append((yield from _mapping(sender, one)))
    body.update(
        {
            name: value
            for name, value in options.items()
            if name not in _SENT_ELSEWHERE and value is not None
        }
    )
    return body


def scene_body(
    config: Config, scene: Media, media: str | None, on_upload: OnUpload | None
) -> Steps[dict[str, Any]]:
    """A scene alone, as detections take it."""
    said, found = yield from _Sender(config, on_upload).scene(scene, media)
    return {"media": found, "scene": said}


def stored(config: Config, media: Media | Sequence[Media]) -> Steps[list[str]]:
    """The ids of media, which are uploaded or imported if they are not at the service yet."""
    sender, ids = _Sender(config), list[str]()
    for one in _several(media):
        said = yield from sender.media(one)
        if "url" in said:
            asked = Request("POST", "/assets/imports", body=said, once=fresh_key())
            asset = Asset.from_json(json_of((yield from send(config, asked))))
            said = {"asset_id": asset.id}
        ids.append(said["asset_id"])
    return ids


def _mapping(sender: _Sender, one: SwapMapping) -> Steps[dict[str, Any]]:
    donor = yield from sender.donor(one.donor)
    if (one.like is not None) + (one.track is not None) + (one.face != "largest") > 1:
        raise ConfigurationError("A mapping takes one of face=, like= and track=.")
    if one.like is not None:
        reference = yield from sender.media(one.like)
        return {"donor": donor, "scene_face": {"by": "reference", "reference": reference}}
    if one.track is not None:
        where, face_id = one.track
        detection_id = where.id if isinstance(where, Detection) else where
        face: dict[str, Any] = {"by": "detection", "detection_id": detection_id}
        return {"donor": donor, "scene_face": {**face, "face_id": face_id}}
    if isinstance(one.face, int):
        return {"donor": donor, "scene_face": {"by": "index", "index": one.face}}
    return {"donor": donor, "scene_face": {"by": one.face}}


class _Sender:
    """Uploads each file once, however often a request names it."""

    def __init__(
        self, config: Config, on_upload: OnUpload | None = None, once: str | None = None
    ) -> None:
        self._config = config
        self._on_upload = on_upload
        self._once = once
        self._sent: dict[object, Asset] = {}
        self._kept: list[object] = []

    def scene(
        self, scene: Media, media: str | None
    ) -> Steps[tuple[dict[str, str], Literal["image", "video"]]]:
        """The scene as the API says it, and whether it is a picture or a video."""
        if media is not None:
            return (yield from self.media(scene)), cast("Literal['image', 'video']", media)
        url = _url_of(scene)
        if url is not None:
            told = _TOLD_BY_NAME.get(os.path.splitext(url.split("?")[0])[1].lower())
            if told is not None:
                return {"url": url}, told
            imported = Request("POST", "/assets/imports", body={"url": url}, once=fresh_key())
            asset = Asset.from_json(json_of((yield from send(self._config, imported))))
            return {"asset_id": asset.id}, _kind_of(asset)
        said = yield from self.media(scene)
        asset = scene if isinstance(scene, Asset) else self._sent.get(_identity(scene))
        if asset is None or asset.facts is None:
            look = Request("GET", f"/assets/{said['asset_id']}")
            asset = Asset.from_json(json_of((yield from send(self._config, look))))
        return said, _kind_of(asset)

    def donor(self, donor: Donor) -> Steps[dict[str, Any]]:
        """A donor as the API says it."""
        if isinstance(donor, SavedFace):
            return {"face_id": donor.id}
        photos: list[dict[str, str]] = []
        for one in _several(donor):
            photos.append((yield from self.media(one)))  # noqa: PERF401  (it yields)
        if not photos:
            raise ConfigurationError("A donor needs at least one photo.")
        return {"photos": photos}

    def media(self, media: Media) -> Steps[dict[str, str]]:
        """A picture or a video as the API says it."""
        url = _url_of(media)
        if url is not None:
            return {"url": url}
        if isinstance(media, Asset):
            return {"asset_id": media.id}
        if isinstance(media, Stored):
            return {"asset_id": media.asset_id}
        if isinstance(media, str) and _ASSET_ID.fullmatch(media):
            return {"asset_id": media}
        known = _identity(media)
        if known not in self._sent:
            self._kept.append(media)  # An id is only its object's name while that lives.
            self._sent[known] = yield from self._uploaded(cast("File", media))
        return {"asset_id": self._sent[known].id}

    def _uploaded(self, file: File) -> Steps[Asset]:
        if self._once is None:
            return upload(self._config, file, None, self._on_upload)
        # A repeated name stands for the same request: its files must be the same assets again.
        told = f"{self._once}\n{len(self._sent)}".encode()
        once = hashlib.sha256(told).hexdigest()
        return upload(self._config, file, None, self._on_upload, direct=False, once=once)


def _identity(media: object) -> object:
    if isinstance(media, (str, os.PathLike)):
        return os.path.abspath(cast("str | os.PathLike[str]", media))
    return id(media)


def _url_of(media: object) -> str | None:
    if isinstance(media, Url):
        return media.url
    if isinstance(media, str) and media.lower().startswith(("http://", "https://")):
        return media
    return None


def _several(donor: Donor) -> Iterator[Media]:
    if isinstance(donor, Sequence) and not isinstance(donor, (str, bytes, bytearray, memoryview)):
        yield from donor
    else:
        yield cast("Media", donor)


def _kind_of(asset: Asset) -> Literal["image", "video"]:
    kind = asset.facts.kind if asset.facts is not None else ""
    return "image" if kind == "picture" else "video"


__all__ = [
    "Consent",
    "Donor",
    "EngineOptions",
    "Media",
    "OutputOptions",
    "Readable",
    "SceneOptions",
    "Stored",
    "SwapMapping",
    "SwapOptions",
    "Url",
    "VisibleLabel",
    "request_body",
    "scene_body",
    "stored",
]
