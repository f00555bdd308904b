"""One case, one file: what is given, what is asked, what comes of it.

A case file is JSON:

``given``
    What is there before, by the names of functions of `wire.native.given` (or another dialect's).
    Each adds names that the rest of the file can use as ``{name}``.
``request``
    ``method``, ``path``, and optionally ``query``, ``headers``, ``body`` (JSON) or ``text`` (raw).
    Without ``anonymous`` it is sent with the tenant's key, with ``operator`` with an operator's.
``response``
    ``status``, ``headers`` (those that matter) and ``body`` or ``text``, exactly. ``like`` is a
    vendor's own example: the body has to have the same shape. ``ours`` are members that it has and
    the example has not.
``task`` (optional)
    The fields that matter of the task that was queued.
``after`` and ``webhook`` (optional)
    What a worker does then, and the event that the tenant's endpoint, or the address that came
    with the task, is sent; ``webhook_headers`` those that matter. ``webhook_like`` is a vendor's
    example of its shape.

In expectations, ``<time>``, ``<id:task>``, ``<url>`` (signed), ``<link>`` (see
`personae.app.links`), ``<hex>``, ``<uuid>``, ``<word>`` (letters and digits), ``<text>``, ``<int>``
and ``<number>`` stand for whatever looks like that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from personae.adapters.fetch.fake import FakePage
from personae.app.deliver import CallbackBody, Deliverer
from wire.service import Service
from wire.shapes import same_shape

Given = Mapping[str, Callable[[Service], dict[str, str]]]

_NAME = r"[0-9a-hjkmnp-tv-z]{26}"
_SHAPES = {
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "url": r"http://testserver/blobs/\S+[?&]sig=[\w-]+",
    "link": r"http://testserver/media/asset_[0-9a-z]{26}/\S+\?exp=\d+&sig=[\w-]+",
    "hex": r"[0-9a-f]+",
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "word": r"[0-9A-Za-z]+",
    "text": r"(?s:.*)",
}
_PATTERN = re.compile(r"<(id:[a-z]+|[a-z]+)>")


def matches(expected: Any, got: Any, where: str = "") -> None:
    """Fail, saying where, unless a value is what was expected."""
    if expected == "<int>":
        assert isinstance(got, int), f"{where}: {got!r} is no whole number"
    elif expected == "<number>":
        assert isinstance(got, int | float), f"{where}: {got!r} is no number"
    elif isinstance(expected, str) and _PATTERN.search(expected):
        pattern = re.escape(expected)
        for shape in _PATTERN.findall(expected):
            kind, _, prefix = shape.partition(":")
            wanted = rf"{prefix}_{_NAME}" if kind == "id" else _SHAPES[kind]
            pattern = pattern.replace(re.escape(f"<{shape}>"), wanted)
        assert isinstance(got, str), f"{where}: {got!r}"
        assert re.fullmatch(pattern, got), f"{where}: {got!r} does not look like {expected}"
    elif isinstance(expected, dict):
        assert isinstance(got, dict), f"{where}: {got!r}"
        assert sorted(expected) == sorted(got), f"{where}: other members"
        for name, value in expected.items():
            matches(value, got[name], f"{where}/{name}")
    elif isinstance(expected, list):
        assert isinstance(got, list), f"{where}: {got!r}"
        assert len(expected) == len(got), f"{where}: {len(got)} items"
        for number, (one, other) in enumerate(zip(expected, got, strict=True)):
            matches(one, other, f"{where}/{number}")
    else:
        assert expected == got, f"{where}: {got!r} is not {expected!r}"


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """A value with every ``{name}`` of what was given put in."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: names[found.group(1)], value)
    if isinstance(value, dict):
        return {name: filled(one, names) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    return value


def prepare(service: Service, case: Mapping[str, Any], given: Given) -> dict[str, str]:
    """Bring about what a case wants there to be; the names of it."""
    names: dict[str, str] = {}
    for one in case.get("given", ()):
        names.update(given[one](service))
    return names


def ask(service: Service, case: Mapping[str, Any], names: Mapping[str, str]) -> Any:
    """Send a case's request."""
    request = filled(case["request"], names)
    headers = {} if request.get("anonymous") else service.headers()
    if request.get("operator"):
        headers = {"Authorization": f"Bearer {service.operator_key()}"}
    headers |= request.get("headers", {})
    more: dict[str, Any] = {}
    if "body" in request:
        more["json"] = request["body"]
    if "text" in request:
        more["content"] = request["text"].encode()
    if "query" in request:
        more["params"] = request["query"]
    return service.client.request(request["method"], request["path"], headers=headers, **more)


def play(
    service: Service,
    file: Path,
    given: Given,
    bodies: Mapping[str, CallbackBody] | None = None,
) -> None:
    """Bring about what a case wants, send its request, and compare everything.

    `bodies` are what dialects send to addresses that came with a task; see `Deliverer`.
    """
    case = json.loads(file.read_text("utf-8"))
    names = prepare(service, case, given)
    queued = len(service.queued.tasks)
    answer = ask(service, case, names)
    expected = filled(case["response"], names)
    assert answer.status_code == expected["status"], answer.text
    for name, value in expected.get("headers", {}).items():
        matches(value, answer.headers.get(name), f"header {name}")
    if "body" in expected:
        matches(expected["body"], answer.json(), "body")
    else:
        matches(expected.get("text", ""), answer.text, "text")
    if "like" in expected:
        same_shape(expected["like"], answer.json(), "body", extra=expected.get("ours", ()))
    fresh = service.queued.tasks[queued:]
    if "task" in case:
        assert len(fresh) == 1
        told = json.loads(json.dumps(asdict(fresh[0])))  # Tuples become lists.
        wanted = filled(case["task"], names)
        matches(wanted, {name: told[name] for name in wanted}, "task")
    else:
        assert not fresh, "A task was queued, and the case does not say so."
    if "webhook" in case:
        _play_webhook(service, case, fresh[0].id, names, bodies or {})


def _play_webhook(
    service: Service,
    case: Mapping[str, Any],
    task_id: str,
    names: Mapping[str, str],
    bodies: Mapping[str, CallbackBody],
) -> None:
    service.end(task_id, case["after"])
    [(delivery, _)] = service.queued.deliveries
    service.fetcher.pages[delivery.url] = FakePage()
    Deliverer(service.database, service.fetcher, {}, service.clock, bodies=bodies).deliver_once(
        delivery.id
    )
    [post] = service.fetcher.posts
    sent = json.loads(post.body)
    matches(filled(case["webhook"], names), sent, "webhook")
    for name, value in case.get("webhook_headers", {}).items():
        matches(value, post.headers.get(name), f"webhook's header {name}")
    if "webhook_like" in case:
        same_shape(case["webhook_like"], sent, "webhook")
