"""What the package is: small, typed, of its own."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

import personae_client
from personae_client import AsyncClient, Client, errors, models, verify_webhook
from personae_client.client import BaseClient
from personae_client.core.side import Stream, operation

SDK = Path(__file__).parents[1]
WATCH = """
import sys
import personae_client
print(sorted({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))
"""


def test_it_imports_nothing_of_the_service() -> None:
    run = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{WATCH}"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(eval(run.stdout))
    assert "personae" not in loaded
    assert not loaded & {"numpy", "cv2", "av", "PIL", "pydantic", "fastapi", "sqlalchemy", "dbos"}
    for path in (SDK / "src").rglob("*.py"):
        assert not re.search(r"^\s*(import|from) personae\b(?!_)", path.read_text(), re.MULTILINE)


def test_it_depends_on_two_packages() -> None:
    told = tomllib.loads((SDK / "pyproject.toml").read_text())["project"]
    names = {one.split(">")[0] for one in told["dependencies"]}
    assert names == {"httpx", "standardwebhooks"}
    assert f"## {personae_client.__version__}" in (SDK / "CHANGELOG.md").read_text()
    assert (SDK / "src" / "personae_client" / "py.typed").exists()
    assert (SDK / "LICENSE").read_text() == (SDK.parent / "LICENSE").read_text()


def test_every_call_is_on_the_page_and_says_what_it_is_for() -> None:
    page = (SDK / "README.md").read_text()
    with Client("http://127.0.0.1:1", "pk_test") as client:
        groups = {"client": BaseClient} | {
            f"client.{name}": type(value)
            for name, value in vars(client).items()
            if hasattr(value, "driver")
        }
    for name, kind in groups.items():
        calls = {one for one, value in vars(kind).items() if isinstance(value, (operation, Stream))}
        [row] = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        assert {one.strip("`") for one in row.split("|")[2].split()} == calls
        for one in calls:
            assert (inspect.getdoc(getattr(kind, one)) or "").splitlines()[0]
    assert {name for name in dir(Client) if name[0] != "_"} == {
        name for name in dir(AsyncClient) if name[0] != "_"
    }


def test_every_error_has_a_docstring_and_a_place_in_the_tree() -> None:
    tree = errors.__doc__ or ""
    seen: set[str] = set()
    for kind in errors.kinds():
        assert kind.__doc__, kind
        assert kind.__name__ in tree
        assert not seen & set(kind.codes)
        seen |= set(kind.codes)
        assert kind.codes == () or kind.hint is not errors.ServiceProblem.hint


def test_every_code_of_the_service_has_a_class() -> None:
    from personae.wire.problems import STATUS, WIRE_CODES

    known = {code for kind in errors.kinds() for code in kind.codes}
    assert {*STATUS, *WIRE_CODES} <= known


@pytest.mark.parametrize("secret", ["", [], "whsec_", "whsec_!", ["whsec_YQ==", ""]])
def test_a_secret_that_is_none_is_a_mistake_of_the_receiver(secret: str | list[str]) -> None:
    with pytest.raises(errors.ConfigurationError):
        verify_webhook({}, b"{}", secret)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"webhook-id": "a", "webhook-timestamp": "now", "webhook-signature": "v1,x"},
        {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1"},
        {"webhook-id": "a", "webhook-timestamp": "{now}", "webhook-signature": "nonsense"},
        {"webhook-id": "a", "webhook-timestamp": "{now}", "webhook-signature": "v1,é"},
    ],
)
@pytest.mark.parametrize("body", [b"{}", b"\xff"])
def test_a_forged_event_is_refused_whatever_it_looks_like(
    headers: dict[str, str], body: bytes
) -> None:
    told = {name: value.format(now=int(time.time())) for name, value in headers.items()}
    with pytest.raises(errors.WebhookRefused):
        verify_webhook(told, body, "whsec_c2VjcmV0")


def test_models_are_frozen_and_hide_secrets() -> None:
    made = models.SignedUrl.from_json(
        {"url": "http://x/?sig=1", "expires_at": "2026-01-01T00:00:00Z"}
    )
    assert "sig" not in repr(made)
    with pytest.raises(AttributeError):
        made.url = "other"  # type: ignore[misc]
