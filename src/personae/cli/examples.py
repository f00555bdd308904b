"""Commands as people really write them: one to three for each, at the end of its help."""

from __future__ import annotations

from typing import Any, Final

from personae.cli.exit_codes import epilog
from personae.configuring.files import COMMANDS

EXAMPLES: Final[dict[str, tuple[str, ...]]] = {
    "demo": ("personae demo", "personae demo --no-clip -o first", "personae demo --serve"),
    "swap": (
        "personae swap face.jpg photo.jpg -o out.jpg",
        "personae swap face.jpg clip.mp4 -o out.mp4 --face all --quality best",
        "personae swap clip.mp4 --map ann.jpg=bob.jpg --map cid.jpg=dan.jpg -o out.mp4",
    ),
    "detect": (
        "personae detect photo.jpg",
        "personae detect clip.mp4 --at 1:30 --save-crops faces --json",
    ),
    "probe": ("personae probe clip.mp4", "personae probe - --json < clip.mp4"),
    "inspect": (
        "personae inspect out.jpg",
        "personae inspect out.jpg --base-url http://127.0.0.1:8000",
    ),
    "evaluate": (
        "personae evaluate --built-in",
        "personae evaluate people/ --engine mesh --engine inswapper_128",
        "personae evaluate people/ --pairs 300 --baseline before/evaluation.json -o after",
    ),
    "models list": ("personae models list --installed", "personae models list --role swapper"),
    "models search": ("personae models search swapper", "personae models search face 256 --json"),
    "models show": ("personae models show inswapper_128",),
    "models accept": ("personae models accept inswapper_128",),
    "models pull": (
        "personae models pull",
        "personae models pull inswapper_128 gfpgan_1_4 --accept-licence inswapper_128",
    ),
    "models quantize": ("personae models quantize inswapper_128 --faces people/",),
    "models verify": ("personae models verify", "personae models verify inswapper_128"),
    "models where": ("personae models where",),
    "models remove": ("personae models remove inswapper_128",),
    "models export": ("personae models export --all -o models.tar",),
    "models import": ("personae models import models.tar --with-licences",),
    "doctor": ("personae doctor", "personae doctor --json"),
    "serve": (
        "personae serve",
        "personae serve --port 0 --data ./data",
        "personae --config /etc/personae.toml serve --host 0.0.0.0",
    ),
    "api": ("personae api --host 0.0.0.0",),
    "worker": ("personae worker", "personae --config /etc/personae.toml worker"),
    "check-client": ("personae check-client a2e --base-url http://127.0.0.1:8000/a2e --key pk_…",),
    "tenants create": ("personae tenants create acme",),
    "tenants list": ("personae tenants list --json",),
    "tenants suspend": ("personae tenants suspend acme",),
    "keys create": ("personae keys create --tenant acme --credits 1000 --json",),
    "keys list": ("personae keys list --tenant acme",),
    "audit verify": ("personae audit verify",),
    "config check": (
        "personae config check",
        "personae --config service.toml config check",
    ),
    "config show": ("personae config show", "personae config show port base_url --json"),
    "config init": ("personae config init", "personae config init -o /etc/personae.toml"),
    "tenants retention": (
        "personae tenants retention acme --outputs 30d --faces 90d",
        "personae tenants retention acme --usual",
    ),
    "tenants label": ("personae tenants label acme --videos AI-generated --enforced",),
    "tenants consent": (
        'personae tenants consent acme --statement "Everybody shown has signed form v3." --by Ann',
        "personae tenants consent acme --withdraw",
    ),
    "tenants gate": (
        "personae tenants gate acme --scene 0.9 --may-disable",
        "personae tenants gate acme --reset",
    ),
    "keys create-operator": ("personae keys create-operator --name ann --days 90",),
    "keys revoke": ("personae keys revoke --tenant acme KEY_ID",),
    "credits grant": ("personae credits grant --tenant acme 500 --note trial",),
    "credits audit": ("personae credits audit",),
    "tasks list": ("personae tasks list --tenant acme --limit 5",),
    "tasks cancel": ("personae tasks cancel TASK_ID",),
    "consents export": ("personae consents export --tenant acme --since 2026-11-01 --format csv",),
    "register add": (
        'personae register add "Ada L." --photo a.jpg --photo b.jpg --applies-to either',
    ),
    "register list": ("personae register list ada --limit 10",),
    "register show": ("personae register show PERSON_ID",),
    "register remove": ("personae register remove PERSON_ID",),
    "register check": ("personae register check photo.jpg --count 3",),
    "register import": ("personae register import people.csv --applies-to donor",),
    "register export": ("personae register export register.jsonl",),
    "backup save": (
        "personae backup save /backups/monday",
        "personae backup save /backups/monday --data ./data --json",
    ),
    "backup restore": ("personae backup restore /backups/monday --data ./again",),
    "storage sweep": ("personae storage sweep",),
    "audit list": (
        "personae audit list --tenant acme --since 2026-11-01",
        "personae audit list --action key.* --json",
    ),
    "audit export": ("personae audit export --since 2026-11-01 -o audit.jsonl",),
    "admin takedown": (
        'personae admin takedown SUBJECT --reason "The person shown asked for it." --dry-run',
    ),
    "admin takedowns": ("personae admin takedowns",),
    "admin unblock": ("personae admin unblock SHA256",),
    "version": ("personae version", "personae --version"),
}
"""By the command's words."""


def end_of_help(path: str, *, codes: bool) -> str | None:
    """Examples of a command, and what its exit codes mean."""
    shown = EXAMPLES.get(path, ())
    lines = ["Examples:", "", *(f"- `{one}`" for one in shown), ""] if shown else []
    if path in COMMANDS:
        variable = f"PERSONAE_{path.upper()}_…"
        lines += [f"Defaults of options: `{variable}`, or `[{path}]` in personae.toml.", ""]
    return "\n".join([*lines, epilog()] if codes else lines) or None


def add_examples(app: Any, prefix: str = "") -> None:
    """Give every command of a Typer application the end of its help."""
    for command in app.registered_commands:
        name = command.name or command.callback.__name__.replace("_", "-")
        command.epilog = end_of_help(f"{prefix}{name}", codes=not prefix)
    for group in app.registered_groups:
        if prefix != "admin ":  # Which has the same groups once more.
            add_examples(group.typer_instance, f"{prefix}{group.name} ")
