"""One tenant's names in every place of every call of another's: nothing is there, for them.

The answer has to be the one for a name that nobody has, so that not even that it exists is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx

from attacks.possessions import Possessions, fill, ghost
from attacks.routes import Call, calls_of
from attacks.test_scopes import NAMES
from wire.service import Service

_VARIES = re.compile(
    r"(?<![0-9a-z])[0-9a-f]{24,}(?![0-9a-z])|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\b(?:[a-z]+_)?[0-9a-hjkmnp-tv-z]{26}|dit[0-9a-z]{15}|pk_[\w-]+|whsec_[\w+/=-]+"
    r"|\"client_secret\":\"[\w-]+|sig=[\w-]+|\d{4}-\d\d-\d\dT[\d:.]+Z|\b\d{8,}(?:\.\d+)?"
)
"""Names, times and signatures: what two equal answers differ in."""


def places(call: Call) -> Iterator[tuple[str, Any]]:
    """Where a call takes names: in its path, its query and its body."""
    yield from (("path", name) for name in call.in_path)
    yield from (("query", name) for name in call.in_query)
    yield from (("body", way) for way in call.leaves())


def ask(
    service: Service, call: Call, where: str, name: Any, value: str, who: str = "theirs"
) -> httpx.Response:
    """The call of a tenant, with one value in one place."""
    more: dict[str, Any] = {"headers": service.headers(who)}
    path = call.url({**NAMES, name: _quoted(value)} if where == "path" else NAMES)
    if where == "query":
        more["params"] = {name: value}
    if call.example is not None:
        more["json"] = call.with_leaf(name, value) if where == "body" else call.example
    return service.client.request(call.method, path, **more)


def _quoted(value: str) -> str:
    return value.removeprefix("http://testserver/media/").removeprefix("http://testserver/blobs/")


def plain(answer: httpx.Response, value: str) -> tuple[int, str]:
    """An answer without what differs each time."""
    text = answer.text
    for length in (len(value), 100, 80, 64, 40):  # Some messages show the beginning alone.
        text = text.replace(value[:length], "<it>")
    return answer.status_code, _VARIES.sub("<varies>", text)


def belongings(service: Service, owner: str = "ours") -> dict[str, Any]:
    """What a tenant's things look like: to be compared before and after."""
    tenant_id = service.tenant(owner)

    def work(tx: Any) -> dict[str, Any]:
        return {
            "assets": tx.assets.page(tenant_id, role=None, after=None, limit=500).items,
            "faces": tx.faces.page(tenant_id, after=None, limit=500).items,
            "keys": [(one.id, one.revoked_at) for one in tx.tenants.keys(tenant_id)],
            "endpoints": tx.hooks.endpoints(tenant_id),
            "balance": tx.credits.balance(tenant_id),
        }

    found = service.database.read(work)
    items = service.call("GET", "/webhooks/deliveries?limit=100", as_=owner).json()["items"]
    found["deliveries"] = [(one["id"], one["status"]) for one in items]
    tasks = [service.task(one.id) for one in service.queued.tasks]
    found["tasks"] = [(one.id, one.status) for one in tasks if one.tenant_id == tenant_id]
    return found


def wrongs(
    service: Service, had: Possessions, call: Call, where: str, name: Any, value: str
) -> Iterator[str]:
    """What is wrong with the answer to a stranger: it tells, or it is not that of nobody's name."""
    answer = ask(service, call, where, name, value)
    told = f"{call.name}, {where} {name} = {value}"
    for other in (*had.secrets, *had.ids.values()):
        # The number of a search of crun's is written in the name of what it found: no secret.
        same = other in value or value in other or other.startswith("dit")
        if other in answer.text and not same:
            yield f"{told}: shows {other}: {answer.text[:300]}"
    none = ghost(value)
    assert none not in had.ids.values()
    nothing = ask(service, call, where, name, none)
    if plain(answer, value) != plain(nothing, none):
        yield f"{told}: {answer.text[:300]} is not {nothing.text[:300]}"


def test_strangers_find_nothing_by_any_name_in_any_place(service: Service) -> None:
    had = fill(service)
    service.tenant("theirs", credits=10_000_000)
    before = belongings(service)
    tried, found = 0, list[str]()
    for call in calls_of(service):
        if call.scope is None:
            continue
        for where, name in places(call):
            for value in names_for(had, where):
                found += wrongs(service, had, call, where, name, value)
                tried += 1
    assert found == [], "\n".join([f"{len(found)} wrong", *found[:10]])
    assert belongings(service) == before
    assert tried > 1500, tried


def names_for(had: Possessions, where: str) -> list[str]:
    """All names in paths and queries; in bodies, one of each kind."""
    if where != "body":
        return list(had.ids.values())
    kinds: dict[str, str] = {}
    for value in had.ids.values():
        kinds.setdefault(re.sub(r"[0-9a-z]{10,}|\d+", "#", value)[:24], value)
    return list(kinds.values())


def test_the_owner_finds_what_strangers_do_not(service: Service) -> None:
    """Or the other test would hold of a service that finds nothing for anybody."""
    had = fill(service)
    asked = [one for one in calls_of(service) if one.method == "GET" and one.scope is not None]
    nobodys, found = ghost(had.ids["native.swap"]), set[str]()
    for call in asked:
        for where, place in places(call):
            nothing = ask(service, call, where, place, nobodys, "ours").status_code
            for name, value in had.ids.items():
                if name not in found and nothing != 200:
                    answer = ask(service, call, where, place, value, "ours")
                    found |= {name} if answer.status_code == 200 else set()
    assert len(found) >= 12, sorted(found)
