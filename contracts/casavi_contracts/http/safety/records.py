"""What an import would create, read from its body before it is sent."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from casavi_contracts import spec

Records = Callable[[bytes], list[tuple[str, str | None]]]
"""Returns entity and reference id of every record in a body; nothing if it holds none."""


def records_of(shape: spec.Shape) -> Records:
    """Returns what finds the records in the body of an import, whatever else is wrong with it.

    Args:
        shape: Of the import, as `casavi_contracts.spec.import_shape` returns it.
    """

    def find(body: bytes) -> list[tuple[str, str | None]]:
        try:
            return list(_found(shape, json.loads(body)))
        except (ValueError, RecursionError):  # no JSON, so nothing that could be imported
            return []

    return find


def _found(shape: spec.Shape, value: Any) -> Iterator[tuple[str, str | None]]:
    for child in shape.children:
        members = value.get(child.key) if isinstance(value, dict) else None
        for member in members if isinstance(members, list) else ():
            if child.shape.entity is not None and isinstance(member, dict):
                reference = member.get("id")
                yield child.shape.entity, reference if isinstance(reference, str) else None
            yield from _found(child.shape, member)
