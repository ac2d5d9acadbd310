"""Puts the records of one import request into the order in which they are imported.

Inside one request order never matters: contacts and properties first, then units and responsibilities, finally
documents. Source: facts page, section 8.1; the stages come from the marks in the contract document.
"""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field

from casavi_mock.domain.model import Json, Key, RecordWarning, Shape

MAX_WARNINGS = 100
"""Different unknown fields that one job names; a hostile body cannot make the list longer."""


@dataclass(slots=True, eq=False)
class PlannedRecord:
    """One record of a request, with its place in it."""

    shape: Shape
    entity: str
    key: Key
    pointer: str
    data: Mapping[str, Json]
    parent: "PlannedRecord | None"
    """The record that it stands in."""
    part: Mapping[str, Json] | None
    """The part of the parent that it stands in: the address of a unit."""

    @property
    def id(self) -> str | None:
        """The reference id; None where the record has none."""
        return self.key if isinstance(self.key, str) else None


@dataclass(slots=True)
class Plan:
    """The records of one request in import order."""

    records: list[PlannedRecord]
    duplicates: frozenset[tuple[str, Key]]
    """Entity and key of the records that occur more than once."""
    warnings: list[RecordWarning]


def plan(body: Mapping[str, Json], shape: Shape) -> Plan:
    """Returns the plan of an import at once.

    Args:
        body: An import request that satisfies the contract.
        shape: The shape of the import's body, from the contract document.
    """
    steps = planning(body, shape, every=1 << 30)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Plan = end.value
            return result


def planning(body: Mapping[str, Json], shape: Shape, every: int) -> Generator[None, None, Plan]:
    """Plans an import in slices: yields after so many records, and returns the plan.

    Args:
        body: An import request that satisfies the contract.
        shape: The shape of the import's body, from the contract document.
        every: Records between two pauses.
    """
    scan = _Scan(every)
    yield from scan.visit(body, shape, "", None, None)
    scan.records.sort(key=lambda record: record.shape.stage)  # stable: document order inside a stage
    return Plan(scan.records, frozenset(scan.duplicates), scan.unknown.warnings())


@dataclass(slots=True)
class _Scan:
    every: int
    records: list[PlannedRecord] = field(default_factory=list)
    seen: dict[str, set[Key]] = field(default_factory=dict)
    """Keys by entity."""
    duplicates: set[tuple[str, Key]] = field(default_factory=set)
    unknown: "_UnknownFields" = field(default_factory=lambda: _UnknownFields())  # noqa: PLW0108  # defined below

    def visit(
        self,
        data: Mapping[str, Json],
        shape: Shape,
        pointer: str,
        parent: PlannedRecord | None,
        part: Mapping[str, Json] | None,
    ) -> Generator[None, None, None]:
        if not data.keys() <= shape.fields:
            self.unknown.add(shape.name, pointer, data.keys() - shape.fields)
        if shape.entity is not None:
            parent, part = self._record(data, shape, shape.entity, pointer, parent, part), None
            if len(self.records) % self.every == 0:
                yield
        elif parent is not None:
            part = data
        for child in shape.children:
            items = data.get(child.key) or ()
            if child.shape.entity is not None and not child.shape.children:
                yield from self._leaves(items, child.shape, child.shape.entity, f"{pointer}/{child.key}", parent, part)
                continue
            for index, item in enumerate(items):
                yield from self.visit(item, child.shape, f"{pointer}/{child.key}/{index}", parent, part)

    def _leaves(
        self,
        items: Iterable[Mapping[str, Json]],
        shape: Shape,
        entity: str,
        pointer: str,
        parent: PlannedRecord | None,
        part: Mapping[str, Json] | None,
    ) -> Generator[None, None, None]:
        """Does what `visit` does, for records in which no others stand; most do not, so this saves most of the time."""
        for index, item in enumerate(items):
            if not item.keys() <= shape.fields:
                self.unknown.add(shape.name, f"{pointer}/{index}", item.keys() - shape.fields)
            self._record(item, shape, entity, f"{pointer}/{index}", parent, part)
            if len(self.records) % self.every == 0:
                yield

    def _record(
        self,
        data: Mapping[str, Json],
        shape: Shape,
        entity: str,
        pointer: str,
        parent: PlannedRecord | None,
        part: Mapping[str, Json] | None,
    ) -> PlannedRecord:
        key: Key = data["id"] if shape.identity == ("id",) else tuple(data[name] for name in shape.identity)
        seen = self.seen.setdefault(entity, set())
        if key in seen:
            self.duplicates.add((entity, key))
        seen.add(key)
        record = PlannedRecord(shape, entity, key, pointer, data, parent, part)
        self.records.append(record)
        return record


class _UnknownFields:
    """Unknown fields, counted by the schema that does not know them."""

    __slots__ = ("_counts", "_first", "_left_out")

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], str] = {}
        self._counts: dict[tuple[str, str], int] = {}
        self._left_out = 0

    def add(self, schema: str, pointer: str, names: set[str]) -> None:
        for name in sorted(names):
            place = (schema, name)
            if place in self._counts:
                self._counts[place] += 1
            elif len(self._counts) < MAX_WARNINGS:
                self._first[place] = f"{pointer}/{escaped(name)}"
                self._counts[place] = 1
            else:
                self._left_out += 1

    def warnings(self) -> list[RecordWarning]:
        found = [
            RecordWarning(
                self._first[place], "unknown-field", f"{place[0]} has no field {place[1][:100]!r}; it was left out", n
            )
            for place, n in self._counts.items()
        ]
        if self._left_out:
            found.append(RecordWarning("", "unknown-field", "further unknown fields were left out", self._left_out))
        return found


def escaped(name: str) -> str:
    """Returns a member name as it stands in a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
