"""Portfolios that do not satisfy the contract, with the one place where they do not."""

from collections.abc import Mapping
from typing import Any

from casavi_contracts.strategies.flaws import SHAPES
from casavi_contracts.strategies.records import CONTACT_TEXTS, DOCUMENT_TEXTS, PROPERTY_TEXTS, UNIT_TEXTS, Record
from casavi_contracts.strategies.scene import Scene, escaped

GONE = "(left out)"
"""In place of a value: the field is left out, and the record is the place that is wrong."""

Wrong = tuple[str, Any]
"""Field, and a value that it cannot have."""

_NO_TEXTS: tuple[Any, ...] = (7, 1.5, True, [], {}, ["x"])
_NO_IDS: tuple[Any, ...] = (GONE, 7, "", None, True, [])
_NO_ARRAYS: tuple[Any, ...] = ({}, "x", None, 0)
_NO_DATES = ("01.07.2024", "2024-02-30", "2024-13-01", "2024-7-1", "", "tomorrow", 20240701, True)


def _each(field: str, values: tuple[Any, ...]) -> tuple[Wrong, ...]:
    return tuple((field, value) for value in values)


def _texts(fields: tuple[str, ...]) -> tuple[Wrong, ...]:
    return tuple((field, _NO_TEXTS[number % len(_NO_TEXTS)]) for number, field in enumerate(fields))


_CUSTOM_FIELDS = (*_each("customFields", ("x", [], 7, True)), ("customFields/Info", []), ("customFields/a/b", {}))

WRONGS: Mapping[str, tuple[Wrong, ...]] = {
    "Contact": (
        *_each("id", _NO_IDS),
        *_texts(CONTACT_TEXTS),
        *_CUSTOM_FIELDS,
        *_each("preferredWayOfContact", ("EMAIL", "letter", "", 1, True)),
    ),
    "PropertyImport": (
        *_each("id", _NO_IDS),
        *_texts(PROPERTY_TEXTS),
        *_CUSTOM_FIELDS,
        *_each("postalCode", (True, -1, 1.5, [], {})),
        *_each("addresses", _NO_ARRAYS),
        *_each("documents", _NO_ARRAYS),
    ),
    "Address": (*_each("street", (GONE, None, 7, [])), *_each("units", _NO_ARRAYS)),
    "Unit": (
        *_each("id", _NO_IDS),
        *_texts(UNIT_TEXTS),
        *_CUSTOM_FIELDS,
        *_each("contracts", _NO_ARRAYS),
        *_each("documents", _NO_ARRAYS),
    ),
    "Contract": (
        *_each("contactId", _NO_IDS),
        *_each("id", ("", 7, None)),
        *_each("type", ("TENANT", "owner", "", 1)),
        *_each("startDate", _NO_DATES),
        *_each("endDate", _NO_DATES),
        ("contractNumber", 7),
    ),
    "Responsibility": (
        *_each("propertyId", _NO_IDS),
        *_each("contactId", _NO_IDS),
        *_each("roleName", (GONE, None, 7)),
        *_each("roleType", (GONE, "extern", "INTERNAL", "", None)),
    ),
    "Document": (
        *_each("id", _NO_IDS),
        *_texts(DOCUMENT_TEXTS),
        *_each("type", ("", "/a", "a//b", "a/", "/".join("x" * 21))),
        *_each("content", (7, None, [])),
        *_each("contactId", ("", 7)),
    ),
    "MasterData": (
        *_each("contacts", _NO_ARRAYS),
        *_each("properties", _NO_ARRAYS),
        *_each("responsibilities", _NO_ARRAYS),
    ),
}
"""By the name of the schema: fields, and what they cannot be."""

_NO_RECORDS: tuple[Any, ...] = ("x", 7, None, [], True)


def schema_violation(scene: Scene) -> str:
    """Makes one place wrong and returns its pointer."""
    kind = scene.pick(("field", "field", "field", "no record", "empty"))
    if kind == "empty":
        scene.portfolio.clear()
        return ""
    if kind == "no record":
        entity = scene.pick(("contacts", "properties", "responsibilities"))
        records = scene.portfolio.setdefault(entity, [])
        records.append(scene.pick(_NO_RECORDS))
        return f"/{entity}/{len(records) - 1}"
    shape = scene.pick(tuple(WRONGS))
    field, value = scene.pick(WRONGS[shape])
    return _spoil(scene, SHAPES[shape](scene), field, value)


def _spoil(scene: Scene, record: Record, field: str, value: Any) -> str:
    pointer = scene.pointer(record)
    if value == GONE:
        del record[field]
        return pointer
    if field.startswith("customFields/"):
        name = field.partition("/")[2]
        record["customFields"] = {name: value}
        return f"{pointer}/customFields/{escaped(name)}"
    record[field] = value
    return f"{pointer}/{field}"
