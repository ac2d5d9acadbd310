"""A request to import, taken apart: its records with their places, and what of it the contract does not know."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs

from casavi_contracts import spec
from casavi_contracts.contract import Contract

Key = tuple[Any, ...]
"""The values of the fields by which a record is found again."""


@dataclass(eq=False, slots=True)
class Entry:
    """One record of a request."""

    shape: spec.Shape
    entity: str
    key: Key
    pointer: str
    data: Mapping[str, Any] = field(repr=False)
    parent: "Entry | None" = None
    """The record that it stands in."""
    street: str | None = None
    """The address of its parent that it stands at."""

    @property
    def id(self) -> str | None:
        """The reference id; None where it has none."""
        return self.data.get("id")

    def references(self) -> Iterator[tuple[str, spec.Reference, str]]:
        """Yields place below the record, reference and id for each record that this one names, parts included."""
        for reference in self.shape.references:
            yield from _named(self.data, reference, "")
        for child in self.shape.children:
            if child.shape.entity is None:
                for index, part in enumerate(self.data.get(child.key) or ()):
                    for reference in child.shape.references:
                        yield from _named(part, reference, f"/{child.key}/{index}")


def _named(data: Mapping[str, Any], reference: spec.Reference, place: str) -> Iterator[tuple[str, spec.Reference, str]]:
    target = data.get(reference.field)
    if target is not None:
        yield f"{place}/{reference.field}", reference, target


def entries(body: Mapping[str, Any], shape: spec.Shape) -> list[Entry]:
    """Returns the records of a request in the order in which they are imported: by stage, then as they stand there."""
    return sorted(_below(body, shape, "", None, None), key=lambda entry: entry.shape.stage)


def _below(
    data: Mapping[str, Any], shape: spec.Shape, pointer: str, parent: Entry | None, street: str | None
) -> Iterator[Entry]:
    for child in shape.children:
        for index, item in enumerate(data.get(child.key) or ()):
            place, inner = f"{pointer}/{child.key}/{index}", child.shape
            if inner.entity is None:  # a part, such as an address: what is in it belongs to the same record
                yield from _below(item, inner, place, parent, item.get("street"))
                continue
            key = tuple(item[name] for name in inner.identity)
            entry = Entry(inner, inner.entity, key, place, item, parent, street)
            yield entry
            yield from _below(item, inner, place, entry, None)


def unknown_fields(body: Mapping[str, Any], shape: spec.Shape) -> dict[tuple[str, str], list[str]]:
    """Returns the pointers of all members that the contract does not know, by schema and name."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, pointer in _unknown(body, shape, ""):
        found.setdefault(name, []).append(pointer)
    return found


def _unknown(data: Mapping[str, Any], shape: spec.Shape, pointer: str) -> Iterator[tuple[tuple[str, str], str]]:
    for name in sorted(data.keys() - shape.fields):
        yield (shape.name, name), f"{pointer}/{escaped(name)}"
    for child in shape.children:
        for index, item in enumerate(data.get(child.key) or ()):
            yield from _unknown(item, child.shape, f"{pointer}/{child.key}/{index}")


def wrong_places(contract: Contract, body: Any) -> list[str]:
    """Returns the JSON pointers of the places where a request does not satisfy the contract.

    A record of which one of several fields must be right is wrong as a whole; if such a field is wrong by itself too,
    there is one wrong place and not two.
    """
    pointers = []
    for error, fields in _errors(contract, body):
        kind: Any = error.kind
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
            pointers += [f"{_pointer(error)}/{escaped(name)}" for name in kind.unexpected]
        elif fields is not None:
            pointers.append(_pointer(error))
    return pointers


def stand_ins(contract: Contract, body: Any) -> dict[str, str]:
    """Returns places in wrong records that a refusal may name in the stead of the record, and those of the records."""
    return {field: _pointer(error) for error, fields in _errors(contract, body) for field in fields or ()}


def _errors(contract: Contract, body: Any) -> Iterator[tuple[Any, set[str] | None]]:
    """Yields each error with the fields of which one must be right; None if one of them is an error by itself."""
    errors = [*contract.request_errors("importMasterData", body)]
    found = {_pointer(error) for error in errors}
    for error in errors:
        kind: Any = error.kind
        branches = kind.context if isinstance(kind, jsonschema_rs.ValidationErrorKind.AnyOf) else ()
        fields = {_pointer(inner) for branch in branches for inner in branch} - {_pointer(error)}
        yield error, fields if fields.isdisjoint(found) else None


def _pointer(error: Any) -> str:
    return "".join(f"/{escaped(str(part))}" for part in error.instance_path)


def escaped(name: str) -> str:
    """Returns a member name as it stands in a JSON pointer. Source: RFC 6901."""
    return name.replace("~", "~0").replace("/", "~1")
