"""Where a long video is cut into chunks that are worked on apart.

The plan depends on the file and on what was asked for alone. It is made from packets, without
decoding: a chunk begins at a key frame, where there is one in reach.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import av.stream

from personae.errors import InvalidRequest, MediaTooLarge
from personae.video.animations import AnimationReader
from personae.video.decoding import packets_of
from personae.video.integrity import Damage
from personae.video.limits import DEFAULT_LIMITS, MediaLimits
from personae.video.opening import decoding_errors, open_container, video_stream
from personae.video.reader import VideoReader
from personae.video.shape import VideoShape
from personae.video.sniffing import sniff

TARGET_S = 10.0
PIECES = 16
"""So many chunks let two workers end nearly at once, and one hardly pays for them."""
_SHORTEST = 0.4
"""Chunks get no shorter than this share of the wanted length to come to a wanted number."""
_LONGEST = 6
"""A chunk that finds no key frame for so many times the wanted length ends at any frame."""
_SHORT = 1.5
"""A clip shorter than so many chunks is one."""
_MOST_REORDERED = 64
"""Frames that packets may lie away from their place in time; further is another clock."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a video, from one time to another.

    Attributes
    ----------
    index : int, from 0
    last : bool
    first_frame, frames : int
        By the packets. Where the file is damaged, fewer may come out.
    start_pts, end_pts : int or None
        It holds ``start_pts <= pts < end_pts``, in the video's time base, on the output's clock;
        None is open.
    look : str
        Of the first frame of all, as `look_of` tells it.
    """

    index: int
    last: bool
    first_frame: int
    frames: int
    start_pts: int | None = None
    end_pts: int | None = None
    look: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Chunk:
        """The chunk that `to_json` wrote.

        Raises
        ------
        InvalidRequest
            If it is not one.
        """
        try:
            chunk = cls(**values)
            numbers = (chunk.index, chunk.first_frame, chunk.frames)
            places = [one for one in (chunk.start_pts, chunk.end_pts) if one is not None]
            sound = all(type(one) is int for one in (*numbers, *places)) and min(numbers) >= 0
        except TypeError:
            sound = False
        if not sound:
            raise InvalidRequest("This is no chunk of a plan; plan the video again.")
        return cls(**values)


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """All chunks of a video; one alone means that cutting it is not worth it, or not safe.

    Attributes
    ----------
    chunks : tuple of Chunk
        In order; together they are the whole range.
    frames_total : int
    discarded : int
        Packets that the container itself hides.
    """

    chunks: tuple[Chunk, ...]
    frames_total: int
    discarded: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        chunks = [chunk.to_json() for chunk in self.chunks]
        return {
            "chunks": chunks,
            "frames_total": self.frames_total,
            "discarded": self.discarded,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ChunkPlan:
        """The plan that `to_json` wrote.

        Raises
        ------
        InvalidRequest
            If it is not one.
        """
        try:
            chunks = tuple(Chunk.from_json(one) for one in values["chunks"])
            total, discarded = int(values["frames_total"]), int(values.get("discarded", 0))
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidRequest("This is no plan of chunks; plan the video again.") from error
        return cls(chunks, total, discarded)


@dataclass(slots=True)
class _Index:
    """What the packets tell: times of all frames and of key frames, in decoding order."""

    pts: list[int] = field(default_factory=list[int])
    keys: list[int] = field(default_factory=list[int])
    discarded: int = 0
    sure: bool = True


def plan_chunks(
    path: Path,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    target_s: float = TARGET_S,
    pieces: int = 0,
    limits: MediaLimits = DEFAULT_LIMITS,
    on_packet: Callable[[int], None] | None = None,
) -> ChunkPlan:
    """Cut a video, or a range of it, into chunks of about `target_s` seconds.

    They are shorter, down to `_SHORTEST`, where the video would come to fewer than `pieces`. An
    animation is one chunk, and so is a video whose timestamps are missing or ambiguous.
    `on_packet` is called with the number of frames that were found so far; it may raise.

    Raises
    ------
    InvalidRequest
        For a range that holds no frame, or a length that makes no sense.
    MediaError
        For a file that cannot be used.
    """
    if not (math.isfinite(target_s) and target_s > 0):
        raise InvalidRequest(f"Chunks of {target_s} s make no sense; give more than 0.")
    if sniff(path) == "animation":
        with AnimationReader(path, role="scene") as animation:
            frames = animation.frames or 1
        return ChunkPlan((Chunk(0, True, 0, frames),), frames)
    with decoding_errors(str(path)):
        with VideoReader(path, start_s=start_s, end_s=end_s, limits=limits) as reader:
            low, high, shift = reader.ticks
            expected, trusted = reader.frames_expected, reader.trusted
            look = look_of(reader.shape)
            target = max(1, round(target_s / reader.shape.time_base))
        index = _read_index(path, limits, on_packet)
    pts = sorted(
        one for one in index.pts if (low is None or one >= low) and (high is None or one < high)
    )
    if not (trusted and index.sure and pts):
        return ChunkPlan((Chunk(0, True, 0, expected or 1),), expected or 1, index.discarded)
    span = pts[-1] - pts[0]
    if pieces and span >= _SHORT * target:
        target = max(round(_SHORTEST * target), min(target, span // pieces), 1)
    borders = _borders(pts, sorted(index.keys), target)
    return ChunkPlan(_chunks(pts, borders, shift, look), len(pts), index.discarded)


def look_of(shape: VideoShape) -> str:
    """What a frame decides of a clip's shape: other frames of it may say something else."""
    width, height = shape.coded_wh
    turned = shape.orientation.matrix
    return f"{width}x{height} {shape.pixel_format} {shape.form} {shape.tags} {turned}"


