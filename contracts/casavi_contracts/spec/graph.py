"""The reference graph of the import model, read from the marks in the contract document."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from casavi_contracts.spec.document import load_document
from casavi_contracts.spec.roles import resolved


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that holds the id of another record."""

    field: str
    entity: str
    evidence: str
    """Evidence for a record being refused while the other one is missing."""


@dataclass(frozen=True, slots=True)
class Child:
    """An array of objects inside a shape."""

    key: str
    shape: "Shape"


@dataclass(frozen=True, slots=True)
class Shape:
    """One object schema of the import model: a record, or a part of one (address, contract)."""

    name: str
    """Name of the schema in the document."""
    entity: str | None
    """`x-entity`; None for a part of a record."""
    stage: int
    """`x-import-stage`; 0 for a part of a record."""
    identity: tuple[str, ...]
    """`x-identity`: the fields by which a record is found again."""
    fields: frozenset[str]
    """Every property name that the schema knows."""
    references: tuple[Reference, ...]
    children: tuple[Child, ...]

    def walk(self) -> "list[Shape]":
        """Returns this shape and all below it, in the order of the document."""
        return [self, *(below for child in self.children for below in child.shape.walk())]


def records(shape: Shape, body: Any) -> Iterator[tuple[Shape, dict[str, Any]]]:
    """Yields every object of an import's body that has a place in the model, with its shape; parents first.

    Args:
        shape: The shape of the body.
        body: A JSON value; what has no place in the model is passed over.
    """
    if not isinstance(body, dict):
        return
    yield shape, body
    for child in shape.children:
        inner = body.get(child.key)
        for item in inner if isinstance(inner, list) else ():
            yield from records(child.shape, item)


def identifiers(shape: Shape, body: Any) -> dict[str, list[str]]:
    """Returns the ids of the records of an import's body, by entity."""
    found: dict[str, list[str]] = {}
    for kind, record in records(shape, body):
        name = record.get("id")
        if kind.entity and isinstance(name, str) and name:
            found.setdefault(kind.entity, []).append(name)
    return found


def import_shape(document: dict[str, Any]) -> Shape:
    """Returns the shape of the import's body; its children are the top-level arrays."""
    return _shape(document["components"]["schemas"], "MasterData")


def further_required(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the fields that records of an import need besides those of the shipped document, each with a value.

    Args:
        document: A contract document, with overlay and profile applied.
    """
    shipped = load_document()["components"]["schemas"]
    found: dict[str, dict[str, Any]] = {}
    for shape in import_shape(document).walk():
        schema = document["components"]["schemas"][shape.name]
        for name in {*schema.get("required", ())} - {*shipped.get(shape.name, {}).get("required", ())}:
            place = resolved(document, schema["properties"][name])
            values = [value for value in place.get("enum", ()) if value is not None]
            value = values[0] if values else _VALUES.get(str(place.get("type", "string")))
            found.setdefault(shape.name, {})[name] = copy.deepcopy(value)
    return found


_VALUES: dict[str, Any] = {"string": "required", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}


def _shape(schemas: dict[str, Any], name: str) -> Shape:
    schema = schemas[name]
    properties = schema["properties"]
    return Shape(
        name=name,
        entity=schema.get("x-entity"),
        stage=schema.get("x-import-stage", 0),
        identity=tuple(schema.get("x-identity", ())),
        fields=frozenset(properties),
        references=tuple(
            Reference(field, place["x-references"], place["x-reference-evidence"])
            for field, place in properties.items()
            if "x-references" in place
        ),
        children=tuple(
            Child(key, _shape(schemas, place["items"]["$ref"].rsplit("/", 1)[1]))
            for key, place in properties.items()
            if place.get("type") == "array"
        ),
    )
