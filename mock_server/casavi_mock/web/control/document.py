"""The control plane's own document: routes, parameters and bodies follow from it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from itertools import islice
from typing import Any

import orjson
import yaml
from werkzeug.datastructures import MultiDict

from casavi_contracts import spec
from casavi_mock.errors import FieldError, Refused
from casavi_mock.web.body import beyond, check_media_type, parse, too_deep
from casavi_mock.web.control.problems import MAX_COUNTED, Problem, from_errors, from_refusal
from casavi_mock.web.validation import BodySchema, described

MAX_STATE_BYTES = 100_000_000
MAX_BODY_BYTES = 1_000_000
MAX_NESTING = 64
"""Levels of nesting in a body; a state lies as deep as the import that it can be sent as."""

_NOTHING = {"type": "object", "properties": {}, "additionalProperties": False}


def load_document() -> dict[str, Any]:
    """Returns a fresh copy of the document."""
    text = files("casavi_mock.web.control").joinpath("openapi.yaml").read_bytes()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader takes a tenth of the time
    document: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506  # both are safe loaders
    return document


class Verb:
    """One operation of the document.

    Args:
        document: The whole document.
        path: Path below the prefix, as the document writes it.
        method: In lower case.
        operation: The operation object.
    """

    def __init__(self, document: dict[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> None:
        self.id: str = operation["operationId"]
        self.path = path
        self.method = method.upper()
        self.open = operation.get("security") == [{}]
        """Whether it is open to everybody, control token or not."""
        self._document = document
        self._body = _resolved(document, operation.get("requestBody", {}))
        parameters = [*document["paths"][path].get("parameters", ()), *operation.get("parameters", ())]
        self._parameters = [_resolved(document, parameter) for parameter in parameters]

    @property
    def max_bytes(self) -> int:
        """Longest body."""
        return MAX_STATE_BYTES if self.id == "putState" else MAX_BODY_BYTES

    def query(self, came: MultiDict[str, str]) -> dict[str, Any]:
        """Returns the parameters of the query, with their defaults.

        Raises:
            Problem: One is unknown or impossible.
        """
        if self.open:  # whoever asks for health may add what keeps caches from answering
            return {}
        known = {parameter["name"]: parameter for parameter in self._in("query")}
        for name in came:
            if name not in known:
                detail = f"{self.method} {self.path} takes no parameter {name[:60]!r}."
                raise Problem(400, detail, name, "a known parameter", "an unknown one", tuple(known))
        return {
            name: self._value(parameter, came.getlist(name))
            for name, parameter in known.items()
            if name in came or "default" in parameter["schema"]
        }

    def check_path(self, values: Mapping[str, str]) -> None:
        """Checks the parameters of the path.

        Raises:
            Problem: One is impossible.
        """
        for parameter in self._in("path"):
            self._checked(parameter, values[parameter["name"]])

    def body(self, headers: Mapping[bytes, bytes], raw: bytes) -> Any:
        """Returns the parsed body, which satisfies the document; empty if none came and none is wanted.

        Raises:
            Problem: It is missing, not JSON, or does not satisfy the document.
        """
        if not raw or raw.isspace():
            if self._body.get("required"):
                raise Problem(400, "Send a JSON object as the body.", "", "a JSON object", "no body", self._fields)
            return {}
        try:
            check_media_type(headers)
            body = parse(raw, secret=self._schema.secret)
        except Refused as error:
            raise from_refusal(error) from None
        if too_deep(raw, MAX_NESTING) and (place := beyond(body, "", MAX_NESTING)) is not None:
            shown = "" if self._schema.secret else place
            raise from_errors([FieldError(shown, f"at most {MAX_NESTING} levels of nesting", "more")])
        if not self._schema.satisfied_by(body):
            errors = list(islice(self._schema.errors(body), MAX_COUNTED))
            raise from_errors(errors, possible_at(self._document, self._shape, errors[0].pointer))
        return body

    @property
    def _shape(self) -> dict[str, Any]:
        if not self._body:
            return _NOTHING
        shape: dict[str, Any] = self._body["content"]["application/json"]["schema"]
        return shape

    @property
    def _fields(self) -> tuple[str, ...]:
        return possible_at(self._document, self._shape, "")

    @cached_property
    def _schema(self) -> BodySchema:
        secret = any(place.get("x-secret") for place in _properties(self._document, self._shape).values())
        return BodySchema(spec.json_schema(self._document, self._shape), secret=secret)

    def _in(self, place: str) -> Iterator[dict[str, Any]]:
        return (parameter for parameter in self._parameters if parameter["in"] == place)

    def _value(self, parameter: Mapping[str, Any], came: Sequence[str]) -> Any:
        schema = parameter["schema"]
        if not came:
            return schema["default"]
        if schema["type"] == "array":
            value: Any = [part.strip() for text in came for part in text.split(",") if part.strip()]
        elif len(came) > 1:
            detail = f"The parameter {parameter['name']} came {len(came)} times."
            raise Problem(400, detail, parameter["name"], "one value", f"{len(came)} values")
        elif schema.get("format") == "date-time":
            value = came[0].replace(" ", "+")  # a plus sign that was not encoded
        else:
            value = came[0] if schema["type"] == "string" else _number(came[0])
        self._checked(parameter, value)
        return value

    def _checked(self, parameter: Mapping[str, Any], value: Any) -> None:
        schema = BodySchema({"$schema": "http://json-schema.org/draft-04/schema#", **parameter["schema"]})
        if not schema.satisfied_by(value):
            error = next(schema.errors(value))
            name = parameter["name"]
            possible = [str(option) for option in parameter["schema"].get("enum", ())]
            raise Problem(400, f"{name}: {error.message}.", name, error.expected, described(value), possible)


def verbs(document: dict[str, Any]) -> list[Verb]:
    """Returns the operations of the document, in its order."""
    return [Verb(document, path, method, operation) for path, method, operation in spec.operations(document)]


def possible_at(document: Mapping[str, Any], schema: Mapping[str, Any], pointer: str) -> tuple[str, ...]:
    """Returns the values, or else the fields, that a schema allows at a place; none if that cannot be listed."""
    here = _resolved(document, schema)
    for part in pointer.split("/")[1:]:
        inside = here.get("properties", {})
        if part not in inside:
            return tuple(inside)
        here = _resolved(document, inside[part])
    return tuple(str(option) for option in here.get("enum", ())) or tuple(here.get("properties", {}))


def _properties(document: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = _resolved(document, schema).get("properties", {})
    return properties


def _resolved(document: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return dict(node)


def _number(text: str) -> Any:
    """Returns a number if it is one; otherwise the text, which no schema of a number allows."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value if isinstance(value, int | float) and not isinstance(value, bool) else text
