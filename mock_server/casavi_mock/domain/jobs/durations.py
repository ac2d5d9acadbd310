"""How long jobs take that are to take as long as the vendor's did."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

_NEAR = 5
"""Jobs of about the same size from which one is drawn."""


@dataclass(frozen=True, slots=True)
class Durations:
    """Jobs that were observed. Which of them a job takes after depends on nothing but its size and its turn.

    Args:
        observed: Records and seconds of each.
        seed: Number from which all draws follow.
    """

    observed: tuple[tuple[int, float], ...]
    seed: int = 1
    _each: float = field(init=False)
    """Seconds that a record adds."""

    def __post_init__(self) -> None:
        if not self.observed:
            raise ValueError("there has to be one job at least")
        object.__setattr__(self, "_each", _slope(self.observed))

    def seconds(self, records: int, turn: int) -> float:
        """Returns how long a job takes: as one of those that had about as many records, drawn by its turn.

        Args:
            records: Of the job.
            turn: Its number in its queue, from 0.
        """
        near = sorted(self.observed, key=lambda job: (abs(job[0] - records), job))[:_NEAR]
        # The same draw after a restart, and whatever other jobs came before: no state is kept.
        size, seconds = random.Random(f"{self.seed}/{turn}").choice(near)  # noqa: S311  # no secret
        return max(0.0, seconds + self._each * (records - size))


def _slope(jobs: Iterable[tuple[int, float]]) -> float:
    """Returns the seconds that a record adds, by least squares; 0 if that cannot be told, or would be negative."""
    kept = [*jobs]
    middle = sum(size for size, _ in kept) / len(kept)
    spread = sum((size - middle) ** 2 for size, _ in kept)
    along = sum((size - middle) * seconds for size, seconds in kept)
    return max(0.0, along / spread) if spread else 0.0
