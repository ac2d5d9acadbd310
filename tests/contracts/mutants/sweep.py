"""Mutants that nobody thought of: every member of every answer of the contract, changed into another valid value."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from casavi_contracts.contract import VERSIONS, Contract
from tests.contracts.mutants.mutant import Mutant, mutant
from tests.contracts.mutants.toolkit import Edit, change, drop, on, text
from tests.support.tamper import Request

Schema = Mapping[str, Any]


def swept() -> Iterator[Mutant]:
    """Yields a mutant for each way to change a member of a good answer."""
    for version in VERSIONS:
        contract = Contract(version)
        for name, operation in contract.operations.items():
            status = str(contract.success(name))
            schema = operation.document["responses"][status]["content"]["application/json"]["schema"]
            for path, place, required in members(contract, schema):
                for how, edit in changes(contract, place, path, required=required):
                    yield mutant(
                        f"{version}:{name}:{path}:{how}",
                        f"In answers of {name} {path} is {how}.",
                        on(name, version=version).good().answer(edit),
                        check="",
                        versions=(version,),
                    )


def swept_imports() -> Iterator[Mutant]:
    """Yields a mutant for each way to change a member of what is imported."""
    for version in VERSIONS:
        contract = Contract(version)
        body = contract.operations["importMasterData"].document["requestBody"]
        for path, place, required in members(contract, body["content"]["application/json"]["schema"]):
            for how, edit in changes(contract, place, path, required=True):
                if required and how in ("missing", "empty", "an empty text"):
                    continue  # such an import would be refused, as it should be
                yield mutant(
                    f"{version}:importMasterData>{path}:{how}",
                    f"In imports {path} is {how}.",
                    on("importMasterData", version=version).asked_instead(edited(edit)),
                    check="",
                    versions=(version,),
                )


def edited(edit: Edit) -> Callable[[Request], Request]:
    """Returns what edits the body of a request.

    It leaves alone what has nothing to edit, to the byte: a body that is no JSON or violates the contract stays so.
    """

    def changed(request: Request) -> Request:
        value = request.json
        try:
            other = request.with_json(edit(value))
        except (TypeError, ValueError, AttributeError, LookupError, OverflowError):
            return request
        return request if other.body == request.with_json(value).body else other

    return changed


def members(contract: Contract, schema: Schema, path: str = "") -> Iterator[tuple[str, Schema, bool]]:
    """Yields path, schema and whether it has to be there, of every member inside a schema."""
    schema = resolved(contract, schema)
    if "properties" in schema:
        for name, inner in schema["properties"].items():
            below = f"{path}/{name}" if path else name
            yield below, resolved(contract, inner), name in schema.get("required", ())
            yield from members(contract, inner, below)
    elif schema.get("type") == "array":
        yield from members(contract, schema["items"], f"{path}/*")


def resolved(contract: Contract, schema: Schema) -> Schema:
    """Returns what a reference leads to."""
    while "$ref" in schema:
        found: Any = contract.document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    if "allOf" in schema:
        return {**resolved(contract, schema["allOf"][0]), **schema}
    if "anyOf" in schema and "properties" not in schema:
        return resolved(contract, schema["anyOf"][0])
    return schema


def changes(contract: Contract, schema: Schema, path: str, *, required: bool) -> Iterator[tuple[str, Edit]]:
    """Yields words and edit of every way to change a member."""
    if required:
        yield "missing", drop(path)
    if schema.get("nullable"):
        yield "always null", change(path, lambda value: None)
        yield "never null", change(path, lambda value: filler(schema) if value is None else value)
    for how, edit in BY_KIND.get(kind(schema), {}).items():
        yield how, change(path, lambda value, edit=edit: value if value is None else edit(value))
    if "enum" in schema:
        yield "another word", change(path, lambda value: another(schema, value))


def kind(schema: Schema) -> str:
    """Returns what sort of value a schema describes, for the table of changes."""
    sort = str(schema.get("type"))
    if sort == "string":
        return "enum" if "enum" in schema else str(schema.get("format", sort))
    return "map" if sort == "object" and "properties" not in schema else sort


BY_KIND: Mapping[str, Mapping[str, Edit]] = {
    "date": {"a day later": lambda value: next_day(value)},
    "date-time": {"a second later": lambda value: later(value)},
    "string": {"another text": text(lambda value: f"{value}x"), "an empty text": text(lambda value: "")},
    "integer": {"one more": lambda value: value + 1, "zero": lambda value: 0},
    "number": {"one more": lambda value: value + 1, "zero": lambda value: 0},
    "boolean": {"turned round": lambda value: not value},
    "array": {
        "without its last": lambda value: value[:-1],
        "with its last twice": lambda value: [*value, *value[-1:]],
        "in reverse": lambda value: value[::-1],
        "empty": lambda value: [],
    },
    "map": {"without its first": lambda value: dict([*value.items()][1:]), "empty": lambda value: {}},
}
"""How a value is changed into another one of its kind."""


def filler(schema: Schema) -> Any:
    """Returns a value where there is none."""
    if schema.get("type") != "string":
        return {}
    if "enum" in schema:
        return schema["enum"][0]
    return {"date-time": "2026-01-05T08:00:00.000Z", "date": "2026-01-05"}.get(schema.get("format", ""), "x")


def another(schema: Schema, value: Any) -> Any:
    """Returns another value of an enumeration."""
    return value and next((word for word in schema["enum"] if word not in (value, None)), value)


def later(told: str) -> str:
    """Returns a moment a second later, in the same form."""
    return (datetime.fromisoformat(told) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def next_day(told: str) -> str:
    """Returns the day after, in the same form."""
    return (date.fromisoformat(told[:10]) + timedelta(days=1)).isoformat() + told[10:]
