"""A vendor's OpenAPI document (2.0, 3.0 or 3.1), read into operations and shapes.

References are followed inside the file alone; what points elsewhere is told, never fetched. Recursion is bounded, and
so is the work as a whole.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from casavi_contracts.observe.files import UnreadableError

METHODS = ("get", "put", "post", "delete", "patch")
JSON_KINDS = ("application/json", "application/problem+json", "application/hal+json", "text/json", "*/*")

_MAX_HOPS = 50
_MAX_NESTING = 16
"""How deeply `allOf` and alternatives are followed."""

_MAX_WORK = 200_000
"""Schemas that are looked at, all together."""

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Response:
    """What an operation may answer with a status."""

    status: int
    media_types: tuple[str, ...]
    own_media_types: bool
    """Whether they are told for this response and not for the operation as a whole, as in OpenAPI 2.0."""
    schema: Schema | None
    headers: frozenset[str]
    """Names in lower case."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document."""

    method: str
    """In capitals."""
    base: str
    """What the servers put before its path; no slash at its end."""
    path: str
    name: str
    """Its `operationId`; empty if it has none."""
    parameters: tuple[Mapping[str, Any], ...]
    request: Schema | None
    responses: tuple[Response, ...]
    security: tuple[frozenset[str], ...] | None
    """Alternatives, by the names of their schemes; None if nothing is said, for it or for all."""

    @property
    def title(self) -> str:
        """How it is named to people."""
        return f"{self.method} {self.path}"

    @property
    def whole(self) -> str:
        """The path with what the servers put before it."""
        return self.base + self.path

    def success(self) -> Response | None:
        """Returns the first response with a 2xx that has a body, or else the first 2xx."""
        good = [response for response in self.responses if 200 <= response.status < 300]
        return next((response for response in good if response.schema is not None), next(iter(good), None))


@dataclass(slots=True)
class VendorDocument:
    """An OpenAPI document of the vendor.

    Args:
        raw: As parsed; bounded in size and depth.
        source: Name of the file.
    """

    raw: Mapping[str, Any]
    source: str
    foreign: list[str] = field(default_factory=list)
    """References that lead out of the file, as they stand there without their queries."""
    broken: list[str] = field(default_factory=list)
    """References that lead nowhere."""
    operations: list[Operation] = field(default_factory=list)
    _work: int = 0
    _flat: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.operations = list(self._operations())

    @property
    def swagger(self) -> bool:
        """Whether it is OpenAPI 2.0."""
        return "swagger" in self.raw

    def resolve(self, value: Any) -> Mapping[str, Any]:
        """Returns what a value refers to, through all references; nothing where they lead out or nowhere."""
        for _ in range(_MAX_HOPS):
            if not isinstance(value, Mapping):
                return {}
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            beside = {name: part for name, part in value.items() if name != "$ref"}
            target = self._target(reference)
            if target is None:
                return beside
            value = {**target, **beside} if beside and "$ref" not in target else target
        self._note(self.broken, "a chain of references without an end")
        return {}

    def flat(self, schema: Any, depth: int = 0) -> dict[str, Any]:
        """Returns a schema with its references followed and `allOf` merged.

        `nullable`, a type with `null` and an alternative that is `null` alone all become `nullable: true`; one
        alternative that is left is merged, several stay under `anyOf`, each of them flat.
        """
        reference = schema.get("$ref") if isinstance(schema, Mapping) and len(schema) == 1 else None
        if isinstance(reference, str):
            if reference not in self._flat:
                self._flat[reference] = {}  # what it is where it holds itself
                self._flat[reference] = self._flattened(schema, depth)
            return self._flat[reference]
        return self._flattened(schema, depth)

    def _flattened(self, schema: Any, depth: int) -> dict[str, Any]:
        self._work += 1
        if self._work > _MAX_WORK:
            raise UnreadableError(f"{self.source}: its schemas are too intricate to be followed")
        if depth > _MAX_NESTING:
            return {}
        found = dict(self.resolve(schema))
        parts = [self.flat(part, depth + 1) for part in _list(found.pop("allOf", None))]
        for part in parts:
            _merge(found, part)
        kinds = found.get("type")
        if isinstance(kinds, list):
            real = [kind for kind in kinds if kind != "null"]
            found["nullable"] = found.get("nullable") or len(real) < len(kinds)
            found["type"] = real[0] if len(real) == 1 else None
            if len(real) > 1:
                found["anyOf"] = [*_list(found.get("anyOf")), *({"type": kind} for kind in real)]
        for word in ("anyOf", "oneOf"):
            branches = [self.flat(part, depth + 1) for part in _list(found.pop(word, None))]
            _take_branches(found, branches)
        if found.get("x-nullable") is True:
            found["nullable"] = True
        return found

    def properties(self, schema: Any) -> dict[str, Any]:
        """Returns the members of an object by name, those of its alternatives with them."""
        flat = self.flat(schema)
        found: dict[str, Any] = {}
        for part in (*_list(flat.get("anyOf")), flat):
            if isinstance(part.get("properties"), Mapping):
                found.update({str(name): place for name, place in part["properties"].items()})
        return found

    def items(self, schema: Any) -> dict[str, Any] | None:
        """Returns the schema of an array's items; None if it is no array."""
        flat = self.flat(schema)
        if flat.get("type") == "array" or ("items" in flat and flat.get("type") is None):
            return self.flat(flat.get("items"))
        return None

    def _target(self, reference: str) -> Mapping[str, Any] | None:
        if not reference.startswith("#"):
            self._note(self.foreign, _without_query(reference))
            return None
        target: Any = self.raw
        for part in unquote(reference[1:]).split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(target, list) and name.isdecimal() and int(name) < len(target):
                target = target[int(name)]
            elif isinstance(target, Mapping):
                target = _member(target, name)
            else:
                target = None
        if not isinstance(target, Mapping):
            self._note(self.broken, reference[:80])
            return None
        return target

    def _note(self, notes: list[str], text: str) -> None:
        if text not in notes and len(notes) < 100:
            notes.append(text)

    def _operations(self) -> Iterator[Operation]:
        paths = self.raw.get("paths")
        if not isinstance(paths, Mapping):
            return
        for path, item in paths.items():
            whole = self.resolve(item)
            for method in METHODS:
                told = whole.get(method)
                if isinstance(told, Mapping) and str(path).startswith("/"):
                    yield self._operation(method, str(path), whole, told)

    def _operation(self, method: str, path: str, item: Mapping[str, Any], told: Mapping[str, Any]) -> Operation:
        parameters = [self.resolve(each) for each in (*_list(item.get("parameters")), *_list(told.get("parameters")))]
        servers = told.get("servers") or item.get("servers") or self.raw.get("servers")
        base = str(self.raw.get("basePath") or "") if self.swagger else _server_path(servers)
        return Operation(
            method=method.upper(),
            base=base.rstrip("/"),
            path=path if path == "/" else path.rstrip("/"),
            name=str(told.get("operationId") or ""),
            parameters=tuple(each for each in parameters if each.get("in") in ("path", "query", "header")),
            request=self._request(told, parameters),
            responses=tuple(self._responses(told)),
            security=_security(told, self.raw),
        )

    def _request(self, told: Mapping[str, Any], parameters: Sequence[Mapping[str, Any]]) -> Schema | None:
        if self.swagger:
            return next((each.get("schema") for each in parameters if each.get("in") == "body"), None)
        schema: Schema | None = self._json(self.resolve(told.get("requestBody")).get("content"))[1]
        return schema

    def _responses(self, told: Mapping[str, Any]) -> Iterator[Response]:
        answers = told.get("responses")
        for status, answer in answers.items() if isinstance(answers, Mapping) else ():
            if not str(status).isdecimal():
                continue
            found = self.resolve(answer)
            headers = found.get("headers")
            names = frozenset(str(name).lower() for name in headers) if isinstance(headers, Mapping) else frozenset()
            if self.swagger:
                kinds = tuple(map(str, _list(told.get("produces") or self.raw.get("produces"))))
                yield Response(int(status), kinds, False, found.get("schema"), names)
            else:
                kinds, schema = self._json(found.get("content"))
                yield Response(int(status), kinds, True, schema, names)

    def _json(self, content: Any) -> tuple[tuple[str, ...], Any]:
        if not isinstance(content, Mapping) or not content:
            return (), None
        kinds = {str(kind).partition(";")[0].strip().lower(): media for kind, media in content.items()}
        chosen = next((kind for kind in (*JSON_KINDS, *kinds) if kind in kinds), None)
        return tuple(kinds), self.resolve(kinds[chosen]).get("schema") if chosen else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _member(target: Mapping[Any, Any], name: str) -> Any:
    if name in target:
        return target[name]
    return target.get(int(name)) if name.isdecimal() else None  # a status, which YAML reads as a number


