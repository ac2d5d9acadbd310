"""Checks parsed bodies against the contract, and says in a person's words what was expected and what came."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from itertools import islice
from typing import Any

import jsonschema_rs
import orjson

from casavi_mock.domain.ordering import escaped
from casavi_mock.errors import FieldError

MAX_ERRORS = 20
"""Places that an error answer names at most."""

COUNTED_ERRORS = 1_000
"""Errors in a body after which no more are counted; making an error takes longer than all the rest."""

WORDED_ERRORS = 10 * COUNTED_ERRORS
"""Errors in a body that are put into words at most, also those of members that come again, which are not counted."""

_SHOWN = 60
"""Characters of a wrong value that an error answer shows at most."""

_BRIEF = 1_000
"""Characters of a wrong text that are nearly always enough to tell that it is wrong."""

_SHOWN_NAMES = 10
"""Names of an object's members that an error answer shows at most."""


class BodySchema:
    """A compiled schema of a request body, or of one place in it.

    Args:
        schema: JSON Schema (draft 4), self-contained.
        secret: Whether nothing that came may be shown in errors: no value, and no name that the contract does not know.
    """

    def __init__(self, schema: Mapping[str, Any], *, secret: bool = False) -> None:
        self._schema = schema
        self._validator = _compiled(schema)
        self.secret = secret
        self._places: dict[int, BodySchema] = {}
        """Schemas of places by the identity of their text; several places share one."""

    @cached_property
    def _plain(self) -> jsonschema_rs.Draft4Validator:
        return _compiled(closed(self._schema))

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(_names(self._schema))

    @cached_property
    def _shape(self) -> Mapping[str, Any]:
        """What the schema says of elements and members; empty where they cannot be looked at one by one."""
        return _shape(self._schema, self._schema.get("components", {}).get("schemas", {}))

    def satisfied_by(self, value: Any) -> bool:
        """Whether a value satisfies the schema."""
        return self._validator.is_valid(value)

    def plainly_satisfied_by(self, value: Any) -> bool:
        """Whether a value satisfies the schema, and holds nothing but what the schema knows.

        Such a value is nested no deeper than the schema, so one call tells of nearly every body that nothing is wrong.
        """
        return self._plain.is_valid(value)

    def of_elements(self) -> "BodySchema | None":
        """Returns the schema of the elements of a list; None if they can be anything, or are not looked at alone."""
        return self._place(self._shape.get("items"))

    def of_member(self, name: str) -> "BodySchema | None":
        """Returns the schema of a member of an object; None if it can be anything, or is not looked at alone."""
        known = self._shape.get("properties", {}).get(name)
        return self._place(self._shape.get("additionalProperties") if known is None else known)

    def _place(self, schema: Any) -> "BodySchema | None":
        if not isinstance(schema, dict):
            return None
        if id(schema) not in self._places:
            whole = {**schema, "components": self._schema.get("components", {})}
            place = self._places[id(schema)] = BodySchema(whole, secret=self.secret)
            place._places = self._places
        return self._places[id(schema)]

    def errors(self, value: Any, prefix: str = "") -> Iterator[FieldError]:
        """Yields every place where a value does not satisfy the schema, and looks no further than it is asked for.

        Elements and members are looked at one by one: the validator makes all of its errors before it gives the first,
        and one error takes as long to make as a hundred good values to check.

        Args:
            value: A parsed JSON value.
            prefix: JSON pointer of the value in the whole body.
        """
        if self.satisfied_by(value):
            return
        yield from self.own_errors(value, prefix)
        if isinstance(value, list) and (inner := self.of_elements()) is not None:
            for index, element in enumerate(value):
                yield from inner.errors(element, f"{prefix}/{index}")
        elif isinstance(value, dict) and self._shape:
            for name, member in value.items():
                if (inner := self.of_member(name)) is not None:
                    yield from inner.errors(member, f"{prefix}/{escaped(name)}")

    def own_errors(self, value: Any, prefix: str, *, divided: bool = False) -> Iterator[FieldError]:
        """Yields what is wrong with a value itself: not inside of its elements or members, if they are looked at alone.

        Args:
            value: A parsed JSON value.
            prefix: JSON pointer of the value in the whole body.
            divided: Whether the value is so long that nothing may look at all of it.
        """
        alone = bool(self._shape) and isinstance(value, dict | list)
        brief = self._brief(value) if alone or divided or isinstance(value, str) else value
        for error in _each_once([*self._validator.iter_errors(brief)]):
            if alone and len(error.instance_path):
                continue
            if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
                yield from self._unknown(value, error.kind, prefix + pointer_to(error.instance_path))
            else:
                yield from self._in_words(error, prefix + pointer_to(error.instance_path), prefix)

    def _brief(self, value: Any) -> Any:
        """Returns what has the same errors of its own, and is not as long: errors hold a copy of the whole value."""
        if isinstance(value, str):
            start = value[:_BRIEF]
            return value if self.satisfied_by(start) else start
        if not isinstance(value, dict):
            return [] if isinstance(value, list) else value
        others = islice((name for name in value if name not in self._names), _SHOWN_NAMES)
        names = [*(name for name in self._names if name in value), *others]
        return {name: _shallow(value[name]) for name in names}

    def _unknown(self, value: Any, kind: Any, prefix: str) -> Iterator[FieldError]:
        known = self._shape.get("properties", {})
        for name in (name for name in value if name not in known) if self._shape else sorted(kind.unexpected):
            yield FieldError(f"{prefix}/{escaped(name)}", "a field that the contract knows", "an unknown field")

    def _in_words(self, error: jsonschema_rs.ValidationError, pointer: str, prefix: str) -> Iterator[FieldError]:
        meant = _meant_branch(error.kind)
        if meant:
            for inner in meant:
                yield from self._in_words(inner, prefix + pointer_to(inner.instance_path), prefix)
            return
        yield FieldError(pointer, _expected(error), self._got(error))

    def _got(self, error: jsonschema_rs.ValidationError) -> str:
        value = error.instance
        if isinstance(value, dict) and _lacks_fields(error.kind):
            return self._fields_of(value)
        return json_type(value) if self.secret and value != "" else described(value)

    def _fields_of(self, value: Mapping[str, Any]) -> str:
        shown = sorted(name for name in value if name in self._names or not self.secret)
        names = ", ".join(shown[:_SHOWN_NAMES]) or "that the contract does not know"
        return f"object with the fields {names[:200]}" if value else "an empty object"


