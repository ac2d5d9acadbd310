"""What an account holds: tables of records by reference id, in the order in which they were created."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from casavi_mock.domain.model import ENTITIES, Json, Key, Outcome, Record


class Store:
    """All records of one account."""

    __slots__ = ("_contents", "_next_internal_id", "_tables")

    def __init__(self) -> None:
        self._tables: dict[str, dict[Key, Record]] = {entity: {} for entity in ENTITIES}
        self._contents: dict[Key, bytes] = {}
        self._next_internal_id = 1

    def get(self, entity: str, key: Key) -> Record | None:
        """Returns a record, or None."""
        return self._tables[entity].get(key)

    def has(self, entity: str, key: Key) -> bool:
        """Whether there is such a record."""
        return key in self._tables[entity]

    def count(self, entity: str) -> int:
        """How many records of one kind there are."""
        return len(self._tables[entity])

    def records(self, entity: str) -> Iterator[Record]:
        """Yields the records of one kind in the order in which they were created."""
        return iter(self._tables[entity].values())

    def put(
        self, entity: str, key: Key, fields: Mapping[str, Json], place: Mapping[str, str], now: datetime
    ) -> Outcome:
        """Creates a record, or puts new fields in the place of the old ones.

        Returns:
            `CREATED`, `UPDATED`, or `UNCHANGED` if nothing differs; then its modification time stays as well.
        """
        table = self._tables[entity]
        old = table.get(key)
        if old is None:
            table[key] = Record(entity, key, self._next_internal_id, fields, place, now, now)
            self._next_internal_id += 1
            return Outcome.CREATED
        if old.place == place and _same(old.fields, fields):
            return Outcome.UNCHANGED
        table[key] = replace(old, fields=fields, place=place, modified_at=now)
        return Outcome.UPDATED

    def keep_content(self, key: Key, content: bytes) -> None:
        """Keeps the content of a document."""
        self._contents[key] = content

    def content(self, key: Key) -> bytes | None:
        """Returns the content of a document, or None if it was not kept."""
        return self._contents.get(key)


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