def _read_index(path: Path, limits: MediaLimits, on_packet: Callable[[int], None] | None) -> _Index:
    """Read all packets of the picture."""
    index = _Index()
    container = open_container(path, limits)
    with container:
        stream = video_stream(container, str(path))
        for other in container.streams:
            if other.index != stream.index:
                other.discard = av.stream.Discard.all
        damage = Damage()
        for packet in packets_of(container, [stream], damage):
            if on_packet is not None:
                on_packet(len(index.pts))
            if packet.is_discard:
                index.discarded += 1
            elif packet.size and packet.pts is not None:
                index.pts.append(packet.pts)
                if packet.is_keyframe:
                    index.keys.append(packet.pts)
                if len(index.pts) > limits.video_frames:
                    raise MediaTooLarge(
                        f"{path} has more than {limits.video_frames} frames; cut it first."
                    )
            elif packet.size:
                index.sure = False
    index.sure = index.sure and _is_one_clock(index.pts)
    return index


def _is_one_clock(pts: list[int]) -> bool:
    """Whether times are unique, and out of order by no more than a decoder reorders."""
    order = sorted(range(len(pts)), key=pts.__getitem__)
    near = all(abs(place - at) <= _MOST_REORDERED for place, at in enumerate(order))
    return near and len(set(pts)) == len(pts)


def _borders(pts: list[int], keys: list[int], target: int) -> list[int]:
    """Where chunks but the first begin; `pts` and `keys` are sorted, `target` is in ticks.

    The first and the last chunk are shorter: while they are worked on, there is nothing to do for
    others yet, or any more.
    """
    if pts[-1] - pts[0] < _SHORT * target:
        return []
    borders: list[int] = []
    at, wanted = pts[0], max(1, target // 2)
    while True:
        k = bisect_left(keys, at + wanted)
        reach = at + _LONGEST * target
        if k < len(keys) and keys[k] <= min(reach, pts[-1]):
            at = keys[k]
        else:
            i = bisect_left(pts, reach)
            if i >= len(pts):
                break
            at = pts[i]
        borders.append(at)
        wanted = target
    if borders and pts[-1] - borders[-1] < target // 4:
        borders.pop()
    return borders


def _chunks(pts: list[int], borders: list[int], shift: int, look: str) -> tuple[Chunk, ...]:
    firsts = [0, *(bisect_left(pts, border) for border in borders), len(pts)]
    starts: list[int | None] = [None, *(border - shift for border in borders)]
    return tuple(
        Chunk(
            index=i,
            last=i == len(borders),
            first_frame=firsts[i],
            frames=firsts[i + 1] - firsts[i],
            start_pts=start,
            end_pts=None if i == len(borders) else starts[i + 1],
            look=look,
        )
        for i, start in enumerate(starts)
    )
