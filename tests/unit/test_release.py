"""What makes a release: the Postman collection, the changelog's form, what may not be published."""

from __future__ import annotations

import json
from typing import Any

import pytest
from release import changes, contents
from release.postman import SCHEMA, collection
from release.service import Failed

DOCUMENT: dict[str, Any] = {
    "info": {"description": "All of it."},
    "components": {
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
        }
    },
    "paths": {
        "/things/{thing_id}": {
            "delete": {
                "tags": ["things"],
                "summary": "Remove",
                "security": [{"header": []}],
                "parameters": [{"name": "thing_id", "in": "path", "required": True}],
                "responses": {"204": {}, "404": {}, "default": {}},
            }
        },
        "/things": {
            "post": {
                "tags": ["things"],
                "summary": "Make",
                "security": [{"bearer": []}, {"header": []}],
                "requestBody": {
                    "content": {
                        "application/json": {"example": {"of": "asset_01ks3v8mq2b7d4x9r5w6t0hnce"}}
                    }
                },
                "parameters": [{"name": "limit", "in": "query", "schema": {"default": 5}}],
                "responses": {"201": {}},
            }
        },
        "/healthz": {"get": {"responses": {"200": {}}}},
    },
}


def test_a_collection_has_folders_bodies_and_who_asks() -> None:
    made = collection({"Ours": DOCUMENT}, "1.2.3")
    assert made["info"]["schema"] == SCHEMA
    [folder] = made["item"]
    things, other = folder["item"]
    assert [item["name"] for item in things["item"]] == ["Make", "Remove"]  # What removes is last.
    make, remove = (item["request"] for item in things["item"])
    assert json.loads(make["body"]["raw"]) == {"of": "{{asset_id}}"}
    assert make["auth"]["type"] == "bearer"
    assert [(one["key"], one["value"], one["disabled"]) for one in make["url"]["query"]] == [
        ("limit", "5", True)
    ]
    assert (remove["method"], remove["url"]["raw"]) == ("DELETE", "{{base_url}}/things/:thing_id")
    assert remove["url"]["variable"] == [{"key": "thing_id", "value": "{{thing_id}}"}]
    assert {one["key"]: one["value"] for one in remove["auth"]["apikey"]}["key"] == "X-Key"
    assert other["item"][0]["request"]["auth"] == {"type": "noauth"}
    variables = [one["key"] for one in made["variable"]]
    assert variables == ["base_url", "key", "asset_id", "thing_id"]
    assert "[204, 404]" in things["item"][1]["event"][0]["script"]["exec"][0]


def test_the_changelog_has_its_form() -> None:
    text = changes.FILE.read_text("utf-8")
    assert text.startswith("# Changelog\n")
    found = changes.sections(text)
    assert found["Unreleased"].strip() or len(found) > 1
    assert changes.excerpt("99.0.0") == changes.excerpt("Unreleased")


@pytest.mark.parametrize(
    "text",
    ["## 1.0\n", "## 1.0.0 (2026-01-01)\n", "## unreleased\n", "## Unreleased\n### New\n"],
)
def test_a_heading_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(Failed, match="changelog"):
        changes.sections(text)


def test_a_releases_part_of_the_changelog_is_its_own() -> None:
    found = changes.sections("# C\n## Unreleased\n### Added\n- b\n## 1.0.0 - 2026-01-02\n- a\n")
    assert found == {"Unreleased": "### Added\n- b\n", "1.0.0": "- a\n"}


@pytest.mark.parametrize(
    "name", ["tests/faces.py", "personae/a.png", "personae/k.pem", "x/.env", "personae/m.onnx"]
)
def test_what_is_private_or_large_is_not_published(name: str) -> None:
    with pytest.raises(Failed, match="must not be published"):
        contents._nothing_private({"personae/__init__.py", name})


def test_what_git_knows_of_the_package_is_published() -> None:
    contents._nothing_private(contents.tracked())
    assert "personae/py.typed" in contents.tracked()
