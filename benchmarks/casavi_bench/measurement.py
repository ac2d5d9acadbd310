"""One measured value, and what can be said of many."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value that was measured once."""

    server: str
    """Whose it is, by its name in the catalogue of servers."""
    operation: str
    """What was done, such as `log-in/16`: at 16 connections."""
    metric: str
    """What was measured, with its unit as the last word, such as `cpu_us`."""
    round: int
    """The round of the run, from 0; what was measured in one round is compared with one another."""
    value: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Many values in short."""

    median: float
    low: float
    high: float
    count: int


def summary(values: Iterable[float]) -> Summary | None:
    """Returns median and range, or None if there are no values."""
    found = list(values)
    return Summary(statistics.median(found), min(found), max(found), len(found)) if found else None


def percentile(values: Sequence[float], percent: float) -> float:
    """Returns the smallest value that so many percent of all values do not exceed (nearest rank).

    Raises:
        ValueError: There are no values, or `percent` is not above 0 and at most 100.
    """
    if not values or not 0 < percent <= 100:
        raise ValueError(f"no {percent}th percentile of {len(values)} values")
    rank = -(-len(values) * percent // 100)
    return sorted(values)[int(rank) - 1]


class Measurements:
    """All values of a run, to be asked by server, operation and metric.

    Args:
        values: The measured values.
    """

    def __init__(self, values: Iterable[Measurement] = ()) -> None:
        self._rounds: dict[tuple[str, str, str], dict[int, list[float]]] = {}
        for value in values:
            self.add(value)

    def __bool__(self) -> bool:
        return bool(self._rounds)

    def add(self, value: Measurement) -> None:
        """Takes a value in."""
        key = (value.server, value.operation, value.metric)
        self._rounds.setdefault(key, {}).setdefault(value.round, []).append(value.value)

    def rounds(self, server: str, operation: str, metric: str) -> dict[int, float]:
        """Returns the value of each round; of a round that has several, their median."""
        found = self._rounds.get((server, operation, metric), {})
        return {number: statistics.median(values) for number, values in found.items()}

    def summary(self, server: str, operation: str, metric: str) -> Summary | None:
        """Returns median and range over the rounds, or None if it was not measured."""
        return summary(self.rounds(server, operation, metric).values())

    def ratio(self, over: tuple[str, str, str], under: tuple[str, str, str]) -> Summary | None:
        """Returns how many times as much the first is, compared within each round; None if no round has both.

        Args:
            over: Server, operation and metric.
            under: The same of what it is compared with.
        """
        first, second = self.rounds(*over), self.rounds(*under)
        return summary(first[number] / second[number] for number in first if second.get(number))

    def servers(self, operation: str, metric: str) -> list[str]:
        """Returns who has a value, in the order in which they were measured first."""
        return [key[0] for key in self._rounds if key[1:] == (operation, metric)]

    def rows(self) -> list[tuple[str, str, str, dict[int, float]]]:
        """Returns server, operation, metric, and the values by round to six digits, for a file."""
        return [
            (*key, {number: float(f"{value:.6g}") for number, value in self.rounds(*key).items()})
            for key in self._rounds
        ]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Returns by how much the second value grows for each 1 of the first (least squares).

    Raises:
        statistics.StatisticsError: There are fewer than two points.
    """
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope
