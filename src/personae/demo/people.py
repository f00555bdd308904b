"""The two people of the demo, in public-domain portraits that other packages bring."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from personae.errors import InvalidRequest

if TYPE_CHECKING:
    from personae.engine.types import UInt8


@dataclass(frozen=True, slots=True, eq=False)
class Portraits:
    """Grace Hopper and Eileen Collins.

    ``hopper``, ``collins``: uint8 (H, W, 3) RGB, read-only. ``hopper_file``: the JPEG as it came.
    """

    hopper: UInt8
    collins: UInt8
    hopper_file: Path


def portraits() -> Portraits:
    """The portraits inside matplotlib and scikit-image; nothing is fetched.

    Raises
    ------
    InvalidRequest
        If these packages are not installed.
    """
    try:
        import matplotlib.cbook as samples
        import skimage.data
    except ImportError as error:
        raise InvalidRequest(
            "The demo's portraits are not installed: pip install matplotlib scikit-image. To swap "
            "faces of your own, none are needed: see `personae swap --help`."
        ) from error
    import numpy as np
    from PIL import Image

    # Their stubs know only parts of their types.
    file = Path(str(cast("Any", samples).get_sample_data("grace_hopper.jpg", asfileobj=False)))
    hopper = np.array(Image.open(file).convert("RGB"))
    collins = np.array(cast("Any", skimage.data).astronaut(), np.uint8)
    for rgb in (hopper, collins):
        rgb.flags.writeable = False
    return Portraits(hopper, collins, file)
