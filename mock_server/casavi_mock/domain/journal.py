"""What was asked and answered, bounded, and without secrets.

The journal takes what it is given: whoever fills it has made secrets unreadable before.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import NamedTuple

ENTRY_BYTES = 1_500
"""What an exchange takes apart from what clients can make longer, roughly."""

Headers = tuple[tuple[bytes, bytes], ...]
"""Names in lower case, and values, as they came or went."""

Named = tuple[tuple[str, str | None], ...]
"""Entity and reference id of records."""


_LOSES_NOTHING = frozenset({"status", "job-fails", "job-stalls"})


class Exchange(NamedTuple):
    """One request and its answer. A tuple: one is made for every request, in a third of the time of a dataclass."""

    number: int
    """Counts up from 1 in its journal."""
    request_id: str
    at: datetime
    """By the clock of the account."""
    method: str
    path: str
    """Decoded, without the query."""
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
    query: str = ""
    """As it was sent, without the question mark."""
    request_headers: Headers = ()
    response_headers: Headers = ()
    request_body: bytes = b""
    """Its beginning; `request_bytes` tells how long all of it was."""
    response_body: bytes = b""
    """Its beginning; `response_bytes` tells how long all of it was."""
    detail: str | None = None
    """The sentence of a refusal."""
    pointers: tuple[str, ...] = ()
    """JSON pointers of the places for which the request was refused."""
    injected: str | None = None
    """Id of the fault that took effect."""
    effect: str | None = None
    """What that fault did; None if there was none, or it is not known."""
    server_at: datetime | None = None
    """By the server's own clock, which no command moves; None if it is not known."""
    token: str | None = None
    """A mark of the token that was sent, or that was given out: the same for the same token, and nothing else."""
    token_until: datetime | None = None
    """Until when the token that was given out lives, as the client was told."""
    token_form: str | None = None
    """How a token came that should have come raw: `bearer` (in its header) or `authorization` (in another header)."""
    token_in_url: bool = False
    """A token, or a member of the query that is named like one, stood in the address."""
    fingerprint: str | None = None
    """The same for two imports with the same body."""
    job_id: str | None = None
    job_status: str | None = None
    """What the client was told of the job."""
    job_final: bool = False
    """Whether that status is the last one."""
    refused: Named = ()
    """Records that the client was told are refused."""
    missing: Named = ()
    """Records that the client was told are missing."""
    provides: Named = ()
    """Records of an import; none of a large one."""
    refers: Named = ()
    """Records that an import refers to; none of a large one."""
    unknown_fields: tuple[str, ...] = ()
    """JSON pointers of fields that the contract does not know."""

    @property
    def succeeded(self) -> bool:
        """Whether the answer says that all went well."""
        return self.status < 400

    @property
    def perhaps_lost(self) -> bool:
        """Whether a fault may have kept the answer from the client."""
        return self.injected is not None and self.effect not in _LOSES_NOTHING

    @property
    def size(self) -> int:
        """How much memory it takes, in bytes, roughly."""
        size = ENTRY_BYTES + len(self.path) + len(self.query) + len(self.request_body) + len(self.response_body)
        size += sum(map(len, chain(*self.request_headers, self.notes, self.pointers, self.unknown_fields)))
        for _, record in chain(self.refused, self.missing, self.provides, self.refers):
            size += 100 + len(record or "")
        return size


def printable(text: str) -> str:
    """Returns a text that cannot begin a line of its own, nor steer a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class Journal:
    """The exchanges of one account, oldest first. Several threads may use it at once.

    Args:
        max_entries: Exchanges that are kept; beyond, the oldest go and are counted in `dropped`.
        max_bytes: Bytes that they take together; beyond, the oldest go likewise.
    """

    __slots__ = ("_bytes", "_entries", "_lock", "_max_bytes", "_max_entries", "_next_number", "dropped")

    def __init__(self, max_entries: int, max_bytes: int = 20_000_000) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._entries: deque[Exchange] = deque()
        self._bytes = 0
        self._next_number = 1
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._all())

    @property
    def bytes_kept(self) -> int:
        """How much memory the exchanges take, in bytes, roughly."""
        return self._bytes

    @property
    def last(self) -> Exchange | None:
        """The latest exchange, or None."""
        with self._lock:
            return self._entries[-1] if self._entries else None

    @property
    def last_number(self) -> int:
        """The number that was given out last, 0 if none was."""
        return self._next_number - 1

    @property
    def first_number(self) -> int:
        """The number of the first exchange that is kept, or would be."""
        with self._lock:
            return self._entries[0].number if self._entries else self._next_number

    def resume(self, exchanges: Iterable[Exchange], next_number: int) -> None:
        """Takes back exchanges of an earlier run of the server.

        Args:
            exchanges: The exchanges, oldest first.
            next_number: The number of the next one.
        """
        for exchange in exchanges:
            self.add(exchange)
        self._next_number = next_number

    def next_number(self) -> int:
        """Returns the number of the next exchange."""
        with self._lock:
            number = self._next_number
            self._next_number += 1
            return number

    def add(self, exchange: Exchange) -> None:
        """Appends an exchange; the oldest go if there is no room."""
        size = exchange.size
        with self._lock:
            self._entries.append(exchange)
            self._bytes += size
            while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
                self._bytes -= self._entries.popleft().size
                self.dropped += 1

    def clear(self) -> None:
        """Forgets all exchanges, and how many were dropped; numbers go on, so that none is given twice."""
        with self._lock:
            self._entries.clear()
            self._bytes = self.dropped = 0

    def find(
        self,
        *,
        operation: str | None = None,
        status: int | None = None,
        job: str | None = None,
        rule: str | None = None,
        since: int | datetime | None = None,
        limit: int | None = None,
    ) -> list[Exchange]:
        """Returns the exchanges for which everything holds that is asked for, oldest first.

        Args:
            operation: The `operationId`.
            status: The answer's status.
            job: Id of the job that was started or looked at.
            rule: The rule by which the request was refused.
            since: Those with higher numbers, or from a moment on by the clock of the account.
            limit: At most so many, the latest.
        """
        found = [
            exchange
            for exchange in self._all()
            if (operation is None or exchange.operation == operation)
            and (status is None or exchange.status == status)
            and (job is None or exchange.job_id == job)
            and (rule is None or exchange.rule == rule)
            and (since is None or _is_since(exchange, since))
        ]
        return found if limit is None else found[max(len(found) - limit, 0) :]

    def _all(self) -> list[Exchange]:
        with self._lock:
            return list(self._entries)


def _is_since(exchange: Exchange, since: int | datetime) -> bool:
    return exchange.number > since if isinstance(since, int) else exchange.at >= since
