"""A Postman collection (format 2.1) out of OpenAPI documents: a folder a document and a tag.

The format: https://schema.postman.com/collection/json/v2.1.0/draft-07/docs/index.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_ID = re.compile(r"\b([a-z]+)_[0-9a-hjkmnp-tv-z]{26}\b")
"""An id in an example: what it is the id of, and 26 letters."""
_LAST = {"delete": 1}
"""Requests that remove things come after those that need them."""
_KEEP_IDS = """\
const told = pm.response.headers.get("Content-Type") || "";
if (pm.response.code < 300 && told.includes("json")) {
  const id = (pm.response.json() || {}).id;
  const kind = typeof id === "string" && id.includes("_") ? id.split("_")[0] : null;
  if (kind) pm.collectionVariables.set(`${kind}_id`, id);
}"""


def collection(documents: Mapping[str, Mapping[str, Any]], version: str) -> dict[str, Any]:
    """One collection of all documents; the first one's authorization is everybody's.

    Parameters
    ----------
    documents : mapping
        Name of a folder to its OpenAPI document.
    version : str
    """
    folders = [_folder(name, document) for name, document in documents.items()]
    text = json.dumps(folders)
    variables = sorted(set(re.findall(r"\{\{(\w+)\}\}", text)) - {"base_url", "key"})
    return {
        "info": {
            "name": f"Personae {version}",
            "description": "Set `base_url` to your service and `key` to an API key. Ids of what a "
            "request makes are kept in variables that later requests use.",
            "schema": SCHEMA,
        },
        "item": folders,
        "event": [_script(_KEEP_IDS)],
        "variable": [
            {"key": "base_url", "value": "http://127.0.0.1:8000"},
            {"key": "key", "value": ""},
            *({"key": name, "value": ""} for name in variables),
        ],
    }


def _folder(name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """All operations of a document, by their tags."""
    schemes = document.get("components", {}).get("securitySchemes", {})
    groups: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            item = _item(method, path, operation, schemes)
            groups.setdefault(tag, []).append((_LAST.get(method, 0), item))
    return {
        "name": name,
        "description": document["info"].get("description", ""),
        "item": [
            {"name": tag, "item": [item for _, item in sorted(items, key=lambda one: one[0])]}
            for tag, items in groups.items()
        ],
    }


def _item(
    method: str, path: str, operation: Mapping[str, Any], schemes: Mapping[str, Any]
) -> dict[str, Any]:
    body, kind = _body(operation)
    header = [{"key": "Content-Type", "value": kind}] if kind else []
    request: dict[str, Any] = {
        "method": method.upper(),
        "header": header,
        "url": _url(path, operation),
        "description": operation.get("description", ""),
        "auth": _auth(operation, schemes),
    }
    if body is not None:
        request["body"] = body
    documented = sorted(int(code) for code in operation["responses"] if code.isdigit())
    test = (
        'pm.test("answers as its document says", () => '
        f"pm.expect({documented}).to.include(pm.response.code));"
    )
    name = operation.get("summary") or f"{method.upper()} {path}"
    return {"name": name, "request": request, "response": [], "event": [_script(test)]}


def _url(path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """An address: Postman writes ``:task_id`` where OpenAPI has ``{task_id}``."""
    parts = [re.sub(r"^\{(\w+)\}$", r":\1", part) for part in path.strip("/").split("/")]
    asked = operation.get("parameters", [])
    query = [
        {
            "key": one["name"],
            "value": _text(one.get("example", one.get("schema", {}).get("default"))),
            "description": one.get("description", ""),
            "disabled": not one.get("required", False),
        }
        for one in asked
        if one["in"] == "query"
    ]
    variable = [
        {"key": one["name"], "value": f"{{{{{one['name']}}}}}"}
        for one in asked
        if one["in"] == "path"
    ]
    url: dict[str, Any] = {
        "raw": f"{{{{base_url}}}}/{'/'.join(parts)}",
        "host": ["{{base_url}}"],
        "path": parts,
    }
    return url | ({"query": query} if query else {}) | ({"variable": variable} if variable else {})


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _body(operation: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
    """What is sent, and its media type where Postman does not set it itself."""
    content: Mapping[str, Any] = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        example = json.dumps(content["application/json"].get("example", {}), indent=2)
        raw = _ID.sub(r"{{\1_id}}", example)
        return {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}, None
    if "application/x-www-form-urlencoded" in content:
        example = content["application/x-www-form-urlencoded"].get("example", {})
        pairs = [{"key": key, "value": _text(value)} for key, value in example.items()]
        return {"mode": "urlencoded", "urlencoded": pairs}, None
    if "multipart/form-data" in content and len(content) == 1:
        return {"mode": "formdata", "formdata": [{"key": "file", "type": "file", "src": []}]}, None
    if content:
        return {"mode": "file", "file": {"src": ""}}, "application/octet-stream"
    return None, None


def _auth(operation: Mapping[str, Any], schemes: Mapping[str, Any]) -> dict[str, Any]:
    """The first way to say who is asking that Postman knows as well."""
    for name in (name for one in operation.get("security") or [] for name in one):
        scheme = schemes.get(name, {})
        if scheme.get("type") == "http" and scheme.get("scheme") == "bearer":
            token = {"key": "token", "value": "{{key}}", "type": "string"}
            return {"type": "bearer", "bearer": [token]}
        if scheme.get("type") == "apiKey" and scheme.get("in") == "header":
            told = {"key": scheme["name"], "value": "{{key}}", "in": "header"}
            return {
                "type": "apikey",
                "apikey": [{"key": k, "value": v, "type": "string"} for k, v in told.items()],
            }
    return {"type": "noauth"}


def _script(text: str) -> dict[str, Any]:
    return {"listen": "test", "script": {"type": "text/javascript", "exec": text.split("\n")}}
