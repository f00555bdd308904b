"""Which outputs make sense for which scenes: refused at submit, not when the work is half done.

A scene behind a URL is known only when it has been fetched; a worker asks again then. Messages name
the fields of `SwapRequest`.
"""

from __future__ import annotations

from personae.domain.swap import SwapOutput
from personae.errors import InvalidRequest

_CONTAINERS = {
    "picture": ("jpeg", "png", "webp", "gif"),
    "animation": ("gif", "webp", "png"),
    "video": ("mp4", "mov", "mkv", "webm"),
}
_CODECS = {"webm": ("vp9", "av1")}
_CRF_ENDS = {"h264": 51, "hevc": 51, "vp9": 63, "av1": 63}
_SIDE_ENDS = (16, 65_535)
_OPEN = {"image": ("picture", "animation"), "any": tuple(_CONTAINERS)}
_CALLED = {"image": "an image", "animation": "an animation", "any": "a scene"}
_VIDEO_ONLY = ("codec", "crf", "preset")


def check_output(output: SwapOutput, kind: str) -> None:
    """Refuse a container, a codec, a quality or a size that the scene cannot have.

    Parameters
    ----------
    kind : str
        ``picture``, ``animation`` or ``video``; or, of a scene that nobody has looked at yet,
        ``image`` (a picture or an animation) or ``any``.

    Raises
    ------
    InvalidRequest
    """
    low, high = _SIDE_ENDS
    for name in ("max_long_px", "max_short_px"):
        side = getattr(output, name)
        if side is not None and not low <= side <= high:
            raise InvalidRequest(f"output.{name} lies between {low} and {high}, not at {side}.")
    kinds = _OPEN.get(kind, (kind,))
    containers = tuple(name for one in kinds for name in _CONTAINERS.get(one, ()))
    called = _CALLED.get(kind, f"a {kind}")
    if output.container is not None and output.container not in containers:
        raise InvalidRequest(
            f"The output.container of {called} cannot be {output.container}; it can be "
            f"{', '.join(dict.fromkeys(containers))}."
        )
    if kind == "any":
        return
    if kind == "video":
        _check_encoder(output)
        return
    for name in _VIDEO_ONLY:
        if getattr(output, name) is not None:
            raise InvalidRequest(
                f"The scene is {called}; output.{name} is for videos, leave it out."
            )


def _check_encoder(output: SwapOutput) -> None:
    if output.quality is not None:
        raise InvalidRequest("The quality of a video is output.crf; leave out output.quality.")
    codecs = _CODECS.get(output.container or "")
    if output.codec is not None and codecs is not None and output.codec not in codecs:
        raise InvalidRequest(
            f"An output.container of {output.container} takes the output.codec "
            f"{' or '.join(codecs)}, not {output.codec}."
        )
    codec = output.codec or ("vp9" if codecs else "h264")
    if output.crf is not None and output.crf > _CRF_ENDS[codec]:
        raise InvalidRequest(
            f"The output.crf of {codec} ends at {_CRF_ENDS[codec]}, not {output.crf}."
        )
