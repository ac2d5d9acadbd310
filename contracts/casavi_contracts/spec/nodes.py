"""The parts of a compiled answer: each shows its value in a body, and reads it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from casavi_contracts.spec.roles import OUTCOMES, Role

Json = Any
Scopes = Mapping[str, Any]
"""The values of the answer, and of the items of lists around a place, by their roots."""


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()
"""Stands for a value that there is not: its member is left out."""


class Node(Protocol):
    """A part of an answer."""

    def show(self, scopes: Scopes) -> Json:
        """Returns its value in a body, or ABSENT."""

    def read(self, body: Json, found: dict[str, Any]) -> None:
        """Writes what a body has in its place into the values of the roots."""


def value_at(values: Any, path: tuple[str, ...]) -> Any:
    """Returns a value; None inside of what is None, ABSENT where there is none."""
    for name in path:
        if values is None:
            return None
        if not isinstance(values, Mapping) or name not in values:
            return ABSENT
        values = values[name]
    return values


def _put(found: dict[str, Any], root: str, path: tuple[str, ...], value: Any) -> None:
    values = found.setdefault(root, {})
    for name in path[:-1]:
        if not isinstance(values.get(name), dict):
            if value is None and name in values:
                return
            values[name] = {}
        values = values[name]
    values[path[-1]] = value


@dataclass(frozen=True, slots=True)
class Constant:
    """What stands there whatever the values are."""

    value: Json

    def show(self, scopes: Scopes) -> Json:
        """Returns it."""
        return self.value

    def read(self, body: Json, found: dict[str, Any]) -> None:
        """Tells nothing."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value as it is, whatever it holds."""

    role: Role

    def show(self, scopes: Scopes) -> Json:
        """Returns the value."""
        values = scopes[self.role.root]
        return self.role.make(values) if self.role.make else value_at(values, self.role.path)

    def read(self, body: Json, found: dict[str, Any]) -> None:
        """Takes it over."""
        _put(found, self.role.root, self.role.path, body)


@dataclass(frozen=True, slots=True)
class Single:
    """A single value, under another name where the document gives it one."""

    role: Role
    mapping: tuple[tuple[Any, Any], ...] = ()
    """What is shown in place of a value."""

    def show(self, scopes: Scopes) -> Json:
        """Returns the value as it is called here."""
        values = scopes[self.role.root]
        value = self.role.make(values) if self.role.make else value_at(values, self.role.path)
        return next((theirs for ours, theirs in self.mapping if ours == value), value)

    def read(self, body: Json, found: dict[str, Any]) -> None:
        """Takes the value over by its own name; what may stand for several is passed over."""
        if sum(theirs == body for _, theirs in self.mapping) > 1:
            return
        value = next((ours for ours, theirs in self.mapping if theirs == body), body)
        path = self.role.path
        if value is None and self.role.loose:  # the object may be null, and is shown in parts
            known = value_at(found.get(self.role.root, {}), path[:-1])
            if known is ABSENT or known is None:
                _put(found, self.role.root, path[:-1], None)
                return
        _put(found, self.role.root, path, value)


@dataclass(frozen=True, slots=True)
class Members:
    """An object: of the shipped document if it has a role, or one that only holds others together."""

    members: tuple[tuple[str, Node], ...]
    role: Role | None = None

    def show(self, scopes: Scopes) -> Json:
        """Returns the object; None or ABSENT if the value is."""
        if self.role:
            value = value_at(scopes[self.role.root], self.role.path)
            if value is None or value is ABSENT:
                return value
        shown = [(name, node.show(scopes)) for name, node in self.members]
        return {name: value for name, value in shown if value is not ABSENT}

    def read(self, body: Json, found: dict[str, Any]) -> None:
        """Reads each member that is there."""
        if self.role and body is None:
            _put(found, self.role.root, self.role.path, None)
        if not isinstance(body, dict):
            return
        if self.role and value_at(found.get(self.role.root, {}), self.role.path) in (None, ABSENT):
            _put(found, self.role.root, self.role.path, {})
        for name, node in self.members:
            if name in body:
                node.read(body[name], found)


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    role: Role
    item: Node

    def show(self, scopes: Scopes) -> Json:
        """Returns the list."""
        values = scopes[self.role.root]
        value = self.role.make(values) if self.role.make else value_at(values, self.role.path)
        if value is None or value is ABSENT:
            return value
        return [self.item.show({**scopes, self.role.items: one}) for one in value]

    def read(self, body: Json, found: dict[str, Any]) -> None:
        """Reads every item."""
        items = []
        for one in body if isinstance(body, list) else ():
            inner: dict[str, Any] = {}
            self.item.read(one, inner)
            items.append(inner.get(self.role.items, {}))
        _put(found, self.role.root, self.role.path, items if isinstance(body, list) else body)


@dataclass(frozen=True, slots=True)
class Entries:
    """Counts as a list with an item for each kind of record."""

    role: Role
    members: tuple[tuple[str, str], ...]
    """Name in the item, and what it shows: `entity` or an outcome."""

    def show(self, scopes: Scopes) -> Json:
        """Returns the list."""
        counts = value_at(scopes[self.role.root], self.role.path)
        return [
            {name: {**outcomes, "entity": entity}[what] for name, what in self.members}
            for entity, outcomes in counts.items()
        ]

    def read(self, body: Json, found: dict[str, Any]) -> None:
        """Reads every item under the kind that it names."""
        counts: dict[str, Any] = {}
        for one in body if isinstance(body, list) else ():
            item = {what: one.get(name) for name, what in self.members} if isinstance(one, dict) else {}
            counts[str(item.get("entity"))] = {name: item[name] for name in OUTCOMES if name in item}
        _put(found, self.role.root, self.role.path, counts)
