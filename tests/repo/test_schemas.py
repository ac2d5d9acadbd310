"""Schemas for validators carry what they can reach, and nothing else."""

import json
from typing import Any

import jsonschema_rs
import pytest

from casavi_contracts import spec
from casavi_mock.control.document import load_document
from tests.support.accounts import settings

DOCUMENT: dict[str, Any] = {
    "paths": {},
    "components": {
        "schemas": {
            "Tree": {
                "type": "object",
                "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
                "additionalProperties": {"$ref": "#/components/schemas/Leaf"},
            },
            "Leaf": {"type": "string", "nullable": True, "example": {"$ref": "#/components/schemas/Unreached"}},
            "Named": {
                "type": "object",
                "properties": {"$ref": {"type": "string"}},
                "enum": [{"$ref": "#/x/Unreached"}],
            },
            "Unreached": {"type": "object"},
        }
    },
}


def reached(schema: dict[str, Any]) -> set[str]:
    return set(spec.json_schema(DOCUMENT, schema)["components"]["schemas"])


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ({"type": "integer"}, set()),
        ({"$ref": "#/components/schemas/Leaf"}, {"Leaf"}),
        ({"anyOf": [{"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}]}, {"Tree", "Leaf"}),
        ({"$ref": "#/components/schemas/Named"}, {"Named"}),
    ],
)
def test_a_schema_carries_what_it_can_reach(schema: dict[str, Any], names: set[str]) -> None:
    assert reached(schema) == names


def test_what_it_reaches_is_enough() -> None:
    tree = jsonschema_rs.Draft4Validator(spec.json_schema(DOCUMENT, {"$ref": "#/components/schemas/Tree"}))
    assert tree.is_valid({"children": [{"name": None}], "name": "x"})
    assert not tree.is_valid({"children": [{"children": [{"name": 5}]}]})


@pytest.mark.parametrize("version", ["v1", "v2", "control"])
def test_every_schema_of_the_documents_can_be_compiled_and_is_small(version: str) -> None:
    """A parameter that is a number carries no import model with it."""
    document = load_document(settings()) if version == "control" else spec.load_document(version)
    for _, _, operation in spec.operations(document):
        for parameter in operation.get("parameters", ()):
            if "schema" not in parameter:
                continue
            schema = spec.json_schema(document, parameter["schema"])
            jsonschema_rs.Draft4Validator(schema)
            if "$ref" not in json.dumps(parameter["schema"]):
                assert schema["components"] == {"schemas": {}}
