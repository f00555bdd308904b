"""Examples for the OpenAPI document, put together from those of the single fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

_DEEPEST = 12
_PLAIN: Mapping[str, Any] = {"string": "text", "integer": 1, "number": 1.0, "boolean": True}


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0) -> Any:
    """A value that fits a JSON schema.

    Parameters
    ----------
    schema : mapping
    schemas : mapping
        What ``#/components/schemas/…`` refers to.
    """
    if depth > _DEEPEST:
        return None
    if "$ref" in schema:
        return example_of(schemas[str(schema["$ref"]).rsplit("/", 1)[1]], schemas, depth + 1)
    if schema.get("examples"):
        return schema["examples"][0]
    for name in ("example", "const", "default"):
        if name in schema:
            return schema[name]
    if schema.get("enum"):
        return schema["enum"][0]
    for name in ("anyOf", "oneOf", "allOf"):
        if schema.get(name):
            return example_of(schema[name][0], schemas, depth + 1)
    if schema.get("type") == "array":
        return [example_of(schema["items"], schemas, depth + 1)] if "items" in schema else []
    if schema.get("type") == "object":
        properties = cast("Mapping[str, Any]", schema.get("properties", {}))
        return {name: example_of(one, schemas, depth + 1) for name, one in properties.items()}
    return _PLAIN.get(str(schema.get("type")))
