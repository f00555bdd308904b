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
        Of a picture or an animation, which may be read whole; videos are streamed, not bounded.
    side_px : pixels
        The longer side of a picture and of a frame.
    picture_pixels : width times height
        Of a still.
    frame_pixels : width times height
        Of one frame of an animation or a video; 8192 x 8192 by default.
    picture_scans : count
        Passes over a progressive JPEG, each of which decodes the whole picture once more; ordinary
        ones have about ten.
    animation_frames : count
    animation_pixels : width times height times frames
        Of an animation: what decoding it costs in total.
    video_frames : count
    duration_s : float, seconds
        Of a video.
    streams : count
        Streams of every kind in a container.
    """

    file_bytes: int = 512 * 2**20
    side_px: int = 16_384
    picture_pixels: int = 64_000_000
    picture_scans: int = 200
    frame_pixels: int = 8192 * 8192
    animation_frames: int = 20_000
    animation_pixels: int = 16_000_000_000
    video_frames: int = 3_000_000
    duration_s: float = 12 * 3600.0
    streams: int = 64

    def check_size(self, name: str, size_wh: tuple[int, int], pixels: int | None = None) -> None:
        """Refuse a picture or frame beyond `side_px`, or beyond `pixels` in total.

        Parameters
        ----------
        name : str
            How the message calls the file.
        size_wh : width and height in pixels
        pixels : int, optional
            `frame_pixels` if omitted.

        Raises
        ------
        MediaTooLarge
        """
        width, height = size_wh
        allowed = self.frame_pixels if pixels is None else pixels
        if max(width, height) > self.side_px:
            raise MediaTooLarge(
                f"{name} is {width} x {height} pixels; a side may have at most {self.side_px}. "
                "Scale it down first."
            )
        if width * height > allowed:
            raise MediaTooLarge(
                f"{name} is {width} x {height} pixels, {width * height / 1e6:.0f} million; "
                f"at most {allowed / 1e6:.0f} million are allowed. Scale it down first."
            )

    def check_scans(self, name: str, scans: int) -> None:
        """Refuse a JPEG of too many passes.

        Raises
        ------
        MediaTooLarge
        """
        if scans > self.picture_scans:
            raise MediaTooLarge(
                f"{name} is stored in {scans} passes; at most {self.picture_scans} are allowed. "
                "Save it anew as an ordinary JPEG."
            )

    def check_animation(self, name: str, size_wh: tuple[int, int], frames: int) -> None:
        """Refuse an animation with too many frames, or too many pixels over all of them.

        Raises
        ------
        MediaTooLarge
        """
        self.check_size(name, size_wh)
        if frames > self.animation_frames:
            raise MediaTooLarge(
                f"{name} has {frames} frames; at most {self.animation_frames} are allowed. "
                "Cut it first, or make it a video."
            )
        if size_wh[0] * size_wh[1] * frames > self.animation_pixels:
            raise MediaTooLarge(
                f"{name} has {frames} frames of {size_wh[0]} x {size_wh[1]} pixels, more than the "
                f"{self.animation_pixels / 1e9:.0f} thousand million pixels that are allowed. "
                "Make it smaller, or make it a video."
            )


DEFAULT_LIMITS = MediaLimits()
