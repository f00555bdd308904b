"""The OpenAPI document as one page that needs no script and nothing from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { background: var(--soft); padding: .75rem 1rem; overflow-x: auto; border-radius: 6px; }
details { border-top: 1px solid var(--line); padding: .4rem 0; }
summary { cursor: pointer; }
summary b { display: inline-block; min-width: 4.5rem; }
h2 { margin-top: 2.5rem; text-transform: capitalize; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .2rem 1rem .2rem 0; }
td { vertical-align: top; }
"""


def page_of(document: Mapping[str, Any]) -> str:
    """The whole page."""
    info = document["info"]
    groups: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            groups.setdefault(tag, []).append(_operation(path, method, operation))
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(one)}" for tag, one in groups.items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])} {escape(info['version'])}</title>"
        f"<style>{_STYLE}</style><h1>{escape(info['title'])} <small>{escape(info['version'])}"
        f"</small></h1><p>{_prose(info.get('description', ''))}</p>"
        f'<p>For machines: <a href="openapi.json">openapi.json</a>. {_credentials(document)}</p>'
        f"{body}</html>"
    )


def _credentials(document: Mapping[str, Any]) -> str:
    """How a key is sent: by the first of the document's security schemes."""
    for told in document["components"].get("securitySchemes", {}).values():
        header = f"{told['name']}: pk_…" if told["type"] == "apiKey" else ""
        return f"Send your key as <code>{escape(header or 'Authorization: Bearer pk_…')}</code>."
    return ""


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    scope = operation.get("x-scope")
    parts = [f"<p>{_prose(operation.get('description', ''))}</p>"]
    if scope:
        parts.append(f"<p>Scope: <code>{escape(scope)}</code></p>")
    parts.append(_parameters(operation))
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(_sample(f"Body, {kind}", media))
    for status, told in operation["responses"].items():
        if status.startswith("2"):
            for kind, media in told.get("content", {}).items():
                parts.append(_sample(f"{status}, {kind}", media))
    errors = [one for one in operation["responses"] if one[0] in "45"]
    if errors:
        parts.append(f"<p>Problems: {escape(', '.join(errors))}</p>")
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><b>{method.upper()}</b> '
        f"<code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
        f"{''.join(parts)}</details>"
    )


def _parameters(operation: Mapping[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(one['in'])}</td>"
        f"<td>{_prose(one.get('description', ''))}</td></tr>"
        for one in operation.get("parameters", ())
    ]
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _sample(label: str, media: Mapping[str, Any]) -> str:
    sample = media.get("example")
    if sample is None:
        return f"<p>{escape(label)}</p>"
    text = sample if isinstance(sample, str) else json.dumps(sample, indent=2, ensure_ascii=False)
    return f"<p>{escape(label)}</p><pre>{escape(text)}</pre>"


def _prose(text: str) -> str:
    """Escaped, with what stands between backquotes as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
