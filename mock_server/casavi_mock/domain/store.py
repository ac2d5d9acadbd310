"""What an account holds: tables of records by reference id, in the order in which they were created.

A record is kept packed: the names of its fields, which many records share, and their values as one piece of bytes. A
contact with all its fields takes less than half of the room that a dict takes, and nothing of it is tracked by the
garbage collector, which would otherwise stop the server the longer, the more is stored.
"""

import functools
import marshal
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter

from casavi_mock.domain.model import ENTITIES, Json, Key, Outcome, Record

MAX_SHARED = 1_000
"""Different lists of names that records share; a hostile client cannot make more of them than that."""

DIVIDED_FROM = 20_000
"""Records of a table from which on their positions are divided."""

PARTS = 64
"""Among how many."""

_PLAIN = 2
"""Version of the packing: the last one in which the same values always give the same bytes."""

Row = tuple[Key, int, tuple[str, ...], bytes, tuple[tuple[str, str], ...], datetime, datetime]
"""Key, internal id, names of the fields, their values, place, times of creation and of modification."""

KeptRecord = tuple[Key, int, tuple[str, ...], tuple[Json, ...], tuple[tuple[str, str], ...], datetime, datetime]
"""The same with the values as they are."""

_INTERNAL_ID = itemgetter(1)


class _Positions:
    """Where in its table each record stands.

    Many are divided among several dicts: one that grows is copied as a whole, and everybody waits for that.
    """

    __slots__ = ("_count", "_parts")

    def __init__(self) -> None:
        self._parts: list[dict[Key, int]] = [{}]
        self._count = 1

    def get(self, key: Key) -> int | None:
        return self._parts[hash(key) % self._count].get(key)

    def add(self, key: Key, position: int) -> None:
        part = self._parts[hash(key) % self._count]
        part[key] = position
        if self._count == 1 and len(part) >= DIVIDED_FROM:
            self._count = PARTS
            self._parts = [{} for _ in range(PARTS)]
            for each, place in part.items():
                self._parts[hash(each) % PARTS][each] = place

    def copy(self) -> "_Positions":
        other = _Positions()
        other._parts, other._count = [part.copy() for part in self._parts], self._count
        return other


@dataclass(slots=True)
class _Table:
    """Records of one kind, in the order of their creation; that makes any page of them as cheap as the first."""

    entity: str
    rows: list[Row] = field(default_factory=list)
    positions: _Positions = field(default_factory=_Positions)

    def copy(self) -> "_Table":
        return _Table(self.entity, self.rows.copy(), self.positions.copy())

    def find(self, key: Key) -> Row | None:
        position = self.positions.get(key)
        return None if position is None else self.rows[position]

    def record(self, row: Row) -> Record:
        key, internal_id, names, values, place, created_at, modified_at = row
        fields = functools.partial(_unpacked, names, values)
        return Record(self.entity, key, internal_id, fields, dict(place), created_at, modified_at)

    def add(self, row: Row) -> None:
        self.positions.add(row[0], len(self.rows))
        self.rows.append(row)

    def change(self, row: Row) -> int:
        position = self.positions.get(row[0])
        assert position is not None, "it is there"
        self.rows[position] = row
        return position


def _packed(fields: Mapping[str, Json]) -> bytes:
    return marshal.dumps(tuple(fields.values()), _PLAIN)


def _unpacked(names: tuple[str, ...], values: bytes) -> dict[str, Json]:
    return dict(zip(names, marshal.loads(values), strict=True))  # noqa: S302  # packed by this very process


def values_of(packed: bytes) -> tuple[Json, ...]:
    """Returns the values of a record's fields, as they are kept in its row."""
    values: tuple[Json, ...] = marshal.loads(packed)  # noqa: S302  # packed by this very process
    return values


class _Index:
    """For each id the records that belong to it."""

    __slots__ = ("_members",)

    def __init__(self, members: dict[str, dict[Key, None]] | None = None) -> None:
        self._members = members or {}

    def add(self, id_: str, key: Key) -> None:
        self._members.setdefault(id_, {})[key] = None

    def remove(self, id_: str, key: Key) -> None:
        del self._members[id_][key]
        if not self._members[id_]:
            del self._members[id_]

    def find(self, id_: str) -> tuple[Key, ...]:
        return tuple(self._members.get(id_, ()))

    def copy(self) -> "_Index":
        return _Index({id_: members.copy() for id_, members in self._members.items()})


