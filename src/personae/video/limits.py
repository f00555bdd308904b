"""How large media may be before Personae refuses to decode it."""

from __future__ import annotations

from dataclasses import dataclass

from personae.errors import MediaTooLarge


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """Bounds that are checked from a file's header, before its first pixel is decoded.

    Attributes
    ----------
    file_bytes : bytes
        Of a picture or an animation, which are read whole; videos are streamed and not bounded.
    side_px : pixels
        The longer side of a picture, of an animation and of a video frame.
    picture_pixels : width times height
        Of a still.
    frame_pixels : width times height
        Of one frame of an animation or a video.
    frames : count
        Frames of an animation.
    animation_pixels : width times height times frames
        Of an animation: what decoding it costs in total.
    duration_s : seconds
        Of a video.
    streams : count
        Streams of every kind in a container.
    """

    file_bytes: int = 512 * 2**20
    side_px: int = 16_384
    picture_pixels: int = 64_000_000
    frame_pixels: int = 36_000_000
    frames: int = 20_000
    animation_pixels: int = 8_000_000_000
    duration_s: float = 12 * 3600.0
    streams: int = 64

    def check_size(self, name: str, size_wh: tuple[int, int], pixels: int) -> None:
        """Refuse a picture or frame beyond `side_px` or beyond `pixels` in total.

        Raises
        ------
        MediaTooLarge
            Naming `name`, the size found and the size allowed.
        """
        width, height = size_wh
        if max(width, height) > self.side_px:
            raise MediaTooLarge(
                f"{name} is {width} x {height} pixels; a side may have at most {self.side_px}. "
                "Scale it down first."
            )
        if width * height > pixels:
            raise MediaTooLarge(
                f"{name} is {width} x {height} pixels, {width * height / 1e6:.0f} million; "
                f"at most {pixels / 1e6:.0f} million are allowed. Scale it down first."
            )


DEFAULT_LIMITS = MediaLimits()
