"""What clients send, as the domain says it, and back again."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingOf
from typing import Any

from personae.app.ports import Fetcher
from personae.domain.consent import Claim
from personae.domain.engines import EngineChoice, EngineOptions
from personae.domain.labels import Label
from personae.domain.swap import MediaRef, SceneFace, SwapMapping, SwapOutput, SwapRequest
from personae.wire.native.models.common import AssetRef, ConsentIn, Media
from personae.wire.native.models.engines import EngineOptions as EngineOptionsIn
from personae.wire.native.models.swaps import (
    ByDetection,
    ByIndex,
    ByReference,
    Everybody,
    Mapping,
    SavedDonor,
    SwapWanted,
    VisibleLabel,
)
from personae.wire.native.models.swaps import SceneFace as SceneFaceIn

JsonOf = MappingOf[str, Any]
_NOT_SHOWN = (
    *("scene", "mappings", "output", "tariff", "declared_s", "echo", "without_gate"),
    *("setup", "engine", "quality", "engine_options"),
)


def ref_of(media: Media) -> MediaRef:
    """A stored or a distant file."""
    if isinstance(media, AssetRef):
        return MediaRef(asset_id=media.asset_id)
    return MediaRef(url=media.url)


def request_of(wanted: SwapWanted) -> SwapRequest:
    """A swap in the domain's words.

    Raises
    ------
    InvalidRequest
        For combinations that make no sense.
    """
    output = wanted.output
    return SwapRequest(
        media=wanted.media,
        scene=ref_of(wanted.scene),
        mappings=tuple(_mapping(one) for one in wanted.mappings),
        start_s=wanted.start_s,
        end_s=wanted.end_s,
        strength=wanted.strength,
        restore=wanted.restore,
        engine=wanted.engine,
        quality=wanted.quality,
        engine_options=_engine_options(wanted.engine_options),
        output=SwapOutput(
            output.container,
            output.quality,
            output.codec,
            output.crf,
            output.preset,
            output.max_long_px,
            output.max_short_px,
            output.stills,
            None if output.label is None else _label(output.label),
        ),
    )


def shown_request(request: JsonOf) -> dict[str, Any]:
    """A task's stored request (see `Task.request`) in the words of this API."""
    shown: dict[str, Any] = {
        name: value for name, value in request.items() if name not in _NOT_SHOWN
    }
    shown["scene"] = _given(request["scene"])
    if "mappings" in request:
        shown["mappings"] = [_shown_mapping(one) for one in request["mappings"]]
        # `stills` is shown where it was asked for; it is off otherwise.
        shown["output"] = {k: v for k, v in request["output"].items() if v not in (None, False)}
        shown |= _shown_engine(request.get("setup"))
    return shown


def _shown_engine(setup: JsonOf | None) -> dict[str, Any]:
    """What a task is done with; of the options those that are not the usual ones."""
    choice = EngineChoice() if setup is None else EngineChoice.from_json(setup)
    shown: dict[str, Any] = {"engine": choice.engine, "quality": choice.quality}
    named = ("boost_px", "likeness", "restorer", "occluders", "parser", "regions")
    options = {name: value for name, value in choice.to_json().items() if name in named}
    return shown | ({"engine_options": options} if options else {})


def _engine_options(wanted: EngineOptionsIn | None) -> EngineOptions | None:
    if wanted is None:
        return None
    asked = EngineOptions(
        wanted.boost_px,
        wanted.likeness,
        wanted.restorer,
        None if wanted.occluders is None else tuple(wanted.occluders),
        wanted.parser,
        tuple(wanted.regions),
    )
    return None if asked == EngineOptions() else asked


def _shown_mapping(mapping: JsonOf) -> dict[str, Any]:
    face = mapping["scene_face"]
    if face["choice"] is not None:
        scene_face: dict[str, Any] = {"by": face["choice"]}
    elif face["index"] is not None:
        scene_face = {"by": "index", "index": face["index"]}
    elif face["detection_id"] is not None:
        scene_face = {
            "by": "detection",
            "detection_id": face["detection_id"],
            "face_id": face["face_id"],
        }
    else:
        scene_face = {"by": "reference", "reference": _given(face["reference"])}
    if mapping["face_id"] is not None:
        donor: dict[str, Any] = {"face_id": mapping["face_id"]}
    else:
        donor = {"photos": [_given(one) for one in mapping["donors"]]}
    return {"donor": donor, "scene_face": scene_face}


def _given(values: JsonOf) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def check_urls(fetcher: Fetcher, request: SwapRequest) -> None:
    """Refuse at once what no worker would be allowed to fetch.

    Raises
    ------
    InvalidRequest, AddressRefused
    """
    for ref in _refs(request):
        if ref.url is not None:
            fetcher.check(ref.url)


def _refs(request: SwapRequest) -> Iterator[MediaRef]:
    yield request.scene
    for mapping in request.mappings:
        yield from mapping.donors
        if mapping.scene_face.reference is not None:
            yield mapping.scene_face.reference


def _label(wanted: VisibleLabel) -> Label:
    return Label(wanted.text, wanted.place, wanted.size)


def claim_of(wanted: ConsentIn | None) -> Claim | None:
    """What a request says of consent.

    Raises
    ------
    InvalidRequest
        For characters that no text has.
    """
    if wanted is None:
        return None
    return Claim(wanted.statement, wanted.asserted_by, tuple(wanted.subjects), wanted.evidence)


def _mapping(wanted: Mapping) -> SwapMapping:
    donor = wanted.donor
    if isinstance(donor, SavedDonor):
        return SwapMapping(_scene_face(wanted.scene_face), face_id=donor.face_id)
    return SwapMapping(
        _scene_face(wanted.scene_face), donors=tuple(ref_of(one) for one in donor.photos)
    )


def _scene_face(wanted: SceneFaceIn) -> SceneFace:
    if isinstance(wanted, ByIndex):
        return SceneFace(index=wanted.index)
    if isinstance(wanted, ByDetection):
        return SceneFace(detection_id=wanted.detection_id, face_id=wanted.face_id)
    if isinstance(wanted, ByReference):
        return SceneFace(reference=ref_of(wanted.reference))
    return SceneFace(choice="all" if isinstance(wanted, Everybody) else "largest")
