"""Puts the records of one import request into the order in which they are imported.

Inside one request order never matters: contacts and properties first, then units and responsibilities, finally
documents. Source: facts page, section 8.1; the stages come from the marks in the contract document.
"""

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import overload

from casavi_mock.domain.model import Json, Key, RecordWarning, Reference, Shape
from casavi_mock.domain.steps import Steps

MAX_WARNINGS = 100
"""Different unknown fields that one job names; a hostile body cannot make the list longer."""

_STAGE = attrgetter("shape.stage")


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

    def references(self) -> Iterator[tuple[str, Reference, str]]:
        """Yields pointer, reference and target of each of its references, those of its parts included."""
        for reference in self.shape.references:
            if (target := self.data.get(reference.field)) is not None:
                yield f"{self.pointer}/{reference.field}", reference, target
        for child in self.shape.children:
            if child.shape.entity is not None or not child.shape.references:
                continue
            for index, part in enumerate(self.data.get(child.key) or ()):
                for reference in child.shape.references:
                    if (target := part.get(reference.field)) is not None:
                        yield f"{self.pointer}/{child.key}/{index}/{reference.field}", reference, target


@dataclass(frozen=True, slots=True)
class Portion:
    """Some records of an array, one after the other, as they came: they are parsed when their turn comes.

    So a large import that waits takes no more room than what was sent. The records hold no other records.
    """

    keys: Sequence[Key]
    """By what they are found again."""
    load: Callable[[], Sequence[Mapping[str, Json]]]
    """Returns them."""
    unknown: Sequence[tuple[int, set[str]]] = ()
    """Names of fields that the contract does not know, each with the record's place in the portion."""


@dataclass(frozen=True, slots=True)
class PlannedPortion:
    """A portion, with its place in the request."""

    shape: Shape
    entity: str
    count: int
    pointer: str
    """That of the array."""
    first: int
    """Index of the first record in the array."""
    load: Callable[[], Sequence[Mapping[str, Json]]]

    def records(self) -> list[PlannedRecord]:
        """Returns the records."""
        shape, entity, pointer = self.shape, self.entity, self.pointer
        return [
            PlannedRecord(shape, entity, _key(data, shape), f"{pointer}/{index}", data, None, None)
            for index, data in enumerate(self.load(), self.first)
        ]


class PlannedRecords(Sequence[PlannedRecord]):
    """Records in import order, of which some are parsed when they are asked for.

    Args:
        parts: Records and portions in import order.
    """

    __slots__ = ("_first", "_loaded", "_parts", "_starts", "_stop")

    def __init__(self, parts: list[PlannedRecord | PlannedPortion]) -> None:
        self._parts = parts
        self._starts = [0]
        for part in parts:
            self._starts.append(self._starts[-1] + (part.count if isinstance(part, PlannedPortion) else 1))
        self._first = self._stop = 0
        self._loaded: list[PlannedRecord] = []
        """Those from `_first` to `_stop`, as they are asked for in order."""

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, index: int) -> PlannedRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[PlannedRecord]: ...
    def __getitem__(self, index: int | slice) -> PlannedRecord | list[PlannedRecord]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        if not self._first <= index < self._stop:
            index = range(len(self))[index]
            self._load(index)
        return self._loaded[index - self._first]

    def _load(self, index: int) -> None:
        number = bisect_right(self._starts, index) - 1
        part = self._parts[number]
        self._loaded = [part] if isinstance(part, PlannedRecord) else part.records()
        self._first, self._stop = self._starts[number], self._starts[number + 1]

    def kinds(self, start: int) -> Counter[str]:
        """Returns how many records of each kind there are from an index on; none is parsed for that."""
        found: Counter[str] = Counter()
        for number in range(bisect_right(self._starts, start) - 1, len(self._parts)):
            found[self._parts[number].entity] += self._starts[number + 1] - max(self._starts[number], start)
        return found


@dataclass(slots=True)
class Plan:
    """The records of one request in import order."""

    records: Sequence[PlannedRecord]
    duplicates: frozenset[tuple[str, Key]]
    """Entity and key of the records that occur more than once."""
    warnings: list[RecordWarning]

    def names(self) -> tuple[tuple[str, str | None], ...]:
        """Returns entity and reference id of its records."""
        return tuple([(one.entity, one.key if isinstance(one.key, str) else None) for one in self.records])

    def targets(self) -> tuple[tuple[str, str], ...]:
        """Returns entity and reference id of everything that its records refer to."""
        return tuple(
            [(reference.entity, target) for record in self.records for _, reference, target in record.references()]
        )

    def kinds(self, start: int) -> Counter[str]:
        """Returns how many records of each kind there are from an index on."""
        if isinstance(self.records, PlannedRecords):
            return self.records.kinds(start)
        return Counter(record.entity for record in self.records[start:])


