"""Everything that a tenant can have, made by its own calls to every dialect."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wire.a2e import given as a2e
from wire.aifaceswap import given as aifaceswap
from wire.crun import given as crun
from wire.native import given as native
from wire.service import Service
from wire.vidnoz import given as vidnoz

MARKS = ("theirsecretlabel", "theirsecretfile", "theirsecretname")
"""Words that stand in what the tenant wrote, and nowhere else."""


@dataclass(frozen=True)
class Possessions:
    """What a tenant has.

    Attributes
    ----------
    ids : dict
        Every name that leads to something of the tenant's, by what it is: ids, keys of files, and
        links without their signatures.
    secrets : tuple of str
        What no stranger's answer may contain.
    """

    ids: dict[str, str]
    secrets: tuple[str, ...]


def fill(service: Service) -> Possessions:
    """Let the tenant ``ours`` have one of everything."""
    names: dict[str, str] = {}
    for dialect, makers in _MAKERS.items():
        for maker in makers:
            for name, value in maker(service).items():
                names[f"{dialect}.{maker.__name__}.{name}"] = value
    named = service.asset(filename=f"{MARKS[1]}.png", data=b"bytes of their own")
    names["native.asset"] = named.id
    labelled = service.asset(data=b"other bytes of their own").id
    body = {
        "media": "image",
        "scene": {"asset_id": named.id},
        "mappings": [{"donor": {"photos": [{"asset_id": labelled}]}}],
        "label": MARKS[0],
    }
    names["native.swap"] = service.call("POST", "/swaps", body).json()["id"]
    face = {"name": MARKS[2], "asset_ids": [labelled]}
    names["native.face"] = service.call("POST", "/faces", face).json()["id"]
    tenant_id = service.tenant()
    names["native.tenant"] = tenant_id
    names["native.key"] = service.database.read(lambda tx: tx.tenants.keys(tenant_id))[0].id
    ids = {name: value.partition("?")[0] for name, value in names.items() if _leads(value)}
    unique: dict[str, str] = {}
    for name, value in ids.items():
        if value not in unique.values():
            unique[name] = value
    return Possessions(unique, (*MARKS, tenant_id))


def _leads(value: str) -> bool:
    """Whether a name of a case file is one by which something can be asked for."""
    return "example.com" not in value and len(value) >= 8 and "bytes" not in value


_MAKERS = {
    "native": (
        native.done_swap_with_stills,
        native.done_detection,
        native.face,
        native.key,
        native.delivery,
        native.reserved_upload,
    ),
    "a2e": (a2e.done_task, a2e.done_preview, a2e.saved_face, a2e.video),
    "crun": (crun.detection, crun.done_task),
    "aifaceswap": (aifaceswap.waiting_swap, aifaceswap.scene),
    "vidnoz": (vidnoz.done_picture, vidnoz.done_faces, vidnoz.upload),
}


_NAME = re.compile(r"[0-9a-z]{26}(?![0-9a-z])|[0-9a-f]{24}|[0-9a-f-]{36}")


def ghost(value: str) -> str:
    """A name of the same form that leads to nothing."""
    begin, end = ([one.span() for one in _NAME.finditer(value)] or [(0, len(value))])[-1]
    changed = list(value)
    # Two places: names made in one go may differ in their last one alone.
    digits = [at for at in range(begin, end) if value[at].isdigit()][-2:]
    for at in digits:
        changed[at] = str((int(value[at]) + 3) % 10)
    return "".join(changed) if digits else value[::-1]
