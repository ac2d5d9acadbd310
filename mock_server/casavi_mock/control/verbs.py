"""The verbs of the control plane: what the document says of each request's path, query and body is checked here."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import orjson

from casavi_contracts import spec
from casavi_mock.bodies.body import check_media_type, parse
from casavi_mock.bodies.bulk import beyond
from casavi_mock.bodies.validation import BodySchema
from casavi_mock.control.document import Schema, resolved
from casavi_mock.control.explain import explained, narrowed, possible_at
from casavi_mock.control.problems import Problem, from_errors, from_refusal
from casavi_mock.errors import FieldError, Refused

MAX_STATE_BYTES = 100_000_000
MAX_BODY_BYTES = 1_000_000
MAX_NESTING = 64
"""Levels of nesting in a body; a state lies as deep as the import that it can be sent as."""

_NOTHING = {"type": "object", "properties": {}, "additionalProperties": False}


class Verb:
    """One operation of the document.

    Args:
        document: The whole document.
        path: Path below the prefix, as the document writes it.
        method: In lower case.
        operation: The operation object.
    """

    def __init__(self, document: dict[str, Any], path: str, method: str, operation: Schema) -> None:
        self.id: str = operation["operationId"]
        self.path = path
        self.method = method.upper()
        self.open = operation.get("security") == [{}]
        """Whether it is open to everybody, control token or not."""
        self._document = document
        self._body = resolved(document, operation.get("requestBody", {}))
        parameters = [*document["paths"][path].get("parameters", ()), *operation.get("parameters", ())]
        self._parameters = [resolved(document, parameter) for parameter in parameters]
        self._checks: dict[str, BodySchema] = {}

    @property
    def max_bytes(self) -> int:
        """Longest body."""
        return MAX_STATE_BYTES if self.path == "/state" else MAX_BODY_BYTES

    def query(self, came: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Returns the parameters of the query, with their defaults.

        Args:
            came: The values of each parameter, in the order in which they came.

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
        defaults = {name: part["schema"]["default"] for name, part in known.items() if "default" in part["schema"]}
        return defaults | {name: self._value(known[name], values) for name, values in came.items()}

    def check_path(self, values: Mapping[str, str]) -> None:
        """Checks the parameters of the path.

        Raises:
            Problem: One is impossible.
        """
        for parameter in self._in("path"):
            self._check(parameter, values[parameter["name"]])

    def body(self, headers: Mapping[bytes, bytes], raw: bytes) -> Any:
        """Returns the parsed body, which satisfies the document; empty if none came and none is wanted.

        Raises:
            Problem: It is missing, not JSON, or does not satisfy the document.
        """
        if not raw or raw.isspace():
            if self._body.get("required"):
                fields = possible_at(self._document, narrowed(self._document, self._shape, {}), "")
                raise Problem(400, "Send a JSON object as the body.", "", "a JSON object", "no body", fields)
            return {}
        secret = self._schema.secret
        try:
            check_media_type(headers)
            body = parse(raw, secret=secret)
        except Refused as error:
            raise from_refusal(error) from None
        if (place := beyond(body, "", MAX_NESTING)) is not None:
            raise from_errors([FieldError("" if secret else place, f"at most {MAX_NESTING} levels of nesting", "more")])
        if not self._schema.satisfied_by(body):
            shape = narrowed(self._document, self._shape, body)
            errors = explained(self._document, shape, body, secret=secret)
            raise from_errors(errors, possible_at(self._document, shape, errors[0].pointer))
        return body

    @property
    def _shape(self) -> dict[str, Any]:
        return self._body["content"]["application/json"]["schema"] if self._body else _NOTHING

    @cached_property
    def _schema(self) -> BodySchema:
        places = resolved(self._document, self._shape).get("properties", {})
        secret = any(place.get("x-secret") for place in places.values())
        return BodySchema(spec.json_schema(self._document, self._shape), secret=secret)

    def _in(self, place: str) -> Iterator[dict[str, Any]]:
        return (parameter for parameter in self._parameters if parameter["in"] == place)

    def _value(self, parameter: Schema, came: Sequence[str]) -> Any:
        schema = parameter["schema"]
        if schema.get("type") == "array":
            value: Any = [part for text in came for part in text.split(",")]
        elif len(came) > 1:
            detail = f"The parameter {parameter['name']} came {len(came)} times."
            raise Problem(400, detail, parameter["name"], "one value", f"{len(came)} values")
        else:
            value = self._scalar(schema, came[0])
        self._check(parameter, value)
        return value

    def _scalar(self, schema: Schema, text: str) -> Any:
        forms = [resolved(self._document, form) for form in schema.get("anyOf", [schema])]
        numeric = any(form["type"] in ("integer", "number") for form in forms)
        value = _number(text) if numeric else text
        if isinstance(value, str) and any(form.get("format") == "date-time" for form in forms):
            return value.replace(" ", "+")  # a plus sign that was not encoded
        return value

    def _check(self, parameter: Schema, value: Any) -> None:
        name, shape = parameter["name"], parameter["schema"]
        if name not in self._checks:
            self._checks[name] = BodySchema(spec.json_schema(self._document, shape))
        if not self._checks[name].satisfied_by(value):
            error = explained(self._document, shape, value)[0]
            possible = possible_at(self._document, shape, error.pointer)
            raise Problem(400, f"{name}: {error.message}.", name, error.expected, error.got, possible)


def verbs(document: dict[str, Any]) -> list[Verb]:
    """Returns the operations of the document, in its order."""
    return [Verb(document, path, method, operation) for path, method, operation in spec.operations(document)]


def _number(text: str) -> Any:
    """Returns a number if it is one; otherwise the text, which no schema of a number allows."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value if isinstance(value, int | float) and not isinstance(value, bool) else text
