"""What a manifest says of an output, before it is signed.

After the C2PA specification 2.2, section 18: actions, ingredients and soft bindings.
"""

from __future__ import annotations

import datetime
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from personae.version import __version__

GENERATOR = "Personae"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's word for a picture of which a part was made by a trained model."""
MARK_ALGORITHM = "io.personae.mark.1"
MARK_BITS = 40
SCENE, SCENE_TITLE = "scene", "Scene"
BROKEN_SCENE = "The scene had a manifest that could not be read; it is not kept."
LEFT_OUT_SCENE = "Whether the scene had a manifest was not looked at."
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Statement:
    """The facts of one output.

    Attributes
    ----------
    when_s : float, seconds since 1970, UTC
    donors : tuple of tuples of bytes
        For each person put in the SHA-256 of each photo file; an empty tuple where there were
        only pixels.
    mark_id : int or None, 0 to 2**40 - 1
        What the invisible mark in the pixels says; None where there is none.
    engine : str
    """

    when_s: float
    donors: tuple[tuple[bytes, ...], ...] = ()
    mark_id: int | None = None
    engine: str = "mesh"


def definition(
    told: Statement,
    *,
    scene: dict[str, Any] | None = None,
    redacted: Sequence[str] = (),
) -> dict[str, Any]:
    """A manifest as `c2pa.Builder` takes it.

    Parameters
    ----------
    scene : dict, optional
        The scene as an ingredient without a manifest; if omitted, the caller adds it under the
        label `SCENE`.
    redacted : sequence of str
        Assertions of the scene's manifests that are taken out, as JUMBF addresses.
    """
    donors = donor_ingredients(told.donors)
    wanted: dict[str, Any] = {
        "claim_generator_info": [{"name": GENERATOR, "version": __version__}],
        "ingredients": [*([] if scene is None else [scene]), *donors],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {"actions": _actions(told, [one["label"] for one in donors], redacted)},
            },
            *_soft_binding(told.mark_id),
        ],
    }
    if redacted:
        wanted["redactions"] = list(redacted)
    return wanted


def scene_ingredient(media_type: str, description: str | None = None) -> dict[str, Any]:
    """The scene: what the output was made from. Its file's name is nobody's business."""
    plain = {
        "title": SCENE_TITLE,
        "relationship": "parentOf",
        "label": SCENE,
        "format": media_type,
    }
    return plain if description is None else plain | {"description": description}


def donor_ingredients(donors: Sequence[Sequence[bytes]]) -> list[dict[str, Any]]:
    """Donors, by number: no pictures and no names of files."""
    made: list[dict[str, Any]] = []
    for number, photos in enumerate(donors, 1):
        for at, digest in enumerate(photos or (None,), 1):
            title = f"Donor {number}" + (f", photo {at}" if len(photos) > 1 else "")
            one = {
                "title": title,
                "relationship": "inputTo",
                "label": f"donor{number}_{at}",
                "format": "application/octet-stream",
            }
            made.append(one if digest is None else one | {"instance_id": donor_id(digest)})
    return made


def donor_id(digest: bytes, salt: bytes | None = None) -> str:
    """A name that only who has the photo can tell to be its own.

    It is ``personae:donor:SALT:H`` with H the SHA-256 of the salt and the SHA-256 of the file.
    With a new salt for each output, two outputs do not show that they share a donor, and nobody
    finds the photo by searching for its hash.
    """
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    return f"personae:donor:{salt.hex()}:{hashlib.sha256(salt + digest).hexdigest()}"


def engine_name(engine: str) -> str:
    """How the engine is called in manifests and fields."""
    return f"{GENERATOR} {engine}"


def _actions(
    told: Statement, donors: Sequence[str], redacted: Sequence[str]
) -> list[dict[str, Any]]:
    when = datetime.datetime.fromtimestamp(int(told.when_s), datetime.UTC)
    edited: dict[str, Any] = {
        "action": "c2pa.edited",
        "when": when.isoformat().replace("+00:00", "Z"),
        "digitalSourceType": SOURCE_TYPE,
        "softwareAgent": {"name": engine_name(told.engine), "version": __version__},
        "description": "Faces were replaced by those of other people.",
    }
    if donors:
        edited["parameters"] = {"ingredientIds": list(donors)}
    actions = [{"action": "c2pa.opened", "parameters": {"ingredientIds": [SCENE]}}, edited]
    if told.mark_id is not None:
        actions.append({"action": "c2pa.watermarked.bound"})
    actions += [
        {
            "action": "c2pa.redacted",
            "reason": "c2pa.PII.present",
            "parameters": {"redacted": address},
        }
        for address in redacted
    ]
    return actions


def _soft_binding(mark_id: int | None) -> list[dict[str, Any]]:
    """What leads from the pixels back to the manifest when it has been stripped off."""
    if mark_id is None:
        return []
    if not 0 <= mark_id < 1 << MARK_BITS:
        raise ValueError(f"A mark has {MARK_BITS} bits, and {mark_id} does not fit.")
    value = f"{mark_id:0{MARK_BITS // 4}x}"
    data: dict[str, Any] = {"alg": MARK_ALGORITHM, "blocks": [{"scope": {}, "value": value}]}
    return [{"label": "c2pa.soft-binding", "data": data}]