def _shape(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the schema that says what elements and members are, if each of them can be judged alone."""
    while True:
        parts = schema.get("allOf", ())
        if "$ref" in schema:
            schema = components[schema["$ref"].rpartition("/")[2]]
        elif len(parts) == 1 and "properties" not in schema:
            schema = parts[0]
        else:
            break
    together = schema.keys() & {"allOf", "oneOf", "not", "enum", "uniqueItems", "minItems", "minProperties"}
    if together or any(branch.keys() - {"required"} for branch in schema.get("anyOf", ())):
        return {}
    return schema if schema.keys() & {"properties", "items", "additionalProperties"} else {}


def _shallow(value: Any) -> Any:
    if isinstance(value, dict | list):
        return type(value)()
    return value[:_BRIEF] if isinstance(value, str) else value


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a schema that takes no unknown fields, and no value of any form, at any depth.

    Args:
        schema: JSON Schema (draft 4), self-contained.

    Raises:
        ValueError: The schema has `not` or `oneOf`; what is closed inside them would take more than before.
    """
    components = {name: _closed_value(part) for name, part in schema["components"]["schemas"].items()}
    return _closed_value(schema) | {"components": {"schemas": components}}


def _closed_value(schema: Mapping[str, Any]) -> dict[str, Any]:
    known = _closed(schema)
    return known if _says_what(known) else {**known, "type": ["string", "number", "boolean", "null"]}


def _closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    if "not" in schema or "oneOf" in schema:
        raise ValueError("`not` and `oneOf` cannot be closed")
    known = dict(schema)
    for name in ("items", "additionalProperties"):
        if isinstance(known.get(name), dict):
            known[name] = _closed_value(known[name])
    for name in known.keys() & {"allOf", "anyOf"}:
        known[name] = [_closed(part) for part in known[name]]
    if "properties" in known:
        known["properties"] = {name: _closed_value(part) for name, part in known["properties"].items()}
    types = known.get("type", ())
    if "object" in types and not isinstance(known.get("additionalProperties"), dict):
        known["additionalProperties"] = False
    if "array" in types and not isinstance(known.get("items"), dict):
        known["maxItems"] = 0
    return known


def _says_what(schema: Mapping[str, Any]) -> bool:
    """Whether a schema says of what form a value is."""
    if schema.keys() & {"$ref", "enum", "type"}:
        return True
    choices = schema.get("anyOf", ())
    return any(map(_says_what, schema.get("allOf", ()))) or (bool(choices) and all(map(_says_what, choices)))


def _compiled(schema: Mapping[str, Any]) -> jsonschema_rs.Draft4Validator:
    return jsonschema_rs.Draft4Validator(dict(schema), validate_formats=True, formats={"date": _is_date})


def _lacks_fields(kind: Any) -> bool:
    kinds = jsonschema_rs.ValidationErrorKind
    if isinstance(kind, kinds.AnyOf):
        return any(isinstance(error.kind, kinds.Required) for branch in kind.context for error in branch)
    return isinstance(kind, kinds.Required)


def _names(schema: Any) -> Iterator[str]:
    """Yields every member name that a schema knows, at any depth."""
    if isinstance(schema, list):
        for part in schema:
            yield from _names(part)
    elif isinstance(schema, dict):
        yield from schema.get("properties", ())
        for part in schema.values():
            yield from _names(part)


def pointer_to(path: Any) -> str:
    """Returns a path of member names and indexes as a JSON pointer (RFC 6901)."""
    return "".join(f"/{escaped(str(part))}" for part in path)


def json_type(value: Any) -> str:
    """Returns the JSON type of a parsed value."""
    if value is None:
        return "null"
    names: dict[type, str] = {
        bool: "boolean",
        int: "number",
        float: "number",
        str: "string",
        list: "array",
        dict: "object",
    }
    return names[type(value)]


def described(value: Any) -> str:
    """Returns type and beginning of a parsed value, for an error text."""
    kind = json_type(value)
    if value is None or isinstance(value, list | dict):
        return kind
    text = orjson.dumps(value).decode()
    return f"{kind} {text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}"


def _expected(error: jsonschema_rs.ValidationError) -> str:
    kinds = jsonschema_rs.ValidationErrorKind
    kind: Any = error.kind
    match kind:
        case kinds.Type():
            return " or ".join(sorted(kind.types, key=lambda name: name == "null"))
        case kinds.Required():
            return f"the field {kind.property!r}"
        case kinds.Enum():
            return "one of " + ", ".join("null" if option is None else f'"{option}"' for option in kind.options)
        case kinds.AnyOf():
            return _any_of(kind.context)
        case kinds.MinLength():
            return f"a text of at least {kind.limit} character" + ("s" if kind.limit > 1 else "")
        case kinds.Pattern():
            return f"a text that matches {kind.pattern}"
        case kinds.Format():
            return f"a {kind.format}" + {"date": " (YYYY-MM-DD)", "date-time": " (RFC 3339)"}.get(kind.format, "")
        case kinds.Minimum():
            return f"a number of at least {kind.limit}"
        case kinds.Maximum():
            return f"a number of at most {kind.limit}"
        case _:
            return f"a value that satisfies {kind.name}"


def _meant_branch(kind: Any) -> list[jsonschema_rs.ValidationError]:
    """Returns the errors of the one alternative whose required fields were all sent, if the others lack some."""
    kinds = jsonschema_rs.ValidationErrorKind
    if not isinstance(kind, kinds.AnyOf):
        return []
    complete = [branch for branch in kind.context if not any(isinstance(e.kind, kinds.Required) for e in branch)]
    return complete[0] if len(complete) == 1 < len(kind.context) else []


def _each_once(errors: list[jsonschema_rs.ValidationError]) -> Iterator[jsonschema_rs.ValidationError]:
    """Leaves out that no alternative is satisfied, if a field of one is wrong whatever the alternative."""
    for error in errors:
        kind: Any = error.kind
        inner = kind.context if isinstance(kind, jsonschema_rs.ValidationErrorKind.AnyOf) else []
        fields = {pointer_to(one.instance_path) for branch in inner for one in branch}
        fields.discard(pointer_to(error.instance_path))
        if not fields or fields.isdisjoint(pointer_to(other.instance_path) for other in errors):
            yield error


def _any_of(branches: list[list[jsonschema_rs.ValidationError]]) -> str:
    required = jsonschema_rs.ValidationErrorKind.Required
    if all(isinstance(error.kind, required) for branch in branches for error in branch):
        named: list[list[Any]] = [[error.kind for error in branch] for branch in branches]
        choices = [" and ".join(repr(kind.property) for kind in kinds) for kinds in named]
        return ("one of the fields " if all(len(kinds) == 1 for kinds in named) else "the fields ") + " or ".join(
            choices
        )
    words = [_expected(branch[0]) for branch in branches if branch]
    words = [word for alternatives in words for word in alternatives.split(" or ")]
    return " or ".join(sorted(dict.fromkeys(words), key=lambda word: word == "null"))


def _is_date(text: str) -> bool:
    if len(text) != 10 or text[4] != "-" or text[7] != "-":  # fromisoformat also takes 20240101 and 2024-W01-1
        return False
    try:
        # the year 0000 is one of RFC 3339, though not of Python; like 2000 it is a leap year
        date.fromisoformat(text.replace("0000", "2000", 1) if text.startswith("0000") else text)
    except ValueError:
        return False
    return True
