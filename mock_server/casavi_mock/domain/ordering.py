"""Puts the records of one import request into the order in which they are imported.

Inside one request order never matters: contacts and properties first, then units and responsibilities, finally
documents. Source: facts page, section 8.1; the stages come from the marks in the contract document.
"""

import functools
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import accumulate, chain
from typing import overload

from casavi_mock.domain.model import Json, Key, RecordWarning, Reference, Shape
from casavi_mock.domain.steps import Steps

MAX_WARNINGS = 100
"""Different unknown fields that one job names; a hostile body cannot make the list longer."""

_BY_ID = ("id",)
_DIVISIONS = 64


@dataclass(slots=True, eq=False)
class PlannedRecord:
    """One record of a request, with its place in it. Of one request, records with the same place are the same."""

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

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlannedRecord) and self.pointer == other.pointer

    def __hash__(self) -> int:
        return hash(self.pointer)


@dataclass(frozen=True, slots=True)
class Portion:
    """Some records of a list, one after the other, as they came: they are parsed when their turn comes.

    So a large import that waits takes no more room than what was sent, and the collector has nothing to walk through.
    """

    count: int
    load: Callable[[], Sequence[Mapping[str, Json]]]
    """Returns them."""
    keys: list[Key] | None = None
    """By what they are found again; whoever plans them takes these out. None if the records may hold others; then they
    are parsed to be planned, too."""
    unknown: Sequence[tuple[int, Iterable[str]]] = ()
    """With the keys: names of fields that the contract does not know, and the place in the portion where they are."""


@dataclass(frozen=True, slots=True)
class PlannedPortion:
    """Those records of one kind that a portion holds."""

    entity: str
    count: int
    records: Callable[[], list[PlannedRecord]]
    """Parses them."""


class PlannedRecords(Sequence[PlannedRecord]):
    """Records in import order, of which some are parsed when they are asked for.

    Args:
        parts: Records of one kind and portions, in import order.
    """

    __slots__ = ("_first", "_loaded", "_parts", "_starts", "_stop")

    def __init__(self, parts: Sequence[list[PlannedRecord] | PlannedPortion]) -> None:
        self._parts = parts
        self._starts = [0, *accumulate(part.count if isinstance(part, PlannedPortion) else len(part) for part in parts)]
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

    def __iter__(self) -> Iterator[PlannedRecord]:
        for part in self._parts:
            yield from part if isinstance(part, list) else part.records()

    def _load(self, index: int) -> None:
        number = bisect_right(self._starts, index) - 1
        part = self._parts[number]
        self._loaded = part if isinstance(part, list) else part.records()
        self._first, self._stop = self._starts[number], self._starts[number + 1]

    def kinds(self, start: int) -> Counter[str]:
        """Returns how many records of each kind there are from an index on; none is parsed for that."""
        found: Counter[str] = Counter()
        for number in range(max(bisect_right(self._starts, start) - 1, 0), len(self._parts)):
            part = self._parts[number]
            entity = part[0].entity if isinstance(part, list) else part.entity
            found[entity] += self._starts[number + 1] - max(self._starts[number], start)
        return found


@dataclass(slots=True)
class Plan:
    """The records of one request in import order."""

    records: Sequence[PlannedRecord]
    duplicates: AbstractSet[tuple[str, Key]]
    """Entity and key of the records that occur more than once."""
    warnings: list[RecordWarning]
    ordered: Mapping[tuple[str, Key], str] = field(default_factory=dict)
    """Rules by which records are refused on request, by entity and key."""

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
    planner = _Planner()
    for found in _inside(body, shape, "", planner.unknown):
        planner.take(found)
    return planner.plan()


def planning(body: Mapping[str, Json], shape: Shape, every: int) -> Steps[Plan]:
    """Plans an import in steps, and returns the plan.

    Args:
        body: An import request that satisfies the contract. Its lists may hold portions.
        shape: The shape of the import's body, from the contract document.
        every: Records, and parts of records such as addresses, between two pauses.
    """
    planner = _Planner()
    for number, found in enumerate(_inside(body, shape, "", planner.unknown), 1):
        planner.take(found)
        if number % every == 0 or isinstance(found, _Placed):
            yield
    plan = planner.plan()
    if len(plan.records) > every:
        yield from planner.forget_keys()
    return plan


@dataclass(frozen=True, slots=True)
class _Placed:
    """A portion, with its place in the request."""

    portion: Portion
    shape: Shape
    pointer: str
    """That of the list."""
    first: int
    """Index of the portion's first record in the list."""
    parent: PlannedRecord | None
    part: Mapping[str, Json] | None

    def inside(self, unknown: "_UnknownFields | None" = None) -> Iterator[PlannedRecord]:
        """Yields the records, and those in them."""
        for index, data in enumerate(self.portion.load(), self.first):
            pointer = f"{self.pointer}/{index}"
            for found in _inside(data, self.shape, pointer, unknown, self.parent, self.part):
                if isinstance(found, PlannedRecord):
                    yield found

    def records(self, entity: str) -> list[PlannedRecord]:
        """Returns those of one kind."""
        return [record for record in self.inside() if record.entity == entity]


