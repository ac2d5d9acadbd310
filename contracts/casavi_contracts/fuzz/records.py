"""The references of an import's body, whatever else is in it."""

from collections.abc import Iterator, Mapping
from typing import Any

from casavi_contracts.spec import Shape, identifiers, records


def references(shape: Shape, body: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yields entity, object and field of every reference that is there and not null."""
    for kind, record in records(shape, body):
        for reference in kind.references:
            if record.get(reference.field) is not None:
                yield reference.entity, record, reference.field


def resolved(shape: Shape, body: Any, known: Mapping[str, Any]) -> tuple[int, int]:
    """Returns how many references of a body lead somewhere, and how many there are.

    Args:
        shape: The shape of the body.
        body: A JSON value.
        known: Containers of the ids that exist, by entity.
    """
    inside = identifiers(shape, body)
    leads = [
        record[field] in inside.get(entity, ()) or record[field] in known.get(entity, ())
        for entity, record, field in references(shape, body)
    ]
    return sum(leads), len(leads)
