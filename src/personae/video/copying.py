"""Sound and subtitles, carried over packet by packet in step with the picture."""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from typing import Any

import av
import av.stream

from personae.video.carrying import Cargo, Carried, Container, load
from personae.video.decoding import packets_of
from personae.video.integrity import Damage
from personae.video.limits import MediaLimits
from personae.video.opening import open_container
from personae.video.shape import TimeRange, VideoShape
from personae.video.subtitles import convert_text
from personae.video.tags import needs_free_tags, stream_tags

# Once packets come this long after the end of the range, no stream has one before it.
_SLACK_S = 10

Packet = Any
"""av.packet.Packet, whose stub leaves its stream's type unknown."""


class StreamCopier:
    """Copies what is not the video stream, in step with it, so that memory stays flat.

    The file is opened a second time: sound is read just ahead of the picture it belongs to, and
    nothing waits in memory however the file interleaves its streams.

    Attributes
    ----------
    damage : Damage
        Packets that could not be read.
    """

    def __init__(self, shape: VideoShape, limits: MediaLimits) -> None:
        self._shape = shape
        self._cargo = Cargo()
        self.damage = Damage()
        self._source: Container = open_container(shape.path, limits)
        self._video = self._source.streams[shape.stream]
        self._packets: Generator[Packet] | None = None
        self._pending: Packet | None = None

    def close(self) -> None:
        """Close the file."""
        if self._packets is not None:
            self._packets.close()
        self._source.close()

    @property
    def notes(self) -> list[str]:
        """What could not be carried over as it was, one sentence each."""
        return self._cargo.notes

    def needs_free_tags(self) -> bool:
        """Whether an MP4 output must use QuickTime's free list of keys."""
        return needs_free_tags(self._source.metadata)

    def label_video(self, stream: Any) -> None:
        """Give the output's video stream the tags and flags of the input's."""
        stream.metadata.update(stream_tags(self._video.metadata))
        stream.disposition = self._video.disposition

    def add_streams(self, output: Container) -> None:
        """Announce every stream, chapter and tag in the output's header.

        Raises
        ------
        MediaUnsupported
            If the output's container does not take a stream of sound.
        """
        kept = self._shape.range
        self._cargo = load(self._source, output, self._shape.path, self._shape.stream, kept)
        carried = self._cargo.streams
        for stream in self._source.streams:
            if stream.index not in carried:
                stream.discard = av.stream.Discard.all
        if kept.start_s is not None and kept.start_s > _SLACK_S:
            self._source.seek(int((kept.start_s - _SLACK_S) * av.time_base))
        if carried:
            streams = [self._source.streams[i] for i in carried]
            self._packets = packets_of(self._source, streams, self.damage)
            self._advance()

    def copy_until(self, output: Container, time_s: Fraction | None) -> None:
        """Write packets whose time has come; all that are left when `time_s` is None."""
        while self._pending is not None:
            packet = self._pending
            if time_s is not None and packet.dts * packet.time_base > time_s:
                return
            output.mux(_converted(packet, self._cargo.streams[packet.stream.index]))
            self._advance()

    def _advance(self) -> None:
        """Read up to the next packet that is kept."""
        self._pending = None
        kept = self._shape.range
        for packet in self._packets or ():
            # Packets that mark a stream's end have no index of their own.
            carried = self._cargo.streams[packet.stream.index]
            if carried.kind == "cover":
                packet.dts = packet.pts = int(kept.shift_s / packet.time_base)
            if _is_nothing(packet) or packet.is_corrupt or not _has_time(packet):
                continue
            if kept.end_s is not None and packet.dts * packet.time_base > kept.end_s + _SLACK_S:
                return
            if carried.kind == "cover" or _cut(packet, carried.kind, kept):
                _shift(packet, carried, kept)
                self._pending = packet
                return


def _is_nothing(packet: Packet) -> bool:
    """An end mark, or one of the empty lines that fill the gaps between subtitles in MP4."""
    return packet.size == 0 or (packet.size == 2 and bytes(packet) == b"\0\0")


def _has_time(packet: Packet) -> bool:
    """Fill in whichever of the two timestamps is missing; False if both are."""
    if packet.dts is None:
        packet.dts = packet.pts
    if packet.pts is None:
        packet.pts = packet.dts
    return packet.dts is not None


def _cut(packet: Packet, kind: str, kept: TimeRange) -> bool:
    """Whether a packet is in the range; lines of text are cut to it.

    Sound is kept by whole packets that begin in the range: about 20 ms of precision.
    """
    tick: Fraction = packet.time_base
    first, last = packet.pts, packet.pts + (packet.duration or 0)
    if kept.end_s is not None:
        if first * tick >= kept.end_s:
            return False
        last = min(last, -(-kept.end_s // tick))
    if kept.start_s is not None and first * tick < kept.start_s:
        first = -(-kept.start_s // tick)
        if kind == "audio" or last <= first:
            return False
        packet.pts = packet.dts = first
    if kind == "subtitle":
        packet.duration = last - first
    return True


def _shift(packet: Packet, carried: Carried, kept: TimeRange) -> None:
    """Move a packet to the output's clock, and see that decoding times rise."""
    shift = round(kept.shift_s / packet.time_base)
    packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
    if carried.last_dts is not None and packet.dts <= carried.last_dts:
        packet.dts = carried.last_dts + 1
        packet.pts = max(packet.pts, packet.dts)
    carried.last_dts = packet.dts


def _converted(packet: Packet, carried: Carried) -> Packet:
    """The packet as it goes into the output's stream."""
    if carried.converts is not None:
        made: Packet = av.Packet(convert_text(bytes(packet), *carried.converts))
        made.pts, made.dts, made.duration = packet.pts, packet.dts, packet.duration
        made.time_base = packet.time_base
        packet = made
    packet.stream = carried.output
    return packet
