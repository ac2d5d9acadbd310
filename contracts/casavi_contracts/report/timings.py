"""Where the time of a run went."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from casavi_contracts.http.exchange import Answer, Exchange


@dataclass(slots=True)
class Spent:
    """Time of one operation."""

    operation: str
    version: str
    requests: int = 0
    seconds: float = 0.0
    slowest: float = 0.0

    @property
    def mean(self) -> float:
        """Seconds of one request."""
        return self.seconds / self.requests if self.requests else 0.0


class Timings:
    """A listener of a recorder, and a stop-watch for the parts of a run.

    Args:
        clock: Returns seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._started = clock()
        self._operations: dict[tuple[str, str], Spent] = {}
        self.parts: dict[str, float] = {}
        """Seconds of each part, in the order in which they came."""
        self.answering = 0.0
        """Seconds in which the target was waited for."""

    @property
    def total(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    def see(self, exchange: Exchange, body: bytes, answer: Answer | None) -> None:
        """Counts one exchange."""
        self.answering += exchange.seconds
        if exchange.operation is not None:
            key = (exchange.operation, exchange.version)
            spent = self._operations.setdefault(key, Spent(*key))
            spent.requests += 1
            spent.seconds += exchange.seconds
            spent.slowest = max(spent.slowest, exchange.seconds)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Counts the time inside for a part of the run."""
        started = self._clock()
        try:
            yield
        finally:
            self.parts[name] = self.parts.get(name, 0.0) + self._clock() - started

    def operations(self) -> list[Spent]:
        """Returns the operations, those first that took the longest for one request."""
        return sorted(self._operations.values(), key=lambda spent: -spent.mean)