def _merge(found: dict[str, Any], part: Mapping[str, Any]) -> None:
    for name, value in part.items():
        if name == "properties" and isinstance(value, Mapping):
            own = found.get("properties")
            found["properties"] = {**value, **(own if isinstance(own, Mapping) else {})}
        elif name == "required":
            found["required"] = [*dict.fromkeys([*_list(found.get("required")), *_list(value)])]
        elif name == "anyOf":
            found["anyOf"] = [*_list(found.get("anyOf")), *_list(value)]
        else:
            found.setdefault(name, value)


def _take_branches(found: dict[str, Any], branches: Sequence[Mapping[str, Any]]) -> None:
    real = [branch for branch in branches if branch.get("type") != "null" and branch.get("enum") != [None]]
    if len(real) < len(branches) or any(branch.get("nullable") for branch in real):
        found["nullable"] = True
    if len(real) == 1 and "anyOf" not in found:
        _merge(found, real[0])
    elif real:
        found["anyOf"] = [*_list(found.get("anyOf")), *real]


def _server_path(servers: Any) -> str:
    first = next((each for each in _list(servers) if isinstance(each, Mapping)), {})
    url = str(first.get("url") or "")
    variables = first.get("variables")
    for name, variable in variables.items() if isinstance(variables, Mapping) else ():
        if isinstance(variable, Mapping):
            url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    try:
        return urlsplit(url).path.rstrip("/")
    except ValueError:
        return ""


def _security(told: Mapping[str, Any], raw: Mapping[str, Any]) -> tuple[frozenset[str], ...] | None:
    said = told.get("security", raw.get("security"))
    if not isinstance(said, list):
        return None
    return tuple(frozenset(map(str, each)) for each in said if isinstance(each, Mapping))


def _without_query(reference: str) -> str:
    return re.sub(r"//[^/@]*@", "//", reference.partition("?")[0])[:80]
