"""Checks the records of a long body slice by slice."""

import asyncio
import functools
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

import orjson

from casavi_mock.bodies.slices import Slice
from casavi_mock.bodies.validation import MAX_ERRORS, BodySchema, PlainSchema
from casavi_mock.domain.model import Shape
from casavi_mock.domain.ordering import Portion, escaped
from casavi_mock.errors import FieldError

EXPLAINED_RECORDS = 25
"""Records that are looked at one by one between two pauses; to say what is wrong takes longer than to see that."""


class ItemSchema:
    """The schema of one array's records.

    Args:
        schema: JSON Schema of a record (draft 4), self-contained.
        shape: The shape of a record.
    """

    def __init__(self, schema: Mapping[str, Any], shape: Shape) -> None:
        one = {name: part for name, part in schema.items() if name != "components"}
        self.one = BodySchema(schema)
        self.plain = PlainSchema({"type": "array", "items": one, "components": schema["components"]})
        self._names = shape.fields
        self._key = None if shape.children else itemgetter(*shape.identity)

    def kept(self, piece: Slice, *, plain: bool) -> list[Any]:
        """Returns what to keep of good records: what they were parsed from, unless they hold others.

        Args:
            piece: The records.
            plain: Whether they are known to hold no unknown fields.
        """
        if self._key is None:
            return piece.values
        known = self._names
        unknown = () if plain else [(n, odd) for n, value in enumerate(piece.values) if (odd := value.keys() - known)]
        keys = [self._key(value) for value in piece.values]
        return [Portion(keys, functools.partial(orjson.loads, piece.text), unknown)] if keys else []


class Records:
    """The records of one array, as they come.

    Args:
        pointer: JSON pointer of the array.
        schema: What each of them has to satisfy; None if the array should not be there, so that only depth matters.
        levels: How deep one of them may be.
    """

    def __init__(self, pointer: str, schema: ItemSchema | None, levels: int) -> None:
        self.kept: list[Any] = []
        """The records, or portions of them; not all, if there are errors."""
        self.errors: list[FieldError] = []
        """The first of them, up to `MAX_ERRORS`."""
        self.error_count = 0
        self.too_deep: str | None = None
        """Pointer to the last place that is too deep, if any is."""
        self._count = 0
        self._pointer = pointer
        self._schema = schema
        self._levels = levels

    async def take(self, piece: Slice) -> None:
        """Takes the next records."""
        first = self._count
        self._count += len(piece.values)
        plain = self._schema is not None and self._schema.plain.satisfied_by(piece.values)
        if not plain:
            for index, value in enumerate(piece.values, first):
                self._look_at(value, f"{self._pointer}/{index}")
                if (index - first) % EXPLAINED_RECORDS == EXPLAINED_RECORDS - 1:
                    await asyncio.sleep(0)
        if self._schema is not None and not self.error_count and self.too_deep is None:
            self.kept += self._schema.kept(piece, plain=plain)

    def _look_at(self, value: Any, pointer: str) -> None:
        place = beyond(value, pointer, self._levels)
        if place is not None:
            self.too_deep = place
        elif self._schema is not None and not self._schema.one.satisfied_by(value):
            for error in self._schema.one.errors(value, pointer):
                self.error_count += 1
                if len(self.errors) < MAX_ERRORS:
                    self.errors.append(error)


def beyond(value: Any, pointer: str, levels: int) -> str | None:
    """Returns a pointer to a first value nested deeper than so many levels, or None."""
    waiting: list[tuple[Any, str, int]] = [(value, pointer, 1)]
    while waiting:
        value, pointer, level = waiting.pop()
        if isinstance(value, dict | list):
            if level > levels:
                return pointer
            waiting += _inside(value, pointer, level + 1)
    return None


def _inside(value: dict[str, Any] | list[Any], pointer: str, level: int) -> Iterator[tuple[Any, str, int]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    # only what could be nested further: a pointer for every text would cost more than all the rest
    return ((item, f"{pointer}/{escaped(str(name))}", level) for name, item in inside if isinstance(item, dict | list))
