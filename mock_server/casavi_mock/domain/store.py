"""What an account holds: tables of records by reference id, in the order in which they were created."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from casavi_mock.domain.model import ENTITIES, Json, Key, Outcome, Record


@dataclass(slots=True)
class _Table:
    """Records of one kind; `order` makes any page of them as cheap as the first."""

    records: dict[Key, Record] = field(default_factory=dict)
    order: list[Key] = field(default_factory=list)

    def copy(self) -> "_Table":
        return _Table(self.records.copy(), self.order.copy())


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

    __slots__ = ("_contents", "_indexes", "_next_internal_id", "_tables", "portal", "total")

    def __init__(self) -> None:
        self._tables = {entity: _Table() for entity in ENTITIES}
        self._indexes = {name: _Index() for links in _LINKS.values() for name in links}
        self._contents: dict[Key, bytes] = {}
        self._next_internal_id = 1
        self.portal: dict[str, tuple[bool, bool]] = {}
        """Of a contact, whether it has registered and whether it was invited; both are False if it is not here."""
        self.total = 0
        """How many records of all kinds there are."""

    def copy(self) -> "Store":
        """Returns a store with the same records, which changes on its own."""
        other = Store()
        other._tables = {entity: table.copy() for entity, table in self._tables.items()}
        other._indexes = {name: index.copy() for name, index in self._indexes.items()}
        other._contents = self._contents.copy()
        other._next_internal_id = self._next_internal_id
        other.portal = self.portal.copy()
        other.total = self.total
        return other

    def get(self, entity: str, key: Key) -> Record | None:
        """Returns a record, or None."""
        return self._tables[entity].records.get(key)

    def has(self, entity: str, key: Key) -> bool:
        """Whether there is such a record."""
        return key in self._tables[entity].records

    def count(self, entity: str) -> int:
        """How many records of one kind there are."""
        return len(self._tables[entity].order)

    def records(self, entity: str, start: int = 0) -> Iterator[Record]:
        """Yields the records of one kind in the order in which they were created.

        Args:
            entity: Which kind.
            start: Position of the first; the cost of getting there does not depend on it.
        """
        table = self._tables[entity]
        for position in range(start, len(table.order)):
            yield table.records[table.order[position]]

    def linked(self, index: str, id_: str) -> Iterator[Record]:
        """Yields the records that stand in an index under an id, such as the `units of contacts` for a contact.

        They come in the order in which they were created, whenever they came to stand there.
        """
        records = self._tables[index.partition(" ")[0]].records
        found = [records[key] for key in self._indexes[index].find(id_)]
        return iter(sorted(found, key=lambda record: record.internal_id))

    def put(
        self, entity: str, key: Key, fields: Mapping[str, Json], place: Mapping[str, str], now: datetime
    ) -> Outcome:
        """Creates a record, or puts new fields in the place of the old ones.

        Returns:
            `CREATED`, `UPDATED`, or `UNCHANGED` if nothing differs; then its modification time stays as well.
        """
        old = self._tables[entity].records.get(key)
        if old is None:
            self.restore(Record(entity, key, self._next_internal_id, fields, place, now, now))
            return Outcome.CREATED
        if old.place == place and _same(old.fields, fields):
            return Outcome.UNCHANGED
        self._change(old, replace(old, fields=fields, place=place, modified_at=now))
        return Outcome.UPDATED

    def restore(self, record: Record) -> None:
        """Puts a record that is not there as it once was, with its own number and times."""
        table = self._tables[record.entity]
        table.records[record.key] = record
        table.order.append(record.key)
        self.total += 1
        self._next_internal_id = max(self._next_internal_id, record.internal_id + 1)
        for name, ids in _LINKS.get(record.entity, {}).items():
            for id_ in ids(record):
                self._indexes[name].add(id_, record.key)

    def keep_content(self, key: Key, content: bytes) -> None:
        """Keeps the content of a document."""
        self._contents[key] = content

    def content(self, key: Key) -> bytes | None:
        """Returns the content of a document, or None if it was not kept."""
        return self._contents.get(key)

    def _change(self, old: Record, new: Record) -> None:
        self._tables[new.entity].records[new.key] = new
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
