"""What our own contract calls things, for comparison with what a vendor calls them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from casavi_contracts.observe.document import VendorDocument
from casavi_contracts.observe.roles import Member, plain

_IMPORTED = {
    "Contact": ("contacts",),
    "PropertyImport": ("properties",),
    "Address": ("addresses",),
    "Unit": ("units",),
    "Contract": ("contracts",),
    "Responsibility": ("responsibilities",),
    "Document": ("documents",),
}
"""Schemas of the import by the members under which their arrays stand."""

_MAX_LEVELS = 6


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Our two documents, under the values that are taken until now.

    Args:
        first: The document of version 1.
        second: That of version 2.
    """

    first: Mapping[str, Any]
    second: Mapping[str, Any]

    def schema(self, name: str) -> Mapping[str, Any]:
        """Returns one of our schemas; it is empty if there is none of that name."""
        for document in (self.first, self.second):
            found = document["components"]["schemas"].get(name)
            if isinstance(found, Mapping):
                return found
        return {}

    def fields(self, name: str) -> list[str]:
        """Returns the members of one of our schemas."""
        return [*self.schema(name).get("properties", {})]

    def required(self, name: str) -> set[str]:
        """Returns the required members of one of our schemas."""
        return {*self.schema(name).get("required", ())}

    def job_id_path(self) -> str | None:
        """Returns where the import answers the job id, with dots between names; None if it is not found."""
        return _path_of_id(self.schema("ImportAccepted"), 0)

    def state_names(self) -> list[str]:
        """Returns what the states of a job are called: by an overlay, or else by the assumption."""
        named = _marked_states(self.schema("Job"), 0)
        if named and not all(isinstance(entry, list) for entry in named.values()):
            return [*named]
        return [*self.first["x-assumptions"]["job-status-names"]["value"]]

    def difference(self, name: str, theirs: Iterable[str]) -> str:
        """Returns how a record of the vendor differs from ours, in words; `as-imported` if it does not."""
        ours, found = {*self.fields(name)}, {*theirs}
        told = [f"also {', '.join(sorted(found - ours))}"] if found - ours else []
        told += [f"not {', '.join(sorted(ours - found))}"] if ours - found else []
        return "; ".join(told) or "as-imported"

    def job_difference(self, theirs: set[Member]) -> str | None:
        """Returns how a job of the vendor differs from ours, in words; empty if it does not."""
        ours = {*self.fields("Job")}
        found = {path[0] for path in theirs}
        told = [f"has {', '.join(sorted(found - ours))}"] if found - ours else []
        told += [f"lacks {', '.join(sorted(ours - found))}"] if ours - found else []
        return "; ".join(told)

    def shapes_below(self, document: VendorDocument, request: Any) -> dict[str, Any]:
        """Returns the vendor's schemas of the import by the names of ours, as far as they are found."""
        found: dict[str, Any] = {}
        level = [request]
        for _ in range(_MAX_LEVELS):
            inner = []
            for schema in level:
                for member, place in document.properties(schema).items():
                    items = document.items(place)
                    if items is None:
                        continue
                    for name, words in _IMPORTED.items():
                        if plain(member) in words and name not in found:
                            found[name] = items
                            inner.append(items)
            level = inner
        return found


def _marked_states(place: Any, depth: int) -> Mapping[str, Any]:
    """Returns `x-states`, wherever the state of the job stands; empty if there are none."""
    if not isinstance(place, Mapping) or depth > _MAX_LEVELS:
        return {}
    if isinstance(place.get("x-states"), Mapping):
        return dict(place["x-states"])
    inner = place.get("properties")
    parts = inner.values() if isinstance(inner, Mapping) else ()
    return next((found for part in parts if (found := _marked_states(part, depth + 1))), {})


def _path_of_id(place: Mapping[str, Any], depth: int) -> str | None:
    for name, part in (place.get("properties") or {}).items() if depth <= _MAX_LEVELS else ():
        if part.get("x-value") == "job.id":
            return str(name)
        inner = _path_of_id(part, depth + 1)
        if inner is not None:
            return f"{name}.{inner}"
    return None