def plan(body: Mapping[str, Json], shape: Shape) -> Plan:
    """Returns the plan of an import at once.

    Args:
        body: An import request that satisfies the contract.
        shape: The shape of the import's body, from the contract document.
    """
    scan = _Scan(every=1 << 30)
    deque(scan.visit(body, shape, "", None, None), maxlen=0)
    return scan.plan()


def planning(body: Mapping[str, Json], shape: Shape, every: int) -> Steps[Plan]:
    """Plans an import in slices: yields after so many records, and returns the plan.

    Args:
        body: An import request that satisfies the contract.
        shape: The shape of the import's body, from the contract document.
        every: Records between two pauses.
    """
    scan = _Scan(every)
    yield from scan.visit(body, shape, "", None, None)
    return scan.plan()


@dataclass(slots=True)
class _Scan:
    every: int
    parts: list[PlannedRecord | PlannedPortion] = field(default_factory=list)
    seen: dict[str, set[Key]] = field(default_factory=dict)
    """Keys by entity."""
    duplicates: set[tuple[str, Key]] = field(default_factory=set)
    unknown: "_UnknownFields | None" = None
    """None until there is one."""

    def plan(self) -> Plan:
        """Returns the plan of what was visited."""
        self.parts.sort(key=_STAGE)  # stable: document order inside a stage
        records = [part for part in self.parts if isinstance(part, PlannedRecord)]
        whole = len(records) == len(self.parts)
        warnings = self.unknown.warnings() if self.unknown else []
        return Plan(records if whole else PlannedRecords(self.parts), frozenset(self.duplicates), warnings)

    def visit(
        self,
        data: Mapping[str, Json],
        shape: Shape,
        pointer: str,
        parent: PlannedRecord | None,
        part: Mapping[str, Json] | None,
    ) -> Steps[None]:
        if not data.keys() <= shape.fields:
            self._unknown(shape.name, pointer, data.keys() - shape.fields)
        if shape.entity is not None:
            parent, part = self._record(data, shape, shape.entity, pointer, parent, part), None
            if len(self.parts) % self.every == 0:
                yield
        elif parent is not None:
            part = data
        for child in shape.children:
            items = data.get(child.key)
            if not items:
                continue
            if child.shape.entity is not None and not child.shape.children:
                yield from self._leaves(items, child.shape, child.shape.entity, f"{pointer}/{child.key}", parent, part)
                continue
            for index, item in enumerate(items):
                yield from self.visit(item, child.shape, f"{pointer}/{child.key}/{index}", parent, part)

    def _leaves(
        self,
        items: Iterable[Mapping[str, Json] | Portion],
        shape: Shape,
        entity: str,
        pointer: str,
        parent: PlannedRecord | None,
        part: Mapping[str, Json] | None,
    ) -> Steps[None]:
        """Does what `visit` does, for records in which no others stand; most do not, so this saves most of the time."""
        index = 0
        for item in items:
            if isinstance(item, Portion):
                self._portion(item, shape, entity, pointer, index)
                index += len(item.keys)
                yield
                continue
            if not item.keys() <= shape.fields:
                self._unknown(shape.name, f"{pointer}/{index}", item.keys() - shape.fields)
            self._record(item, shape, entity, f"{pointer}/{index}", parent, part)
            index += 1
            if len(self.parts) % self.every == 0:
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
        key = _key(data, shape)
        seen = self.seen.setdefault(entity, set())
        if key in seen:
            self.duplicates.add((entity, key))
        seen.add(key)
        record = PlannedRecord(shape, entity, key, pointer, data, parent, part)
        self.parts.append(record)
        return record

    def _unknown(self, schema: str, pointer: str, names: set[str]) -> None:
        if self.unknown is None:
            self.unknown = _UnknownFields()
        self.unknown.add(schema, pointer, names)

    def _portion(self, portion: Portion, shape: Shape, entity: str, pointer: str, first: int) -> None:
        keys = portion.keys
        for index, names in portion.unknown:
            self._unknown(shape.name, f"{pointer}/{first + index}", names)
        seen, new = self.seen.setdefault(entity, set()), set(keys)
        if len(new) < len(keys):
            self.duplicates.update((entity, key) for key, number in Counter(keys).items() if number > 1)
        if not seen.isdisjoint(new):
            self.duplicates.update((entity, key) for key in seen & new)
        seen |= new
        self.parts.append(PlannedPortion(shape, entity, len(keys), pointer, first, portion.load))


def _key(data: Mapping[str, Json], shape: Shape) -> Key:
    key: Key = data["id"] if shape.identity == ("id",) else tuple(data[name] for name in shape.identity)
    return key


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
