"""The operations of the control plane as commands see them: what each takes, and the request that comes of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote

import click
import orjson

from casavi_contracts import spec
from casavi_mock.cli.control.client import Request
from casavi_mock.control.document import Document, Schema, resolved
from casavi_mock.server.textfiles import mark_length


@dataclass(frozen=True, slots=True)
class Place:
    """One value that a request has room for."""

    where: str
    """`path`, `query` or `body`."""
    names: tuple[str, ...]
    """Its name; in a body the names of the fields that lead to it."""
    schema: Schema
    argument: bool
    """Whether its position tells what it is, and not an option."""
    required: bool

    @property
    def id(self) -> str:
        """The name of its click parameter, unique in its operation."""
        return "_".join((self.where, *self.names)).replace("-", "_").lower()

    @property
    def word(self) -> str:
        """What help and error texts call it: the option, such as `--job-seconds`, or the argument, such as `JOB`."""
        if self.argument:
            return str(self.schema.get("x-metavar", self.names[-1].upper()))
        return f"--{self.schema.get('x-option', kebab(self.names[-1]))}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    summary: str
    command: Mapping[str, Any]
    """How the command line shows it: the member `x-command`."""
    body: Schema
    """The schema of its body; empty if it takes none."""
    places: tuple[Place, ...]
    choices: Mapping[str, Mapping[str, set[str]]]
    """For a field of the body that is one of several: what the others need beside the value that chooses, by value."""
    tag: str
    """What it is about."""
    formats: tuple[str, ...]
    """Forms of its answer that go into files."""

    def fits(self, given: Mapping[str, Any]) -> bool:
        """Whether all arguments that it needs are given."""
        return all(place.id in given for place in self.places if place.argument and place.required)

    def request(self, given: Mapping[str, Any], **query: str) -> Request:
        """Returns the request.

        Args:
            given: Values by the id of their place; a body out of a file as `file`.
            query: Further parameters.

        Raises:
            click.UsageError: Something is missing in the body.
        """
        values = [(place, given[place.id]) for place in self.places if place.id in given]
        path = self.path
        for place, value in values:
            if place.where == "path":
                path = path.replace(f"{{{place.names[0]}}}", quote(value, safe=""))
        query |= {place.names[0]: _written(value) for place, value in values if place.where == "query"}
        body = _read(given["file"]) if self.command.get("body") == "file" else self._body(values)
        return Request(method=self.method, path=path, query=query, body=body)

    def _body(self, values: Sequence[tuple[Place, Any]]) -> bytes | None:
        if not self.body:
            return None
        body: dict[str, Any] = {}
        for place, value in values:
            if place.argument and value in self.command.get("words", ()):
                return orjson.dumps(self.command["words"][value])
            if place.where == "body":
                inside = body
                for name in place.names[:-1]:
                    inside = inside.setdefault(name, {})
                inside[place.names[-1]] = value
        if len(body) < self.body.get("minProperties", 0):
            words = ", ".join(place.word for place in self.places if place.where == "body")
            raise click.UsageError(f"give at least one of {words}")
        for field in self.choices:
            body[field] = self._chosen(field, body.get(field, {}))
        return orjson.dumps(body)

    def _chosen(self, field: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns a field that is one of several, with the value that chooses, which what is beside it may tell."""
        chooser = self.body["properties"][field]["discriminator"]["propertyName"]
        needed = self.choices[field]
        fitting = (name for name, fields in needed.items() if fields and fields <= value.keys())
        chosen = value.get(chooser) or next(fitting, None)
        if chosen is None:
            flags = sorted({f"--{kebab(name)}" for fields in needed.values() for name in fields})
            every = ", ".join(needed)
            raise click.UsageError(f"say what happens: {', '.join(flags)}, or --{chooser} with one of {every}")
        return {**value, chooser: chosen}


def operations_of(document: Document) -> dict[str, Operation]:
    """Returns the operations by their id, apart from those that another one's command carries out."""
    found = {}
    for path, method, node in spec.operations(dict(document)):
        if "name" in node.get("x-command", ()):
            parameters = [*document["paths"][path].get("parameters", ()), *node.get("parameters", ())]
            found[node["operationId"]] = _operation(
                document, path, method, node, [resolved(document, parameter) for parameter in parameters]
            )
    return found


def kebab(name: str) -> str:
    """Returns the name of a field as the command line writes it."""
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).replace("_", "-")


def _operation(
    document: Document, path: str, method: str, node: Schema, parameters: Sequence[Mapping[str, Any]]
) -> Operation:
    command = node["x-command"]
    sent = resolved(document, node.get("requestBody", {}))
    body = resolved(document, sent["content"]["application/json"]["schema"]) if sent else {}
    places = [*_parameters(document, parameters)]
    if command.get("body") != "file":
        places += _fields(document, body, command.get("arguments", ()))
    formats = (one["schema"]["enum"] for one in parameters if one["name"] == "format")
    return Operation(
        method=method.upper(),
        path=path,
        summary=node["summary"],
        command=command,
        body=body,
        places=tuple(places),
        choices=dict(_choices(document, body)),
        tag=node["tags"][0],
        formats=tuple(name for name in next(formats, ()) if name != "json"),
    )


def _parameters(document: Document, parameters: Sequence[Mapping[str, Any]]) -> Iterator[Place]:
    for one in parameters:
        if one["in"] != "header" and one["name"] != "format":
            extensions = {name: value for name, value in one.items() if name.startswith("x-")}
            told = {"description": one.get("description", ""), **resolved(document, one["schema"]), **extensions}
            yield Place(one["in"], (one["name"],), told, one["in"] == "path", one.get("required", False))


def _fields(
    document: Document, schema: Schema, arguments: Sequence[str], before: tuple[str, ...] = ()
) -> Iterator[Place]:
    """Yields the fields of an object and of those inside it, each once, whatever alternatives it stands in."""
    found: dict[str, dict[str, Any]] = {}
    for form in [schema, *(resolved(document, form) for form in schema.get("oneOf", ()))]:
        for name, node in form.get("properties", {}).items():
            part = resolved(document, node)
            values = [*found.get(name, {}).get("enum", ()), *part.get("enum", ())]
            found[name] = {**part, "enum": values} if values else part
    for name, part in found.items():
        if "oneOf" in part:
            yield from _fields(document, part, (), (*before, name))
        else:
            required = name in arguments and "default" not in part
            yield Place("body", (*before, name), part, name in arguments, required)


def _choices(document: Document, body: Schema) -> Iterator[tuple[str, Mapping[str, set[str]]]]:
    for name, node in body.get("properties", {}).items():
        if chooser := node.get("discriminator"):
            forms = {value: resolved(document, {"$ref": place}) for value, place in chooser["mapping"].items()}
            yield name, {value: set(form["required"]) - {chooser["propertyName"]} for value, form in forms.items()}


def _read(file: BinaryIO) -> bytes:
    """Returns what is in a file, without a byte order mark."""
    content = file.read()
    return content[mark_length(content, getattr(file, "name", "standard input")) :]


def _written(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)
