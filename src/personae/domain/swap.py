"""What a client wants swapped: donors, the scene's faces they go on, and how."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field, is_dataclass
from typing import Any, Literal, cast

from personae.domain.engines import EngineChoice, EngineOptions
from personae.domain.labels import Label
from personae.errors import InvalidRequest

Media = Literal["image", "video", "any"]
FaceWord = Literal["largest", "only", "all"]

LEAST_SIDE_PX = 64
"""The least bound of an output's side: smaller pictures hold no face that could be found."""
SIZES: dict[str, tuple[int, int]] = {
    "720p": (1280, 720),
    "1080p": (1920, 1080),
    "1440p": (2560, 1440),
    "2k": (2560, 1440),
    "4k": (3840, 2160),
}
"""What people call sizes: most pixels of the longer and of the shorter side."""
MOST_DECLARED_S = 7 * 86400.0
_SELDOM = ("quality", "engine_options", "setup")


@dataclass(frozen=True, slots=True)
class MediaRef:
    """Where media come from: a stored asset or an address to fetch. Exactly one is given."""

    asset_id: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        if (self.asset_id is None) == (self.url is None):
            raise InvalidRequest("Give either an asset or a URL, not both or neither.")


@dataclass(frozen=True, slots=True)
class SceneFace:
    """Which of the scene's faces a donor goes on. Exactly one field is given.

    Attributes
    ----------
    choice : "largest", "only" or "all"
        "only" refuses a picture with several faces; in a clip it is "largest".
    index : int, from 0, left to right
    detection_id, face_id : str, int
        A person that an earlier detection of the same scene found.
    reference : MediaRef
        A photo of the person.
    """

    choice: FaceWord | None = None
    index: int | None = None
    detection_id: str | None = None
    face_id: int | None = None
    reference: MediaRef | None = None

    def __post_init__(self) -> None:
        given = [self.choice, self.index, self.detection_id, self.reference]
        if sum(one is not None for one in given) != 1:
            raise InvalidRequest("Choose a scene face in exactly one way.")
        if (self.detection_id is None) != (self.face_id is None):
            raise InvalidRequest("A detected face needs the detection and the face's number.")
        if self.index is not None and self.index < 0:
            raise InvalidRequest(f"Faces are numbered from 0, not {self.index}.")


@dataclass(frozen=True, slots=True)
class SwapMapping:
    """One donor, by a saved face or by photos, and where it goes.

    ``alone``: refuse photos that show several people; otherwise the largest face is taken.
    """

    scene_face: SceneFace
    donors: tuple[MediaRef, ...] = ()
    face_id: str | None = None
    alone: bool = False

    def __post_init__(self) -> None:
        if bool(self.donors) == (self.face_id is not None):
            raise InvalidRequest("A mapping needs donor photos or a saved face, not both.")


@dataclass(frozen=True, slots=True)
class SwapOutput:
    """How the output is written; None leaves the choice to what suits the scene.

    ``container``: jpeg, png, webp, gif, mp4, mov, mkv, webm. ``quality``: 1 to 100. ``crf``,
    ``codec``, ``preset``: for videos, as on the command line. ``max_long_px``, ``max_short_px``:
    most pixels of the longer and the shorter side, 64 or more; larger scenes are scaled down (see
    `SIZES`).
    ``stills``: also make a thumbnail, and a cover of a clip. ``label``: what is written over it.
    """

    container: str | None = None
    quality: int | None = None
    codec: str | None = None
    crf: int | None = None
    preset: str | None = None
    max_long_px: int | None = None
    max_short_px: int | None = None
    stills: bool = False
    label: Label | None = None


