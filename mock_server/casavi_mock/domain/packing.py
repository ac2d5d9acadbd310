"""Stored records in a form that takes little room, as an account may hold a million of them."""

import marshal
from datetime import UTC, datetime, timedelta

from casavi_mock.domain.model import Json, Key, Record

_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT = timedelta(microseconds=1)
_MOMENT_BYTES = 8


class Packer:
    """Packs records of one kind. The names of their fields, of which there are few combinations, are kept apart.

    What it packs is for its own process alone: first everything but the last change, which `marshal` finds the end of
    by itself, then the moment of that in a form that is read without reading the rest.
    """

    __slots__ = ("_entity", "_names", "_places")

    def __init__(self, entity: str) -> None:
        self._entity = entity
        self._names: list[tuple[str, ...]] = []
        self._places: dict[tuple[str, ...], int] = {}

    def packed(self, record: Record) -> bytes:
        """Returns a record as it is to be kept."""
        names = tuple(record.fields)
        place = self._places.get(names)
        if place is None:
            place = self._places[names] = len(self._names)
            self._names.append(names)
        created = modified = (record.created_at - _ZERO) // _UNIT
        if record.modified_at is not record.created_at:
            modified = (record.modified_at - _ZERO) // _UNIT
        values: tuple[Json, ...] = (record.internal_id, created, place, *record.fields.values())
        if record.place:
            values = (*values, dict(record.place))
        return marshal.dumps(values) + modified.to_bytes(_MOMENT_BYTES, "little", signed=True)

    def record(self, key: Key, packed: bytes) -> Record:
        """Returns a record.

        Args:
            key: Its key.
            packed: What `packed` returned for it.
        """
        internal_id, created, place, *values = marshal.loads(packed)  # noqa: S302  # packed by this process
        names = self._names[place]
        where = values.pop() if len(values) > len(names) else {}
        fields = dict(zip(names, values, strict=True))
        return Record(self._entity, key, internal_id, fields, where, _moment(created), modified_at(packed))


def modified_at(packed: bytes) -> datetime:
    """Returns when a packed record was changed last."""
    return _moment(int.from_bytes(packed[-_MOMENT_BYTES:], "little", signed=True))


def _moment(number: int) -> datetime:
    return _ZERO + timedelta(microseconds=number)