def _inside(
    data: Mapping[str, Json],
    shape: Shape,
    pointer: str,
    unknown: "_UnknownFields | None" = None,
    parent: PlannedRecord | None = None,
    part: Mapping[str, Json] | None = None,
) -> Iterator[PlannedRecord | _Placed | None]:
    """Yields a record and all in it, in the order of the document; None for what is part of a record.

    Args:
        data: The record or the part.
        shape: Its shape.
        pointer: JSON pointer of its place.
        unknown: Where fields go that the contract does not know.
        parent: The record that it stands in.
        part: The part of that record that it stands in.
    """
    if unknown is not None and not data.keys() <= shape.fields:
        unknown.add(shape.name, pointer, [name for name in data if name not in shape.fields])
    if shape.entity is not None:
        key = data["id"] if shape.identity == _BY_ID else tuple([data[name] for name in shape.identity])
        parent, part = PlannedRecord(shape, shape.entity, key, pointer, data, parent, part), None
        yield parent
    elif parent is not None:
        part = data
        yield None
    for child in shape.children:
        index = 0
        for item in data.get(child.key) or ():
            if isinstance(item, Portion):
                yield _Placed(item, child.shape, f"{pointer}/{child.key}", index, parent, part)
                index += item.count
            else:
                yield from _inside(item, child.shape, f"{pointer}/{child.key}/{index}", unknown, parent, part)
                index += 1


class _Planner:
    """What is known of a request while its records are looked at."""

    def __init__(self) -> None:
        self.unknown = _UnknownFields()
        self._stages: defaultdict[int, list[list[PlannedRecord] | PlannedPortion]] = defaultdict(list)
        self._seen: defaultdict[tuple[str, int], dict[str, None]] = defaultdict(dict)
        """Keys as text by entity, in divisions: what grows beyond a million keys moves all of them at once. The
        collector walks through sets, but not through dictionaries of texts."""
        self._duplicates: set[tuple[str, Key]] = set()

    def take(self, found: PlannedRecord | _Placed | None) -> None:
        """Takes what is found next."""
        if isinstance(found, PlannedRecord):
            self._key(found.entity, found.key)
            parts = self._stages[found.shape.stage]
            if parts and isinstance(parts[-1], list) and parts[-1][0].entity == found.entity:
                parts[-1].append(found)
            else:
                parts.append([found])
        elif found is not None:
            self._portion(found)

    def _portion(self, placed: _Placed) -> None:
        portion, shape = placed.portion, placed.shape
        counts: Counter[tuple[int, str]] = Counter()
        if portion.keys is not None:
            assert shape.entity is not None, "what has a key is a record"
            for index, names in portion.unknown:
                self.unknown.add(shape.name, f"{placed.pointer}/{placed.first + index}", names)
            for key in portion.keys:
                self._key(shape.entity, key)
            portion.keys.clear()
            counts[shape.stage, shape.entity] = portion.count
        else:
            for record in placed.inside(self.unknown):
                self._key(record.entity, record.key)
                counts[record.shape.stage, record.entity] += 1
        for (stage, entity), count in counts.items():
            planned = PlannedPortion(entity, count, functools.partial(placed.records, entity))
            self._stages[stage].append(planned)

    def _key(self, entity: str, key: Key) -> None:
        text = key if isinstance(key, str) else repr(key)
        seen = self._seen[entity, hash(text) % _DIVISIONS]
        if text in seen:
            self._duplicates.add((entity, key))
        seen[text] = None

    def forget_keys(self) -> Steps[None]:
        """Forgets by what records are found again, in steps: to free a million keys takes long, too."""
        while self._seen:
            self._seen.popitem()
            yield

    def plan(self) -> Plan:
        """Returns the plan: stage by stage, and in the order of the document inside of a stage."""
        parts = list(chain.from_iterable(map(self._stages.__getitem__, sorted(self._stages))))
        whole = [part for part in parts if isinstance(part, list)]
        records = list(chain(*whole)) if len(whole) == len(parts) else PlannedRecords(parts)
        return Plan(records, self._duplicates, self.unknown.warnings() if self.unknown.counts else [])


class _UnknownFields:
    """Unknown fields, counted by the schema that does not know them."""

    __slots__ = ("_first", "_left_out", "counts")

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], str] = {}
        self.counts: dict[tuple[str, str], int] = {}
        self._left_out = 0

    def add(self, schema: str, pointer: str, names: Iterable[str]) -> None:
        for name in names:
            place = (schema, name)
            if place in self.counts:
                self.counts[place] += 1
            elif len(self.counts) < MAX_WARNINGS:
                self._first[place] = f"{pointer}/{escaped(name)}"
                self.counts[place] = 1
            else:
                self._left_out += 1

    def warnings(self) -> list[RecordWarning]:
        found = [
            RecordWarning(
                self._first[place], "unknown-field", f"{place[0]} has no field {place[1][:100]!r}; it was left out", n
            )
            for place, n in self.counts.items()
        ]
        if self._left_out:
            found.append(RecordWarning("", "unknown-field", "further unknown fields were left out", self._left_out))
        return found


def escaped(name: str) -> str:
    """Returns a member name as it stands in a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
