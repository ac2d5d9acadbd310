"""Says where a value does not satisfy a schema of the document, what was expected there, and what is possible."""

from dataclasses import replace
from itertools import islice
from typing import Any

from casavi_contracts import spec
from casavi_mock.bodies.validation import BodySchema
from casavi_mock.control.document import Document, Schema, resolved
from casavi_mock.control.problems import MAX_COUNTED
from casavi_mock.errors import FieldError


def explained(document: Document, schema: Schema, value: Any, *, secret: bool = False) -> list[FieldError]:
    """Returns the places at which a value does not satisfy a schema, at least one.

    Args:
        document: What the schema refers to.
        schema: Narrowed to the value, which does not satisfy it.
        value: What came.
        secret: Whether nothing that came may be shown.
    """
    checked = BodySchema(spec.json_schema(dict(document), dict(schema)), secret=secret)
    found = [_in_words(document, schema, error) for error in islice(checked.errors(value), MAX_COUNTED)]
    # a former name says more than that the present one is missing; a text may fail its format and its pattern
    return list(dict.fromkeys(sorted(found, key=lambda error: error.got != _FORMER)))


def possible_at(document: Document, schema: Schema, pointer: str) -> tuple[str, ...]:
    """Returns the values, or else the fields, that a schema allows at a place; none if that cannot be listed.

    Args:
        document: What the schema refers to.
        schema: Narrowed to the value that came.
        pointer: JSON pointer; of an unknown field, to get the known ones beside it.
    """
    here, known = _at(document, schema, pointer)
    values = tuple(str(option) for option in here.get("enum", ()) if option is not None)
    return values if known and values else tuple(here.get("properties", {}))


def narrowed(document: Document, schema: Schema, value: Any) -> dict[str, Any]:
    """Returns a schema in which, of alternatives with a `discriminator`, only the one stands that a value chooses.

    A validator tells of alternatives only that none fits; of the one that was meant it tells what is wrong.

    Args:
        document: What the schema refers to.
        schema: Any schema of the document.
        value: What came.
    """
    node = resolved(document, schema)
    if "discriminator" in node:
        name, mapping = node["discriminator"]["propertyName"], node["discriminator"]["mapping"]
        chosen = value.get(name) if isinstance(value, dict) else None
        if isinstance(chosen, str) and chosen in mapping:
            return resolved(document, {"$ref": mapping[chosen]})
        return {"type": "object", "required": [name], "properties": {name: {"type": "string", "enum": [*mapping]}}}
    if isinstance(value, dict) and "properties" in node:
        sent = node["properties"].keys() & value.keys()
        inside = {name: narrowed(document, node["properties"][name], value[name]) for name in sent}
        node["properties"] = {**node["properties"], **inside}
    return node


_FORMER = "its former name"


def _in_words(document: Document, schema: Schema, error: FieldError) -> FieldError:
    here, known = _at(document, schema, error.pointer)
    if known:
        return replace(error, expected=here["x-expected"]) if "x-expected" in here else error
    name = here.get("x-former", {}).get(error.pointer.rpartition("/")[2])
    return error if name is None else replace(error, expected=f"the field {name!r}", got=_FORMER)


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
    for form in (resolved(document, form) for form in [here, *here.get("anyOf", ())]):
        inside: Schema | None = form.get("properties", {}).get(part) or (
            form.get("items") if part.isdecimal() else None
        )
        if inside is not None:
            return inside
    return None
