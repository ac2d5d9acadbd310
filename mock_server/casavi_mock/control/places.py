"""Says where a value does not satisfy a schema of the document, what was expected there, and what is possible."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from casavi_contracts import spec
from casavi_mock.bodies.validation import BodySchema
from casavi_mock.control.problems import MAX_COUNTED
from casavi_mock.errors import FieldError

Document = Mapping[str, Any]
Schema = Mapping[str, Any]


def resolved(document: Document, node: Schema) -> dict[str, Any]:
    """Returns what a node of the document is, or refers to."""
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return dict(node)


def possible_at(document: Document, schema: Schema, pointer: str) -> tuple[str, ...]:
    """Returns the values, or else the fields, that a schema allows at a place; none if that cannot be listed.

    Args:
        document: What the schema refers to.
        schema: Without alternatives that are chosen by a value; see `narrowed`.
        pointer: JSON pointer; of an unknown field, to get the known ones beside it.
    """
    here, known = _at(document, schema, pointer)
    if not known:
        return tuple(here.get("properties", {}))
    values = tuple(str(option) for option in here.get("enum", ()) if option is not None)
    return values or tuple(here.get("properties", {}))


def narrowed(document: Document, schema: Schema, value: Any) -> dict[str, Any]:
    """Returns a schema with that alternative alone that a value chooses, wherever it has such alternatives.

    A validator tells of alternatives only that none fits; of the one that was meant it tells what is wrong.

    Args:
        document: What the schema refers to.
        schema: Alternatives stand in `oneOf`, and beside it in `x-chosen-by` the place of the value that chooses.
        value: What came.
    """
    node = resolved(document, schema)
    if "x-chosen-by" in node:
        path = node["x-chosen-by"].split("/")
        sent = _dig(value, path)
        fitting = [branch for branch in node["oneOf"] if sent in _options(document, branch, path)]
        if not fitting and (len(path) == 1 or _dig(value, path[:-1])):
            return _choice(path, _options(document, node, path))
        return narrowed(document, (fitting or node["oneOf"])[0], value)  # the first, if there is nothing to choose by
    if isinstance(value, dict) and "properties" in node:
        sent = node["properties"].keys() & value.keys()
        inside = {name: narrowed(document, node["properties"][name], value[name]) for name in sent}
        node["properties"] = {**node["properties"], **inside}
    return node


def explained(document: Document, schema: Schema, value: Any, *, secret: bool = False) -> list[FieldError]:
    """Returns the places at which a value does not satisfy a schema, at least one.

    Args:
        document: What the schema refers to.
        schema: Narrowed to the value, which does not satisfy it; see also `clash`.
        value: What came.
        secret: Whether nothing that came may be shown.
    """
    checked = BodySchema(spec.json_schema(dict(document), _telling(schema)), secret=secret)
    found = [_in_words(document, schema, error) for error in islice(checked.errors(value), MAX_COUNTED)]
    return list(dict.fromkeys(found))  # a text may fail its format and its pattern


def clash(schema: Schema, value: Any) -> tuple[str, ...]:
    """Returns the names of fields of which only one may come, if several came: they mean the same.

    Args:
        schema: Such names stand in `oneOf`, one in each, where one has to come, and in `not` where none has to.
        value: What came.
    """
    groups = [
        tuple(name for part in schema.get("oneOf", ()) for name in part["required"]),
        tuple(schema.get("not", {}).get("required", ())),
    ]
    several = (names for names in groups if isinstance(value, dict) and len([*filter(value.__contains__, names)]) > 1)
    return next(several, ())


def _at(document: Document, schema: Schema, pointer: str) -> tuple[dict[str, Any], bool]:
    """Returns the schema of a place, or of the last one on the way that is known."""
    here = resolved(document, schema)
    for part in pointer.split("/")[1:]:
        inside = _inside(document, here, part)
        if inside is None:
            return here, False
        here = resolved(document, inside)
    return here, True


def _inside(document: Document, here: Schema, part: str) -> Schema | None:
    """Returns the schema of a field or an item, in whichever alternative it stands."""
    for form in [here, *here.get("anyOf", ())]:
        known = resolved(document, form)
        inside: Schema | None = known.get("properties", {}).get(part)
        if inside is None and part.isdecimal():
            inside = known.get("items")
        if inside is not None:
            return inside
    return None


def _dig(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _options(document: Document, schema: Schema, path: Sequence[str]) -> list[Any]:
    node = resolved(document, schema)
    if "oneOf" in node:
        return [option for branch in node["oneOf"] for option in _options(document, branch, path)]
    if not path:
        return [*node["enum"]]
    return _options(document, node["properties"][path[0]], path[1:])


def _choice(path: Sequence[str], options: Sequence[Any]) -> dict[str, Any]:
    """Returns a schema that wants nothing but the value that chooses."""
    schema: dict[str, Any] = {"type": "string", "enum": options}
    for name in reversed(path):
        schema = {"type": "object", "required": [name], "properties": {name: schema}}
    return schema


def _telling(schema: Schema) -> dict[str, Any]:
    """Returns a schema of whose alternatives a validator tells what they are; see `clash` for the rest."""
    telling = {name: part for name, part in schema.items() if name not in ("oneOf", "not")}
    return telling | {"anyOf": schema["oneOf"]} if "oneOf" in schema else telling


def _in_words(document: Document, schema: Schema, error: FieldError) -> FieldError:
    here, known = _at(document, schema, error.pointer)
    return replace(error, expected=here["x-expected"]) if known and "x-expected" in here else error
