"""The audit log's words: which actions there are, and what each line says of them.

Lines hold names of things (``task_…``, ``key_…``), words of our own and whole numbers; never what
people are called, what they look like, or where they called from. So a line can stay for good after
what it is about has been deleted: the names in it then lead to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WORKER = "worker"
OPERATOR = "operator"
SWEEP = "sweep"
LINK = "link"
SERVICE = "service"
ACTORS = {
    WORKER: "a worker, over a task",
    OPERATOR: "somebody at the service's command line",
    SWEEP: "the sweep that every worker makes by itself",
    LINK: "whoever holds a signed link",
    SERVICE: "the service itself, when it starts",
}
"""Who acts, besides keys, which are called by their names (``key_…``)."""


@dataclass(frozen=True, slots=True)
class Action:
    """One kind of line.

    Attributes
    ----------
    meaning : str
        What happened, to the line's subject.
    subject : str
        What the subject names.
    told : tuple of str
        Details that a line may have and that its tenant may read.
    kept : tuple of str
        Details for operators alone.
    """

    meaning: str
    subject: str
    told: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


_TIMES = ("times",)
ACTIONS: dict[str, Action] = {
    "audit.begin": Action("The chain begins.", "audit", ("lines_before",)),
    "tenant.create": Action("A tenant was made.", "tenant"),
    "tenant.suspend": Action("A tenant was stopped or readmitted.", "tenant", ("suspended",)),
    "tenant.settings": Action("Settings of a tenant were changed.", "tenant", ("names",)),
    "key.issue": Action("A key was made.", "key", ("scopes",)),
    "key.revoke": Action("A key was ended.", "key"),
    "key.first_use": Action("A key was used for the first time.", "key"),
    "credits.grant": Action("Credits were given.", "tenant", ("amount", "key")),
    "credits.adjust": Action("Credits were taken back.", "tenant", ("amount", "key")),
    "task.submit": Action(
        "A task was taken on.",
        "task",
        ("kind", "dialect", "credits", "consent", "consent_sha256", "retry_of"),
    ),
    "task.end": Action(
        "A task succeeded or failed.", "task", ("status", "credits", "code", "outputs")
    ),
    "task.cancel": Action("A task was canceled.", "task", ("credits",)),
    "task.delete": Action("A finished task was deleted, with its outputs.", "task"),
    "task.expire": Action("A finished task's row was hidden, its time being over.", "task"),
    "policy.refuse": Action(
        "The content gate, the register, the list of files or the rule of consent refused it.",
        "task, asset or tenant",
        ("role",),
        ("reason", "facts"),
    ),
    "policy.bypass": Action(
        "A check was left out, as the operator allows.", "task", ("checks",), ("facts",)
    ),
    "consent.assert": Action(
        "A tenant's standing assertion of consent was made, changed or withdrawn.",
        "tenant",
        ("mode",),
    ),
    "consent.export": Action("Records of consent were given out.", "tenant", ("records",)),
    "asset.reserve": Action("An address for an upload was given out.", "asset"),
    "asset.put": Action("A file was put to such an address.", "asset", _TIMES),
    "asset.create": Action("A file was stored.", "asset", ("role", "sha256")),
    "asset.keep": Action("A file that was stored already came again.", "asset", ("role",)),
    "asset.refuse": Action("A file was refused.", "asset", ("role", "code")),
    "asset.link": Action("A link to a file was given out.", "asset", _TIMES),
    "asset.download": Action("A file was fetched.", "asset", _TIMES),
    "asset.delete": Action("A file was deleted.", "asset", ("role", "task")),
    "asset.expire": Action("A file was deleted, its time being over.", "asset", ("role",)),
    "asset.takedown": Action(
        "A file was deleted by a takedown.", "asset", ("role",), ("takedown",)
    ),
    "face.save": Action("A donor was saved.", "face", ("photos",)),
    "face.delete": Action("A saved donor was forgotten.", "face"),
    "face.takedown": Action(
        "A saved donor was forgotten by a takedown.", "face", (), ("takedown",)
    ),
    "endpoint.create": Action("A webhook endpoint was made.", "endpoint", ("events",)),
    "endpoint.update": Action("A webhook endpoint was changed.", "endpoint", ("names",)),
    "endpoint.rotate": Action("A webhook endpoint got a new secret.", "endpoint"),
    "endpoint.test": Action("A test event was sent.", "endpoint", ("delivery",)),
    "endpoint.delete": Action("A webhook endpoint was removed.", "endpoint"),
    "delivery.repeat": Action("An event was sent again.", "delivery", ("of",)),
    "register.add": Action(
        "A person was put on the do-not-swap register.", "person", ("applies_to",), ("facts",)
    ),
    "register.change": Action(
        "An entry of the register was changed.", "person", ("names",), ("facts",)
    ),
    "register.remove": Action("An entry of the register was removed.", "person", (), ("facts",)),
    "register.expire": Action("An entry of the register came to its end.", "person"),
    "takedown.request": Action("A takedown was asked for.", "takedown", ("of",), ("facts",)),
    "takedown.finish": Action("A takedown is complete.", "takedown", ("of",), ("removed",)),
    "file.block": Action("Nobody may use these bytes again.", "SHA-256", (), ("takedown",)),
    "file.unblock": Action("These bytes may be used again.", "SHA-256"),
    "audit.lost": Action(
        "Accesses to files came faster than they could be written down.", "audit", ("times",)
    ),
}
"""Every action that is written; docs/16-audit-log.md lists them."""


def told(action: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """What a tenant may read of a line's detail; nothing of actions that nobody knows any more."""
    known = ACTIONS.get(action)
    return {} if known is None else {name: detail[name] for name in known.told if name in detail}
