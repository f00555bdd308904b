"""Reads manifests, anybody's: nothing in them is believed to have the shape that it should."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from personae.adapters.provenance import toolkit
from personae.adapters.provenance.facts import (
    ActionFact,
    IngredientFact,
    ManifestFacts,
    Place,
    Trust,
)
from personae.adapters.provenance.sealing import sidecar_of
from personae.adapters.provenance.statement import GENERATOR, MARK_ALGORITHM, MARK_BITS
from personae.errors import MediaUnreachable
from personae.video.files import check_readable, unreachable

_LARGEST_SIDECAR_BYTES = 64 << 20
_DEEPEST = 16
_LONGEST_TEXT = 300
_MOST = 100
_TRUST_PROBLEM = "signingCredential.untrusted"


def read_manifest(
    path: Path,
    anchors: Mapping[str, str] | None = None,
    *,
    sidecar: Path | None = None,
    beat: Callable[[], None] = lambda: None,
) -> ManifestFacts:
    """What a file's manifest says; if it has none in it, that of the sidecar beside it.

    Parameters
    ----------
    anchors : mapping, optional
        PEM text: ``operator``, authorities that are trusted; ``local``, this machine's own.
    sidecar : Path, optional
        By default ``FILE.c2pa``, if it is there.
    beat : callable
        Called at every access to the file. What it raises ends the work.

    Raises
    ------
    MediaUnreachable, MediaUnreadable
        If there is no such file, or it is empty.
    """
    check_readable(path, str(path))
    try:
        beside = _sidecar(path, sidecar)
        found = _read(path, anchors or {}, None, beat)
        if not found.present and beside is not None:
            found = _read(path, anchors or {}, beside, beat)
    except OSError as error:
        raise unreachable(f"{path} cannot be read", error) from error
    return found


def _sidecar(path: Path, given: Path | None) -> bytes | None:
    places = [sidecar_of(path), path.with_suffix(".c2pa")] if given is None else [given]
    for place in places:
        if place != path and place.is_file():
            if place.stat().st_size > _LARGEST_SIDECAR_BYTES:
                raise MediaUnreachable(f"{place} is too large to be a manifest.", retryable=False)
            return place.read_bytes()
    return None


def _read(
    path: Path, anchors: Mapping[str, str], sidecar: bytes | None, beat: Callable[[], None]
) -> ManifestFacts:
    place: Place = "embedded" if sidecar is None else "sidecar"
    media = toolkit.media_type(path)
    if sidecar is None and media not in toolkit.EMBEDDING:
        return ManifestFacts(False)
    with path.open("rb") as file:
        watched = toolkit.Watched(file, beat)
        try:
            how = toolkit.context(anchors=anchors)
            with toolkit.reader(media, watched, how, sidecar) as reader:
                told, full = json.loads(reader.json()), json.loads(reader.detailed_json())
                state = str(reader.get_validation_state())
        except toolkit.NotThere:
            return ManifestFacts(False)
        except (toolkit.Error, ValueError, RecursionError) as error:
            if watched.error is not None:
                raise watched.error from None
            return ManifestFacts(True, place, problems=(_text(error) or "unreadable",))
    return _Told(_map(told), _map(full), state).facts(place)


class _Told:
    """A manifest store as c2pa tells it."""

    def __init__(self, told: dict[str, Any], full: dict[str, Any], state: str) -> None:
        self._told = told
        self._full = full
        self._state = state
        self._manifests = _map(told.get("manifests"))

    def facts(self, place: Place) -> ManifestFacts:
        active = self._manifest(self._told.get("active_manifest"))
        actions = tuple(_action(one) for one in _list(_assertion(active, "c2pa.actions")))
        signature = _map(active.get("signature_info"))
        generator = _generator(active)
        stamped = _text(signature.get("time"))
        said = [one.when for one in actions if one.when]
        types = [one.digital_source_type for one in actions if one.digital_source_type]
        return ManifestFacts(
            present=True,
            place=place,
            valid=self._state in ("Valid", "Trusted"),
            trust=self._trust(),
            made_by_personae=generator is not None and generator.split(" ")[0] == GENERATOR,
            generator=generator,
            signer=_text(signature.get("common_name")),
            issuer=_text(signature.get("issuer")),
            signed_at=stamped or (said[-1] if said else None),
            timestamped=stamped is not None,
            digital_source_type=types[-1] if types else None,
            mark_id=_mark(active),
            actions=actions,
            ingredients=self._ingredients(active, 0),
            problems=tuple(self._problems()),
        )

    def _manifest(self, label: Any) -> dict[str, Any]:
        return _map(self._manifests.get(label)) if isinstance(label, str) else {}

    def _results(self) -> dict[str, Any]:
        return _map(_map(self._told.get("validation_results")).get("activeManifest"))

    def _trust(self) -> Trust:
        told = [
            str(one.get("explanation"))
            for one in map(_map, _list(self._results().get("success")))
            if one.get("code") == "signingCredential.trusted"
        ]
        if any(toolkit.OPERATOR_ANCHOR in one for one in told):
            return "trusted"
        return "local" if any(toolkit.LOCAL_ANCHOR in one for one in told) else "untrusted"

    def _problems(self) -> list[str]:
        codes = [_text(one.get("code")) for one in map(_map, _list(self._results().get("failure")))]
        return [code for code in dict.fromkeys(codes) if code and code != _TRUST_PROBLEM]

    def _ingredients(self, manifest: dict[str, Any], depth: int) -> tuple[IngredientFact, ...]:
        if depth >= _DEEPEST:
            return ()
        found: list[IngredientFact] = []
        for one in map(_map, _list(manifest.get("ingredients"))[:_MOST]):
            own = self._manifest(one.get("active_manifest"))
            results = _map(_map(one.get("validation_results")).get("activeManifest"))
            codes = [_text(each.get("code")) for each in map(_map, _list(results.get("failure")))]
            wrong = [code for code in dict.fromkeys(codes) if code and code != _TRUST_PROBLEM]
            described = _text(one.get("description"))
            found.append(
                IngredientFact(
                    title=_text(one.get("title")),
                    relationship=_text(one.get("relationship")) or "componentOf",
                    made_by=_generator(own) if own else None,
                    valid=not wrong if own else None,
                    problems=(*wrong, *((described,) if described else ())),
                    ingredients=self._ingredients(own, depth + 1),
                )
            )
        return tuple(found)


def _assertion(manifest: dict[str, Any], label: str) -> list[Any]:
    """The actions of all assertions that are called so, whatever their version."""
    found: list[Any] = []
    for one in map(_map, _list(manifest.get("assertions"))):
        if str(one.get("label")).startswith(label):
            found += _list(_map(one.get("data")).get("actions"))
    return found[:_MOST]


def _action(told: Any) -> ActionFact:
    one = _map(told)
    agent = one.get("softwareAgent")
    return ActionFact(
        action=_text(one.get("action")) or "",
        when=_text(one.get("when")),
        software=_named(_map(agent)) if isinstance(agent, dict) else _text(agent),
        digital_source_type=_text(one.get("digitalSourceType")),
    )


def _generator(manifest: dict[str, Any]) -> str | None:
    told = _list(manifest.get("claim_generator_info"))
    if told:
        return _named(_map(told[0]))
    return _text(manifest.get("claim_generator"))


def _named(told: dict[str, Any]) -> str | None:
    parts = [text for name in ("name", "version") if (text := _text(told.get(name)))]
    return " ".join(parts) or None


def _mark(manifest: dict[str, Any]) -> int | None:
    for one in map(_map, _list(manifest.get("assertions"))):
        data = _map(one.get("data"))
        if data.get("alg") == MARK_ALGORITHM:
            for block in map(_map, _list(data.get("blocks"))):
                try:
                    value = int(str(block.get("value")), 16)
                except ValueError:
                    continue
                if 0 <= value < 1 << MARK_BITS:
                    return value
    return None


def _map(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    """Printable, and not long: it was written by anybody."""
    if value is None or isinstance(value, dict | list):
        return None
    plain = "".join(char if char.isprintable() else " " for char in str(value))
    return plain[:_LONGEST_TEXT].strip() or None
