"""Results of a run as a suite of pyperf: one benchmark for each server and figure, one value for each round."""

import os
import statistics
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyperf

SEPARATOR = ": "
MACHINE = ("cpu_model_name", "cpu_count", "platform", "python_version")
"""What is kept of what pyperf knows of a machine; the rest names the machine itself."""


class ResultsError(ValueError):
    """A file holds no results of this bench."""


@dataclass(slots=True)
class Results:
    """What was measured.

    Seconds, or bytes where the figure is memory.
    """

    titles: dict[str, str] = field(default_factory=dict)
    """Name and version of each server that took part."""
    missing: dict[str, str] = field(default_factory=dict)
    """Why a server has no values, or not all."""
    values: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    """By server and figure, one for each round."""
    about: dict[str, str | int | float] = field(default_factory=dict)
    """Machine, date, revision, load."""

    def take(self, server: str, figure: str, value: float) -> None:
        """Takes one value in."""
        self.values.setdefault((server, figure), []).append(value)

    def median(self, server: str, figure: str) -> float | None:
        """Returns the median of a figure, or None if it was not measured."""
        found = self.values.get((server, figure))
        return statistics.median(found) if found else None

    def ratio(self, server: str, figure: str, other: str) -> tuple[float, float, float] | None:
        """Returns median, least and greatest ratio of a server to another one, round by round."""
        pairs = zip(self.values.get((server, figure), ()), self.values.get((other, figure), ()), strict=False)
        ratios = [ours / theirs for ours, theirs in pairs if theirs]
        return (statistics.median(ratios), min(ratios), max(ratios)) if ratios else None

    def save(self, file: Path) -> None:
        """Writes a file that pyperf reads too: `pyperf show`, `pyperf compare_to`."""
        made = [self._benchmark(server, figure, values) for (server, figure), values in self.values.items()]
        pyperf.BenchmarkSuite(made).dump(str(file), replace=True)

    def _benchmark(self, server: str, figure: str, values: Iterable[float]) -> pyperf.Benchmark:
        shared = {f"casavi_{name}": value for name, value in self.about.items()}
        shared |= {f"casavi_missing_{name}": why for name, why in self.missing.items()}
        own = {"name": f"{server}{SEPARATOR}{figure}", "unit": "byte" if "memory" in figure else "second"}
        marks = {**own, **shared, "casavi_title": self.titles.get(server, server)}
        return pyperf.Benchmark([pyperf.Run([value], metadata=marks, collect_metadata=False) for value in values])


def load(file: Path) -> Results:
    """Returns the results of a file.

    Raises:
        ResultsError: It cannot be read, or holds something else.
    """
    try:
        suite = pyperf.BenchmarkSuite.load(str(file))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResultsError(f"{file}: no results of pyperf: {error}") from None
    results = Results()
    for benchmark in suite.get_benchmarks():
        server, separator, figure = benchmark.get_name().partition(SEPARATOR)
        if not separator:
            raise ResultsError(f"{file}: {benchmark.get_name()!r} is no figure of this bench")
        marks = benchmark.get_metadata()
        results.titles[server] = str(marks.pop("casavi_title", server))
        for name, value in marks.items():
            if name.startswith("casavi_missing_"):
                results.missing[name.removeprefix("casavi_missing_")] = str(value)
            elif name.startswith("casavi_"):
                results.about[name.removeprefix("casavi_")] = value
        results.values[server, figure] = list(benchmark.get_values())
    return results


def about(root: Path) -> dict[str, str | int | float]:
    """Returns when, where and at which commit a run takes place."""
    known = pyperf.Run([1.0], metadata={"name": "machine"}).get_metadata()
    found: dict[str, str | int | float] = {name: known[name] for name in MACHINE if name in known}
    return found | {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "revision": _revision(root),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _revision(root: Path) -> str:
    """Returns the commit that is measured, `+` at its end if the server was changed since; `unknown` outside of git."""
    try:
        commit = _git(root, "rev-parse", "--short=12", "HEAD")
        return f"{commit}+" if _git(root, "status", "--porcelain", "--", "mock_server") else commit
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
