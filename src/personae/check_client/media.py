"""Media to play a session on, made of public-domain portraits that other packages bring."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from personae.check_client.session import Media
from personae.errors import InvalidRequest

_HEIGHT, _WIDTH = 360, 640
_FRAMES, _FPS = 40, 20
Rgb = NDArray[np.uint8]


def made_in(folder: Path) -> Media:
    """Pictures of two people, alone and together, and two seconds of both.

    Raises
    ------
    InvalidRequest
        If the portraits are not installed.
    """
    try:
        import matplotlib.cbook as samples
        import skimage.data as portraits
        from PIL import Image
    except ImportError as error:
        raise InvalidRequest(
            "The portraits to check with are not installed: pip install matplotlib scikit-image, "
            "or give files of your own."
        ) from error
    # Their stubs know only parts of their types.
    mpl, ski = cast("Any", samples), cast("Any", portraits)
    hopper_file = str(mpl.get_sample_data("grace_hopper.jpg", asfileobj=False))
    hopper: Rgb = np.asarray(Image.open(hopper_file).convert("RGB"))
    collins: Rgb = np.asarray(ski.astronaut()[:300, 60:360])
    hopper = hopper[:460, 40:500]
    media = Media(
        scene=folder / "scene.png",
        donor=folder / "donor.png",
        second_donor=folder / "second.png",
        group=folder / "group.png",
        video=folder / "video.mp4",
    )
    group = _side_by_side(hopper, collins)
    for path, rgb in (
        (media.scene, collins),
        (media.donor, hopper),
        (media.second_donor, collins),
        (media.group, group),
    ):
        Image.fromarray(rgb).save(path)
    _write_video(media.video, group)
    return media


def _side_by_side(left: Rgb, right: Rgb) -> Rgb:
    """Two portraits in one picture of 16 to 9."""
    from PIL import Image

    canvas = np.full((_HEIGHT, _WIDTH, 3), 120, np.uint8)
    for number, rgb in enumerate((left, right)):
        size = 300
        small = np.asarray(Image.fromarray(rgb).resize((size, size), Image.Resampling.LANCZOS))
        x = 15 + number * 310
        canvas[40 : 40 + size, x : x + size] = small
    return canvas


def _write_video(path: Path, group: Rgb) -> None:
    """The group, the camera swaying a little."""
    import av

    opened: Any = av.open(str(path), "w")  # Its stubs know only parts of its types.
    wide = np.pad(group, ((16, 16), (16, 16), (0, 0)), mode="edge")
    with opened as output:
        stream = output.add_stream("libx264", rate=Fraction(_FPS))
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        stream.options = {"crf": "18", "preset": "veryfast"}
        for number in range(_FRAMES):
            angle = 2 * np.pi * number / _FRAMES
            x, y = 16 + round(10 * np.sin(angle)), 16 + round(6 * np.cos(angle))
            rgb = np.ascontiguousarray(wide[y : y + _HEIGHT, x : x + _WIDTH])
            output.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, "rgb24")))
        output.mux(stream.encode(None))