_LINKS: Mapping[str, Mapping[str, Callable[[Record], set[str]]]] = {
    "units": {
        "units of contacts": lambda unit: {contract["contactId"] for contract in unit.fields.get("contracts", ())},
        "units of properties": lambda unit: {unit.place["propertyId"]},
    },
    "responsibilities": {
        "responsibilities of contacts": lambda record: {record.fields["contactId"]},
        "responsibilities of properties": lambda record: {record.fields["propertyId"]},
    },
}
"""Which indexes there are, and under which ids a record stands in them."""


class Store:
    """All records of one account. Nothing is ever deleted, so a position in a table stays what it is."""

    __slots__ = (
        "_contents",
        "_indexes",
        "_names",
        "_next_internal_id",
        "_tables",
        "changed",
        "new_contents",
        "portal",
        "total",
    )

    def __init__(self) -> None:
        self._tables = {entity: _Table(entity) for entity in ENTITIES}
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._indexes = {name: _Index() for links in _LINKS.values() for name in links}
        self._contents: dict[Key, bytes] = {}
        self._next_internal_id = 1
        self.portal: dict[str, tuple[bool, bool]] = {}
        """Of a contact, whether it has registered and whether it was invited; both are False if it is not here."""
        self.total = 0
        """How many records of all kinds there are."""
        self.changed: dict[tuple[str, int], Row] | None = None
        """By kind and position the records that were created or changed since somebody looked; None if nobody does."""
        self.new_contents: dict[Key, bytes] = {}
        """Contents that came since then."""

    def copy(self) -> "Store":
        """Returns a store with the same records, which changes on its own."""
        other = Store()
        other._names = self._names  # nothing in it ever changes
        other._tables = {entity: table.copy() for entity, table in self._tables.items()}
        other._indexes = {name: index.copy() for name, index in self._indexes.items()}
        other._contents = self._contents.copy()
        other._next_internal_id = self._next_internal_id
        other.portal = self.portal.copy()
        other.total = self.total
        return other

    def get(self, entity: str, key: Key) -> Record | None:
        """Returns a record, or None."""
        table = self._tables[entity]
        row = table.find(key)
        return None if row is None else table.record(row)

    def has(self, entity: str, key: Key) -> bool:
        """Whether there is such a record."""
        return self._tables[entity].positions.get(key) is not None

    def position(self, entity: str, key: Key) -> int | None:
        """Returns where a record stands among those of its kind, for `records`; None if it is not there."""
        return self._tables[entity].positions.get(key)

    def count(self, entity: str) -> int:
        """How many records of one kind there are."""
        return len(self._tables[entity].rows)

    def records(self, entity: str, start: int = 0) -> Iterator[Record]:
        """Yields the records of one kind in the order in which they were created.

        Args:
            entity: Which kind.
            start: Position of the first; the cost of getting there does not depend on it.
        """
        table = self._tables[entity]
        for position in range(start, len(table.rows)):
            yield table.record(table.rows[position])

    def linked(self, index: str, id_: str) -> Iterator[Record]:
        """Yields the records that stand in an index under an id, such as the `units of contacts` for a contact.

        They come in the order in which they were created, whenever they came to stand there.
        """
        table = self._tables[index.partition(" ")[0]]
        rows = [row for key in self._indexes[index].find(id_) if (row := table.find(key))]
        return (table.record(row) for row in sorted(rows, key=_INTERNAL_ID))

    def put(
        self, entity: str, key: Key, fields: Mapping[str, Json], place: Mapping[str, str], now: datetime
    ) -> Outcome:
        """Creates a record, or puts new fields in the place of the old ones.

        Returns:
            `CREATED`, `UPDATED`, or `UNCHANGED` if nothing differs; then its modification time stays as well.
        """
        table = self._tables[entity]
        old = table.find(key)
        if old is None:
            self._add(table, key, self._next_internal_id, fields, place, now, now)
            return Outcome.CREATED
        row = self._row(key, old[1], fields, place, old[5], now)
        if old[4] == row[4] and (old[2:4] == row[2:4] or _same(_unpacked(*old[2:4]), fields)):
            return Outcome.UNCHANGED
        position = table.change(row)
        if self.changed is not None:
            self.changed[entity, position] = row
        self._move(table.record(old), table.record(row))
        return Outcome.UPDATED

    def restore(self, record: Record) -> None:
        """Puts a record that is not there as it once was, with its own number and times."""
        table = self._tables[record.entity]
        times = record.created_at, record.modified_at
        self._add(table, record.key, record.internal_id, record.fields, record.place, *times)

    def enter(self, entity: str, kept: Iterable[KeptRecord]) -> None:
        """Puts records of one kind that are not there as they once were, like `restore`, but many of them fast."""
        table, links = self._tables[entity], _LINKS.get(entity, {})
        rows, add, shared = table.rows, table.positions.add, self._names
        for key, internal_id, names, values, place, created_at, modified_at in kept:
            if names not in shared and len(shared) < MAX_SHARED:
                shared[names] = names
            packed = marshal.dumps(values, _PLAIN)
            row = (key, internal_id, shared.get(names, names), packed, place, created_at, modified_at)
            add(key, len(rows))
            rows.append(row)
            self._next_internal_id = max(self._next_internal_id, internal_id + 1)
            for name, ids in links.items():
                for id_ in ids(table.record(row)):
                    self._indexes[name].add(id_, key)
        self.total = sum(len(one.rows) for one in self._tables.values())

    def keep_content(self, key: Key, content: bytes) -> None:
        """Keeps the decoded content of a document beside its record."""
        self._contents[key] = content
        if self.changed is not None:
            self.new_contents[key] = content

    def tables(self) -> dict[str, list[Row]]:
        """Returns all records as they are kept now, by kind and in their order."""
        return {entity: table.rows.copy() for entity, table in self._tables.items()}

    @property
    def contents(self) -> Mapping[Key, bytes]:
        """The contents of documents that are kept."""
        return self._contents

    def content(self, key: Key) -> bytes | None:
        """Returns the content of a document, or None if it was not kept."""
        return self._contents.get(key)

    def _add(
        self,
        table: _Table,
        key: Key,
        internal_id: int,
        fields: Mapping[str, Json],
        place: Mapping[str, str],
        created_at: datetime,
        modified_at: datetime,
    ) -> None:
        row = self._row(key, internal_id, fields, place, created_at, modified_at)
        if self.changed is not None:
            self.changed[table.entity, len(table.rows)] = row
        table.add(row)
        self.total += 1
        self._next_internal_id = max(self._next_internal_id, internal_id + 1)
        if table.entity in _LINKS:
            record = table.record(row)
            for name, ids in _LINKS[table.entity].items():
                for id_ in ids(record):
                    self._indexes[name].add(id_, key)

    def _row(
        self,
        key: Key,
        internal_id: int,
        fields: Mapping[str, Json],
        place: Mapping[str, str],
        created_at: datetime,
        modified_at: datetime,
    ) -> Row:
        names = tuple(fields)
        shared = self._names.get(names)
        if shared is None:
            shared = names
            if len(self._names) < MAX_SHARED:
                self._names[names] = names
        where = tuple(sorted(place.items())) if place else ()
        return key, internal_id, shared, _packed(fields), where, created_at, modified_at

    def _move(self, old: Record, new: Record) -> None:
        for name, ids in _LINKS.get(new.entity, {}).items():
            before, after = ids(old), ids(new)
            for id_ in before - after:
                self._indexes[name].remove(id_, new.key)
            for id_ in after - before:
                self._indexes[name].add(id_, new.key)


def _same(old: Mapping[str, Json], new: Mapping[str, Json]) -> bool:
    """Compares two JSON objects; `true` is not `1` there, as it is in Python."""
    if old != new:
        return False
    for name, value in old.items():
        if isinstance(value, str):  # nearly every value, so this comes first
            continue
        if isinstance(value, bool) != isinstance(new[name], bool):
            return False
        if isinstance(value, dict) and not _same(value, new[name]):
            return False
    return True
