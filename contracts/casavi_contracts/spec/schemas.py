"""OpenAPI 3.0 schemas of the contract document as JSON Schema, for validators."""

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

    `$ref` is kept, so recursive and shared schemas stay small. `nullable`, which JSON Schema does not know, becomes
    a union with `null`.

    Args:
        document: The contract document that the schema's references point into.
        schema: An OpenAPI 3.0 schema object.
    """
    components = {name: _converted(part) for name, part in document["components"]["schemas"].items()}
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        **_converted(schema),
        "components": {"schemas": components},
    }


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
    if schema.get("nullable"):
        result["type"] = [schema["type"], "null"]
    return result
