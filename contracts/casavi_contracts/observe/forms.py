"""The form of a JSON value: as a vendor's document has it, or as all values together have it that were seen."""

import re
from collections.abc import Iterable
from typing import Any

from casavi_contracts.observe.document import VendorDocument

MAX_DEPTH = 6
MAX_MEMBERS = 100
"""Members of an object."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")

_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{0,19}\Z")
_SECRET = re.compile(r"token|secret|passw|pwd|key|auth|session|credential", re.IGNORECASE)
_SOME = 3
"""Values that are the same word before it is called the only one."""

Form = dict[str, Any]
"""`type`, and where it fits `nullable`, `format`, `enum`, `properties`, `required` and `items`."""


def of_schema(document: VendorDocument, schema: Any, depth: int = 0) -> Form:
    """Returns the form that a schema of a vendor's document describes."""
    flat = document.flat(schema)
    found: Form = {"type": flat.get("type")}
    if flat.get("nullable"):
        found["nullable"] = True
    if isinstance(flat.get("format"), str):
        found["format"] = flat["format"]
    texts = _texts(flat.get("enum"))
    if texts:
        found["enum"] = texts[:MAX_MEMBERS]
    members = document.properties(schema)
    items = document.items(schema)
    if members and depth < MAX_DEPTH:
        found["type"] = "object"
        chosen = dict([*members.items()][:MAX_MEMBERS])
        found["properties"] = {name: of_schema(document, place, depth + 1) for name, place in chosen.items()}
        found["required"] = [name for name in _texts(flat.get("required")) if name in chosen]
    elif items is not None:
        found["type"] = "array"
        found["items"] = of_schema(document, items, depth + 1) if depth < MAX_DEPTH else {}
    return found


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def of_values(values: Iterable[Any], depth: int = 0) -> Form:
    """Returns the form that fits all of these values."""
    kept = [*values]
    real = [value for value in kept if value is not None]
    found: Form = {"type": None}
    if len(real) < len(kept):
        found["nullable"] = True
    kinds = {_kind(value) for value in real}
    if len(kinds) != 1:
        return found if kinds != {"integer", "number"} else {**found, "type": "number"}
    found["type"] = kinds.pop()
    if found["type"] == "object" and depth < MAX_DEPTH:
        names = [*dict.fromkeys(name for value in real for name in value)][:MAX_MEMBERS]
        found["properties"] = {
            name: _without_secrets(name, of_values([value[name] for value in real if name in value], depth + 1))
            for name in names
        }
        found["required"] = [name for name in names if all(name in value for value in real)]
    elif found["type"] == "array":
        found["items"] = of_values([item for value in real for item in value[:MAX_MEMBERS]], depth + 1)
    elif found["type"] == "string" and all(_MOMENT.match(value) for value in real):
        found["format"] = "date-time"
    elif found["type"] == "string" and len(real) >= _SOME and len({*real}) == 1 and _WORD.match(real[0]):
        found["enum"] = [real[0]]
    return found


def _without_secrets(name: str, form: Form) -> Form:
    """Returns a form without the value of a member that is called like a secret."""
    if _SECRET.search(name):
        form.pop("enum", None)
    return form


def _kind(value: Any) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "object")
