"""Opening a video safely: a white-list of formats, no other file, limits before decoding."""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import av
import av.container
import av.error
import av.stream
import av.video.stream

from personae.errors import MediaTooLarge, MediaUnreachable, MediaUnreadable, MediaUnsupported
from personae.video.files import can_be_read, check_readable, unreachable
from personae.video.limits import MediaLimits
from personae.video.sniffing import HEAD_BYTES, describe_kind, sniff_head

# Containers that hold everything themselves. Playlists (HLS, DASH, concat), capture devices and
# picture sequences would make FFmpeg open other files, so they are not on it.
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,nut,ivf,dv,"
    "h264,hevc,obu,m4v,yuv4mpegpipe,mp3,aac,flac,wav,aiff,amr"
)

_PICTURE_BRANDS = ("heic", "heix", "mif1", "msf1", "avif", "avis")


@contextmanager
def decoding_errors(name: str) -> Generator[None]:
    """Turn FFmpeg's errors while reading the file `name` into those of Personae."""
    try:
        yield
    except (av.error.FileNotFoundError, av.error.PermissionError) as error:
        raise unreachable(f"{name} cannot be opened", error) from error
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        raise MediaUnreadable(
            f"{name} does not decode ({_short(error)}); it may be damaged or cut off. "
            "Export it again, or try another file."
        ) from error


def _short(error: Exception) -> str:
    if isinstance(error, av.error.FFmpegError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return str(error)


def open_container(path: Path, limits: MediaLimits) -> av.container.InputContainer:
    """Open a file that holds sound or moving pictures, reading its headers only.

    Nothing but `path` is ever opened, whatever the file asks for.

    Raises
    ------
    MediaUnreachable
        If it is missing or not a file.
    MediaUnreadable
        If it is empty or damaged beyond opening.
    MediaUnsupported
        If it is a picture, a document or a container outside the white-list.
    MediaTooLarge
        If it goes beyond `limits`.
    """
    name = str(path)
    check_readable(path, name)
    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    try:
        container = av.open(
            name,
            # Bounds what FFmpeg itself decodes while it looks for the streams' parameters.
            options={"max_pixels": str(limits.frame_pixels)},
            container_options=options,
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, ValueError) as error:
        raise _opening_error(path, error) from error
    try:
        _check(container, name, limits)
    except BaseException:
        container.close()
        raise
    return container


def _opening_error(path: Path, error: Exception) -> MediaUnreachable | Exception:
    """Say in one sentence why a file did not open, from its first bytes."""
    ends_early = isinstance(error, OSError) and error.errno == errno.EIO and can_be_read(path)
    if isinstance(error, OSError) and not isinstance(error, ValueError) and not ends_early:
        return unreachable(f"{path} cannot be opened", error)
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    what = describe_kind(head)
    if sniff_head(head) == "picture":
        return MediaUnsupported(f"{path} is {what}, not a video; use it as a picture.")
    if sniff_head(head) == "video":
        return MediaUnreadable(
            f"{path} is {what}, but its index is missing or damaged, as when a recording or a "
            "download was cut off; export or download it again."
        )
    return MediaUnsupported(
        f"{path} is {what}, not a video that Personae reads; convert it to mp4, mkv or webm."
    )


def _check(container: av.container.InputContainer, name: str, limits: MediaLimits) -> None:
    if len(container.streams) > limits.streams:
        raise MediaTooLarge(
            f"{name} has {len(container.streams)} streams; at most {limits.streams} are opened. "
            "Keep the ones that matter."
        )
    brand = container.metadata.get("major_brand", "").strip()
    if brand in _PICTURE_BRANDS:
        raise MediaUnsupported(f"{name} is a picture ({brand}), not a video.")
    for stream in container.streams.video:
        if stream.codec_context is None:  # pyright: ignore[reportUnnecessaryComparison] - stub
            continue
        limits.check_size(name, (stream.width, stream.height), limits.frame_pixels)
    duration_s = (container.duration or 0) / av.time_base
    if duration_s > limits.duration_s:
        raise MediaTooLarge(
            f"{name} lasts {duration_s / 3600:.1f} hours; at most {limits.duration_s / 3600:.1f} "
            "are opened. Cut it first."
        )


def video_stream(container: av.container.InputContainer, name: str) -> av.video.stream.VideoStream:
    """The stream whose pictures are edited: the default one, else the first; no cover art.

    Raises
    ------
    MediaUnsupported
        If the file holds sound only, or its codec is unknown to this build of FFmpeg.
    """
    still = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    moving = [s for s in container.streams.video if not s.disposition & still]
    if not moving:
        raise MediaUnsupported(f"{name} has sound but no moving picture; choose a video.")
    chosen = next((s for s in moving if s.disposition & av.stream.Disposition.default), moving[0])
    if chosen.codec_context is None:  # pyright: ignore[reportUnnecessaryComparison] - stub
        raise MediaUnsupported(
            f"{name}: there is no decoder for its video codec; re-encode it to H.264 first."
        )
    return chosen
