"""What was asked and answered, bounded, and without secrets."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer."""

    number: int
    """Counts up from 1 in its journal."""
    request_id: str
    at: datetime
    method: str
    path: str
    """Without the query, which may hold what is not to be shown."""
    operation: str | None
    status: int
    duration_ms: float
    """By the wall clock."""
    request_bytes: int
    response_bytes: int
    rule: str | None = None
    """The rule by which the request was refused."""
    evidence: str | None = None
    notes: tuple[str, ...] = ()
    """What is worth telling although nothing was refused, such as deprecated parameters."""


class Journal:
    """The exchanges of one account, oldest first.

    Args:
        max_entries: Exchanges that are kept; beyond, the oldest go and are counted in `dropped`.
    """

    __slots__ = ("_entries", "_next_number", "dropped")

    def __init__(self, max_entries: int) -> None:
        self._entries: deque[Exchange] = deque(maxlen=max_entries)
        self._next_number = 1
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._entries))

    def next_number(self) -> int:
        """Returns the number of the next exchange."""
        number = self._next_number
        self._next_number += 1
        return number

    def add(self, exchange: Exchange) -> None:
        """Appends an exchange; the oldest goes if there is no room."""
        if len(self._entries) == self._entries.maxlen:
            self.dropped += 1
        self._entries.append(exchange)

    @property
    def last(self) -> Exchange | None:
        """The latest exchange, or None."""
        return self._entries[-1] if self._entries else None
