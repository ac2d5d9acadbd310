"""What a vendor's document has and the mock does not: operations, fields, values of enums."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from casavi_contracts.observe import roles
from casavi_contracts.observe.document import VendorDocument
from casavi_contracts.observe.roles import Matched
from casavi_contracts.observe.vocabulary import Vocabulary

_READ = {
    ("contacts", "v1"): "ContactV1",
    ("contact", "v1"): "ContactV1",
    ("contacts", "v2"): "ContactV2",
    ("units", "v2"): "UnitV2",
    ("properties", "v2"): "Property",
    ("property", "v2"): "Property",
}
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Extra:
    """Something of the vendor's that the mock does not have."""

    kind: str
    """`operation`, `field` or `value`."""
    name: str
    place: str
    source: str


def extras(document: VendorDocument, matched: list[Matched], ours: Vocabulary) -> list[Extra]:
    """Returns what a document has beyond ours, each thing once, at most a thousand of them."""
    known = {id(each.operation) for each in matched}
    found = [
        Extra("operation", operation.title, operation.name, document.source)
        for operation in document.operations
        if id(operation) not in known
    ]
    for each in matched:
        if each.role == roles.IMPORT:
            for name, schema in ours.shapes_below(document, each.operation.request).items():
                found += _beyond(document, name, schema, ours)
        elif (each.role, each.version) in _READ:
            schema = _record(document, each)
            if schema is not None:
                found += _beyond(document, _READ[each.role, each.version], schema, ours)
    return [*dict.fromkeys(found)][:_MOST]


def common_fields(document: VendorDocument, matched: list[Matched], ours: Vocabulary) -> Iterator[str]:
    """Yields pointers into our documents to the fields that the vendor's has, too."""
    for each in matched:
        shapes: dict[str, Any] = {}
        if each.role == roles.IMPORT:
            shapes = ours.shapes_below(document, each.operation.request)
        elif (each.role, each.version) in _READ:
            shapes = {_READ[each.role, each.version]: _record(document, each)}
        for name, schema in shapes.items():
            mine = {*ours.fields(name)}
            for field in document.properties(schema):
                if field in mine:
                    yield f"/components/schemas/{name}/properties/{field}"


def _record(document: VendorDocument, each: Matched) -> Any:
    success = each.operation.success()
    answer = None if success is None else success.schema
    if each.role not in roles.LISTS:
        return answer
    direct = document.items(answer)
    return direct if direct is not None else next(iter(roles.arrays(document, answer).values()), None)


def _beyond(document: VendorDocument, name: str, schema: Any, ours: Vocabulary) -> Iterator[Extra]:
    mine = ours.schema(name).get("properties", {})
    for field, place in document.properties(schema).items():
        if field not in mine:
            yield Extra("field", field, name, document.source)
            continue
        theirs = [value for value in document.flat(place).get("enum") or () if isinstance(value, str)]
        known = mine[field].get("enum")
        for value in theirs if known else ():
            if value not in known:
                yield Extra("value", value, f"{name}.{field}", document.source)