@dataclass(frozen=True, slots=True)
class SwapRequest:
    """One swap as any dialect asks for it.

    Attributes
    ----------
    media : "image", "video" or "any"
        What the client says the scene is; what it really is decides (animations are videos).
    start_s, end_s : float, seconds, optional
    strength : float, [0, 1]
    restore : float, [0, 1]
        How much the new faces are restored; 0 is off.
    engine : str, optional
        None takes the operator's default, or what `quality` means there.
    quality : "draft", "standard" or "best", optional
        What chooses the models that nothing is said of; None takes the operator's default.
    engine_options : EngineOptions, optional
    tariff : str, optional
        The row of the dialect's price table; None takes the one for pictures or for videos.
    declared_s : float, seconds, optional
        How long the client says that a video is: charged if the video is shorter.
    without_gate : bool
        Do without the content gate, if the operator lets this tenant.
    setup : EngineChoice, optional
        What all this came to when the swap was taken on; None of the embedded engine alone.
    """

    media: Media
    scene: MediaRef
    mappings: tuple[SwapMapping, ...]
    start_s: float | None = None
    end_s: float | None = None
    strength: float = 1.0
    restore: float = 0.0
    engine: str | None = None
    tariff: str | None = None
    declared_s: float | None = None
    output: SwapOutput = field(default_factory=SwapOutput)
    without_gate: bool = False
    quality: str | None = None
    engine_options: EngineOptions | None = None
    setup: EngineChoice | None = None

    def __post_init__(self) -> None:
        if not self.mappings:
            raise InvalidRequest("A swap needs at least one mapping.")
        for name, value in (("strength", self.strength), ("restore", self.restore)):
            if not 0 <= value <= 1:
                raise InvalidRequest(f"The {name} must lie between 0 and 1, not {value}.")
        if self.start_s is not None and self.start_s < 0:
            raise InvalidRequest("A range cannot start before 0 s.")
        if self.end_s is not None and self.end_s <= (self.start_s or 0):
            raise InvalidRequest("A range must end after it starts.")
        if self.declared_s is not None and not 0 <= self.declared_s <= MOST_DECLARED_S:
            raise InvalidRequest(f"No video is {self.declared_s:g} s long.")
        if self.media == "image" and (self.start_s is not None or self.end_s is not None):
            raise InvalidRequest("A picture has no time range; leave out start and end.")
        targets = [one.scene_face for one in self.mappings]
        for i, one in enumerate(targets):
            if one in targets[:i]:
                raise InvalidRequest("Two mappings name the same scene face.")

    @property
    def choice(self) -> EngineChoice:
        """What it is done with."""
        return self.setup or EngineChoice()

    def to_json(self) -> dict[str, Any]:
        """Plain values for a database column; what is seldom asked for, only where it is."""
        plain = _plain(self)
        if plain["output"]["label"] is None:
            del plain["output"]["label"]
        if not self.without_gate:
            del plain["without_gate"]
        for mapping in plain["mappings"]:
            if not mapping["alone"]:
                del mapping["alone"]
        for name in _SELDOM:
            value = getattr(self, name)
            plain[name] = value if value is None or isinstance(value, str) else value.to_json()
            if not plain[name]:
                del plain[name]
        return plain

    @classmethod
    def from_json(cls, values: MappingOf[str, Any]) -> SwapRequest:
        """The request that `to_json` wrote."""
        mappings = tuple(_mapping(one) for one in values["mappings"])
        rest = {
            name: value
            for name, value in values.items()
            if name not in ("scene", "mappings", "output", "echo", "engine_options", "setup")
        }
        options, setup = values.get("engine_options"), values.get("setup")
        return cls(
            scene=MediaRef(**values["scene"]),
            mappings=mappings,
            output=_output(values["output"]),
            engine_options=None if options is None else EngineOptions.from_json(options),
            setup=None if setup is None else EngineChoice.from_json(setup),
            **rest,
        )


def _plain(value: Any) -> Any:
    """As `dataclasses.asdict`, without its copies of what cannot change: a third of the time."""
    if is_dataclass(value):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, tuple):
        return [_plain(one) for one in cast("tuple[Any, ...]", value)]
    return value


def _output(values: MappingOf[str, Any]) -> SwapOutput:
    label = values.get("label")
    rest = {name: value for name, value in values.items() if name != "label"}
    return SwapOutput(**rest, label=None if label is None else Label.from_json(label))


def _mapping(values: MappingOf[str, Any]) -> SwapMapping:
    face = dict(values["scene_face"])
    reference = face.pop("reference", None)
    return SwapMapping(
        SceneFace(**face, reference=None if reference is None else MediaRef(**reference)),
        tuple(MediaRef(**one) for one in values["donors"]),
        values["face_id"],
        bool(values.get("alone")),
    )
