"""Opening an encoder, and handing frames to it as they are."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
from av.codec.context import Flags as CodecFlags

from personae.video.codecs import Encoding
from personae.video.frames import DecodedFrame, relabelled
from personae.video.shape import PROGRESSIVE, VideoShape

_NO_PICTURE_TYPE = 0
_FULL_RANGE = 2


def add_video(output: Any, shape: VideoShape, encoding: Encoding, threads: int) -> Any:
    """Add the video stream to a container, its encoder set up but not open yet.

    Parameters
    ----------
    output : PyAV container
    shape : VideoShape
    encoding : Encoding
    threads : int
        For encoders whose bits do not depend on it; 0 takes one per core.
    """
    # Only a hint to the encoders, which refuse what no camera does: times are the frames' own.
    rate = min(max(shape.frame_rate, Fraction(1)), Fraction(240)).limit_denominator(100_000)
    stream = output.add_stream(encoding.codec.encoder, rate=rate, options=dict(encoding.options))
    stream.width, stream.height = shape.coded_wh
    stream.pix_fmt = encoding.pixel_format
    stream.time_base = shape.time_base
    context = stream.codec_context
    context.time_base = shape.time_base
    context.thread_count = threads
    if encoding.codec.name == "h264":
        # PyAV's default is threads that share a frame; on a busy machine, x264's then come to other
        # bits once in fifty clips. Threads with a frame each never do, and waste fewer bits.
        context.thread_type = "FRAME"
    context.flags |= CodecFlags.bitexact | CodecFlags.frame_duration
    if shape.field_order not in PROGRESSIVE and encoding.codec.name == "h264":
        context.flags |= CodecFlags.interlaced_dct | CodecFlags.interlaced_me
        context.field_order = shape.field_order
    context.color_primaries, context.color_trc = shape.tags.primaries, shape.tags.transfer
    context.colorspace = shape.tags.matrix
    context.color_range = _FULL_RANGE if shape.form.full_range else shape.tags.range
    if shape.aspect is not None:
        context.sample_aspect_ratio = shape.aspect
    if encoding.codec.name == "hevc" and output.format.name in ("mp4", "mov"):
        context.codec_tag = "hvc1"  # the only name under which Apple's players take it
    if shape.orientation.matrix is not None:
        stream.set_display_matrix(shape.orientation.matrix)
    return stream


def encodable(frame: DecodedFrame, pixel_format: str) -> av.VideoFrame:
    """The picture as the encoder takes it, with the frame's own times and nobody's type."""
    video = frame.video
    if video.format.name != pixel_format:
        video = relabelled(video, pixel_format)
    video.pts, video.time_base = frame.pts, frame.time_base
    video.duration = frame.duration or 0
    # The decoder left the input's frame types, which would dictate the output's.
    video.pict_type = _NO_PICTURE_TYPE
    return video
