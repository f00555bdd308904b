"""Which outputs make sense for which scenes: refused at submit, not when the work is half done.

A scene behind a URL is known only when it has been fetched; a worker asks again then. Messages name
the fields of `SwapRequest`.
"""

from __future__ import annotations

from personae.app.outputs import output_suffix
from personae.domain.media import MediaFacts
from personae.domain.swap import LEAST_SIDE_PX, SwapOutput
from personae.errors import InvalidRequest

_CONTAINERS = {
    "picture": ("jpeg", "png", "webp", "gif"),
    "animation": ("gif", "webp", "png"),
    "video": ("mp4", "mov", "mkv", "webm"),
}
_CODECS = {"webm": ("vp9", "av1")}
_ISO_SOUNDS = (
    "aac ac3 alac dts eac3 evrc flac mp2 mp3 opus pcm_f32be pcm_f32le pcm_f64be pcm_f64le "
    "pcm_s16be pcm_s16le pcm_s24be pcm_s24le pcm_s32be pcm_s32le qcelp truehd"
)
_MUXED = {
    "mp4": f"{_ISO_SOUNDS} mp4als vorbis",
    "mov": f"{_ISO_SOUNDS} adpcm_ima_qt amr_nb amr_wb dvaudio gsm ilbc mace3 mace6 mp1 nellymoser "
    "pcm_alaw pcm_mulaw pcm_s8 pcm_u8 qdm2 qdmc speex",
    "mkv": "aac ac3 alac atrac1 atrac3 cook dts eac3 flac mlp mp1 mp2 mp3 opus pcm_f32le pcm_f64le "
    "pcm_s16be pcm_s16le pcm_s24be pcm_s24le pcm_s32be pcm_s32le pcm_u8 qdm2 qdmc ra_144 ra_288 "
    "sipr truehd tta vorbis wavpack",
    "webm": "opus vorbis",
}
_SOUNDS = {name: frozenset(codecs.split()) for name, codecs in _MUXED.items()}
"""The sound that each container holds: what FFmpeg's muxers say, by FFmpeg's names."""
_CRF_ENDS = {"h264": 51, "hevc": 51, "vp9": 63, "av1": 63}
_SIDE_ENDS = (LEAST_SIDE_PX, 65_535)
_OPEN = {"image": ("picture", "animation"), "any": tuple(_CONTAINERS)}
_CALLED = {"image": "an image", "animation": "an animation", "any": "a scene"}
_VIDEO_ONLY = ("codec", "crf", "preset")


def check_output(output: SwapOutput, scene: MediaFacts | str) -> None:
    """Refuse a container, a codec, a quality or a size that the scene cannot have.

    Parameters
    ----------
    scene : MediaFacts or str
        What is known of it: at least ``picture``, ``animation`` or ``video``; or, of a scene that
        nobody has looked at yet, ``image`` (a picture or an animation) or ``any``.

    Raises
    ------
    InvalidRequest
    """
    kind = scene if isinstance(scene, str) else scene.kind
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
        if not isinstance(scene, str):
            _check_sound(output, scene)
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


def _check_sound(output: SwapOutput, scene: MediaFacts) -> None:
    """Refuse a container that does not hold the scene's sound, which is only ever copied."""
    container = output_suffix(output.container, scene).removeprefix(".")
    sounds = list(dict.fromkeys(scene.audio_codecs))
    if _SOUNDS[container].issuperset(sounds):
        return
    others = [
        name
        for name, held in _SOUNDS.items()
        if held.issuperset(sounds) and output.codec in (None, *_CODECS.get(name, (output.codec,)))
    ]
    instead = f"choose {' or '.join(others)}, which takes it unchanged, or " if others else ""
    raise InvalidRequest(
        f"The output.container {container} does not hold the sound of the scene "
        f"({', '.join(sounds)}), which is never compressed anew; {instead}convert it first."
    )
