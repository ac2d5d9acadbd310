"""OpenAPI 3.0 schemas of the contract document as JSON Schema, for validators."""

from collections.abc import Iterator
from typing import Any

_DROPPED = ("nullable", "example", "deprecated", "description")


def request_schema(document: dict[str, Any], operation_id: str) -> dict[str, Any] | None:
    """Returns the JSON Schema of an operation's request body, or None if it takes none."""
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and operation.get("operationId") == operation_id:
                body = operation.get("requestBody")
                return json_schema(document, body["content"]["application/json"]["schema"]) if body else None
    raise LookupError(f"the contract has no operation {operation_id!r}")


def json_schema(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Returns a schema of the document as a self-contained JSON Schema (draft 4).

    `$ref` is kept, so recursive and shared schemas stay small, and only those components come along that the schema
    can reach: validators look at all of them. `nullable`, which JSON Schema does not know, becomes a union with `null`.

    Args:
        document: The contract document that the schema's references point into.
        schema: An OpenAPI 3.0 schema object.
    """
    converted = _converted(schema)
    components: dict[str, Any] = {}
    waiting = [converted]
    while waiting:
        for name in _referred(waiting.pop()):
            if name not in components:
                components[name] = _converted(document["components"]["schemas"][name])
                waiting.append(components[name])
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        **converted,
        "components": {"schemas": components},
    }


def _referred(schema: Any) -> Iterator[str]:
    """Yields the names of the components that a converted schema refers to."""
    if isinstance(schema, list):
        for part in schema:
            yield from _referred(part)
    elif isinstance(schema, dict):
        for key, part in schema.items():
            if key == "$ref" and isinstance(part, str):  # a property may be called so, too
                yield part.rpartition("/")[2]
            elif key not in ("enum", "default"):
                yield from _referred(part)


def _converted(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_converted(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            result[key] = {name: _converted(place) for name, place in value.items()}
        elif key not in _DROPPED and not key.startswith("x-"):
            result[key] = _converted(value)
    if schema.get("nullable") and isinstance(schema.get("type"), str):
        result["type"] = [schema["type"], "null"]
    return result
