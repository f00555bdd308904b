"""Keys of files, as Vidnoz writes them: our assets' names in other clothes.

    temporary/20240816/3620/1723807527474-01915b3a-…-65268665a1b2.jpg     an upload or a crop
    133902/asset/202408/1724032662728-01915b3a-…-65268665a1b2.png         what a swap made

The UUID is the 128 bits of the asset's name, so that nothing has to be stored. All the rest is for
people: a key leads to its asset whatever else it says, and whether the asset is the caller's is
asked of the database at every use.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from datetime import UTC, datetime
from pathlib import PurePosixPath

from personae.domain.ids import packed, unpacked
from personae.domain.media import Asset
from personae.errors import NotFound

_MADE = ("output", "cover", "thumbnail")
"""Roles of assets that tasks made."""
_RANDOM_BITS = 80  # Behind them in an asset's name stand its milliseconds.
_HEX = "[0-9a-f]"
_KEY = re.compile(
    rf"(?:.*[/-])?({_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}})(?:\.\w{{1,10}})?",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_ENDING = re.compile(r"\.[a-z0-9]{1,10}", re.ASCII)
_LONGEST = 1024
_SHOWN = 100


def key_of(asset: Asset, ending: str) -> str:
    """The key of an asset.

    Parameters
    ----------
    ending : str
        Of a file of its kind, such as ``.jpg``; may be empty.
    """
    value = unpacked(asset.id)
    day, user = datetime.fromtimestamp(asset.created_at, UTC), user_number(asset.tenant_id)
    name = f"{value >> _RANDOM_BITS}-{uuid.UUID(int=value)}{ending}"
    if asset.role in _MADE:
        return f"{user}/asset/{day:%Y%m}/{name}"
    return f"temporary/{day:%Y%m%d}/{user}/{name}"


def asset_of(key: str) -> str:
    """The name of the asset that a key leads to.

    Raises
    ------
    NotFound
        If it is no key of ours.
    """
    found = _KEY.fullmatch(key.strip()) if len(key) <= _LONGEST else None
    if found is None:
        raise NotFound(f"There is no file of the key {key[:_SHOWN]}.")
    return packed("asset", uuid.UUID(found[1]).int)


def user_number(tenant_id: str) -> int:
    """What stands for a tenant in keys, as a vendor's user number looks; nothing depends on it."""
    return int.from_bytes(hashlib.sha256(tenant_id.encode()).digest()[:3], "big") + 100_000


def ending_of(filename: str | None) -> str:
    """A file name's ending in lower case, if it is a plain one."""
    ending = PurePosixPath(filename or "").suffix.lower()
    return ending if _ENDING.fullmatch(ending) else ""
