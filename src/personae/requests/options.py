"""How files are swapped, as one object or as keywords."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, cast

from personae import engines
from personae.domain import labels
from personae.domain.gate import EVERY_S, LIMIT, check_every, check_limit
from personae.domain.marks import LOCAL_MARK
from personae.domain.swap import LEAST_SIDE_PX
from personae.engine.choosing import LEVELS, Wish
from personae.engine.label import Label, LabelPainter
from personae.engine.setup import EngineSetup
from personae.errors import InvalidRequest
from personae.requests.checks import check_mark, check_strength, check_whole, is_number, names_of
from personae.video.codecs import EncodeSettings, check_settings
from personae.video.shape import check_range
from personae.video.sizing import SizeLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapOptions:
    """How files are swapped, whoever gets whose face; valid once constructed.

    It opens no file and holds plain values only: `dataclasses.asdict` gives what JSON can store,
    and ``SwapOptions(**values)`` reads it back and checks it again.

    Parameters
    ----------
    strength : float, range [0, 1]
        How much of the new face; 0 leaves the scene as it is.
    restore : float, range [0, 1]
        How much the new faces are denoised and sharpened; 0 does nothing and costs nothing.
    max_long_px, max_short_px : int, 64 to 65535, optional
        Most pixels of the output's longer and shorter side. Larger scenes are scaled down before
        anything else; none is enlarged. 1920 and 1080 are 1080p, landscape or portrait.
    start_s, end_s : float, seconds, optional
        The part of a clip to keep; sound is cut alike.
    codec : "h264", "hevc", "vp9" or "av1", optional
        For videos; by default what suits the output's container.
    crf : int, 0 to 51 (h264, hevc) or 63 (vp9, av1), optional
        Quality of a video: lower is better and larger.
    preset : one of `personae.video.codecs.PRESETS`, optional
        Speed of the video encoder.
    quality : int, 1 to 100, optional
        Of a JPEG, WebP or AVIF; it makes an animated WebP lossy.
    threads : int, optional
        None or 0 takes one per core. The output does not depend on it.
    mark : int, 0 to 2**40 - 1, optional
        The number that the new faces carry invisibly and that `personae.inspecting.marks` reads
        again; 0, the default, says that no service made them. None leaves them unmarked.
    allow_poor : bool
        Use donor photos that the quality gate refuses; what is wrong becomes a warning. A `Donor`
        was judged when it was prepared.
    manifest : bool
        Write into the output where it comes from, signed; see `docs/12-provenance.md`.
    label : str, 1 to 80 characters, optional
        What is written over the output, on a dark plate that stays readable on any picture.
    label_place : one of `personae.domain.labels.PLACES`
    label_size : float, range [0.02, 0.15]
        Height of the label's letters as a share of the output's shorter side.
    label_font : str, optional
        A TTF or OTF file for scripts that the built-in letters lack.
    gate_donor, gate_scene, gate_output : float, range [0, 1], optional
        The highest score of the content gate that passes; None does not look.
    gate_every_s : float, 0.1 to 60 seconds
        How far the frames of a clip are apart that the content gate looks at.
    level : "draft", "standard" or "best"
        Which of the installed engines and models are used where nothing is said below.
    engine : "mesh" or a swapper's name, optional
    boost_px : int, optional
        The side of the crops that a swapper works at, a multiple of its own.
    likeness : float, range [0, 1]
        Of engines with an identity vector: below 0.5 it leans to the scene's person, above away
        from that person.
    restorer : a model's name, "classical" or "off", optional
        What `restore` uses.
    occluders : sequence of str, optional
        Models that find things before a face; empty for none.
    parser : a model's name or "off", optional
    regions : sequence of str
        What of a face is swapped, by the parser's names, such as skin, nose and mouth.
    detector : str, optional
        The model that finds faces at all.
    landmarkers : sequence of str
        Models that find the points by which a swapper's crops are aligned.

    Raises
    ------
    InvalidRequest
        For a value that fits no media and no encoder. What depends on the scene, such as a start
        after its end, shows when the work begins.
    """

    strength: float = 1.0
    restore: float = 0.0
    max_long_px: int | None = None
    max_short_px: int | None = None
    start_s: float | None = None
    end_s: float | None = None
    codec: str | None = None
    crf: int | None = None
    preset: str | None = None
    quality: int | None = None
    threads: int | None = None
    mark: int | None = LOCAL_MARK
    allow_poor: bool = False
    manifest: bool = True
    label: str | None = None
    label_place: str = labels.DEFAULT_PLACE
    label_size: float = labels.DEFAULT_SIZE
    label_font: str | None = None
    gate_donor: float | None = LIMIT
    gate_scene: float | None = LIMIT
    gate_output: float | None = LIMIT
    gate_every_s: float = EVERY_S
    level: str = "standard"
    engine: str | None = None
    boost_px: int | None = None
    likeness: float = 0.5
    restorer: str | None = None
    occluders: Sequence[str] | None = None
    parser: str | None = None
    regions: Sequence[str] = ()
    detector: str | None = None
    landmarkers: Sequence[str] = ()

    def __post_init__(self) -> None:
        self._check_label()
        self._check_engine()
        check_strength(self.strength)
        check_strength(self.restore, "restoring strength")
        check_whole("longest side", self.max_long_px, LEAST_SIDE_PX, 65535)
        check_whole("shortest side", self.max_short_px, LEAST_SIDE_PX, 65535)
        check_whole("crf", self.crf, 0, 63)
        check_whole("quality", self.quality, 1, 100)
        check_whole("number of threads", self.threads, 0, 1024)
        check_mark(self.mark)
        for name, value in (("start", self.start_s), ("end", self.end_s)):
            if value is not None and not is_number(value):
                raise InvalidRequest(f"The {name} is a time in seconds, not {value!r}.")
        check_range(self.start_s, self.end_s)
        check_settings(self.encode)
        for name in ("donor", "scene", "output"):
            limit = getattr(self, f"gate_{name}")
            if limit is not None:
                check_limit(name, limit)
        check_every(self.gate_every_s)

    def _check_label(self) -> None:
        labels.check_place(self.label_place)
        labels.check_size(self.label_size)
        if self.label is None:
            return
        text = labels.tidy(self.label)
        if self.label_font is None:
            labels.check_drawable(text)

    def _check_engine(self) -> None:
        if self.level not in LEVELS:
            raise InvalidRequest(f"The level is {', '.join(LEVELS)}, not {self.level!r}.")
        check_strength(self.likeness, "likeness")
        check_whole("size of the crops", self.boost_px, 1, 8192)
        for name in ("engine", "restorer", "parser", "detector"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise InvalidRequest(f"The {name} is a name, not {value!r}.")
        # What was stored as JSON comes back as lists.
        for name in ("occluders", "regions", "landmarkers"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, names_of(name, value))

    @property
    def setup(self) -> EngineSetup:
        """The engine and models that this means with what is installed now.

        Raises
        ------
        InvalidRequest
            If a name is unknown, or does not fit.
        """
        wish = Wish(
            self.level,
            self.engine,
            self.boost_px,
            self.likeness,
            self.restorer,
            None if self.occluders is None else tuple(self.occluders),
            self.parser,
            tuple(self.regions),
            self.detector,
            tuple(self.landmarkers),
        )
        return engines.setup_for(wish)

    @property
    def painter(self) -> LabelPainter | None:
        """What writes the label, if there is one; it opens the font file.

        Raises
        ------
        InvalidRequest
        """
        if self.label is None:
            return None
        if self.label_font is None:
            from personae.engine.lettering import draw_line as lettering
        else:
            from personae.video.font_files import lettering_of

            lettering = lettering_of(Path(self.label_font))
        label = Label(labels.tidy(self.label), self.label_place, self.label_size)
        return LabelPainter(label, lettering)

    @property
    def max_size(self) -> SizeLimit | None:
        """How large the output may be, if that matters."""
        if self.max_long_px is None and self.max_short_px is None:
            return None
        return SizeLimit(self.max_long_px, self.max_short_px)

    @property
    def encode(self) -> EncodeSettings:
        """What the video encoder is told."""
        return EncodeSettings(self.codec, self.crf, self.preset, self.threads or 0)


class EngineSettings(TypedDict, total=False):
    """The fields of `SwapOptions` that say how the engine works, as keywords."""

    boost_px: int | None
    likeness: float
    restorer: str | None
    occluders: Sequence[str] | None
    parser: str | None
    regions: Sequence[str]
    detector: str | None
    landmarkers: Sequence[str]


class SwapSettings(EngineSettings, total=False):
    """The fields of `SwapOptions` as the keywords that functions take."""

    strength: float
    restore: float
    max_long_px: int | None
    max_short_px: int | None
    start_s: float | None
    end_s: float | None
    codec: str | None
    crf: int | None
    preset: str | None
    quality: int | None
    threads: int | None
    mark: int | None
    allow_poor: bool
    manifest: bool
    label: str | None
    label_place: str
    label_size: float
    label_font: str | None
    gate_donor: float | None
    gate_scene: float | None
    gate_output: float | None
    gate_every_s: float
    level: str
    engine: str | None


def options_of(options: SwapOptions | None, settings: SwapSettings) -> SwapOptions:
    """What a caller gave, either as one object or as keywords.

    Raises
    ------
    InvalidRequest
        If both were given, or a keyword's value makes no sense.
    """
    if options is None:
        return SwapOptions(**cast("Any", settings))
    if settings:
        raise InvalidRequest(f"Give either options or {', '.join(settings)}, not both.")
    return options
