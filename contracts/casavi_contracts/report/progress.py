"""What a run is doing while it does it: a bar at a terminal, a few lines elsewhere."""

from contextlib import AbstractContextManager
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from casavi_contracts.outcome import Outcome
from casavi_contracts.report.results import Row
from casavi_contracts.report.terminal import COLOURS

TENTHS = 10
"""Lines that a log gets while a run goes on."""

SHOWN_WRONG = 10
"""Checks that are told above the bar when they fail."""


class Watcher(AbstractContextManager["Watcher"]):
    """Told of every check; says nothing.

    Args:
        console: Where to.
        total: Checks in all.
    """

    def __init__(self, console: Console, total: int) -> None:
        self.console = console
        self.total = total
        self.done = 0
        self.wrong = 0

    def __exit__(self, *error: object) -> None:
        """Ends."""

    def begin(self, check: str, version: str) -> None:
        """A check is about to be judged."""

    def end(self, row: Row, requests: int) -> None:
        """A check was judged; so many requests were sent in all."""
        self.done += 1


class Lines(Watcher):
    """A line now and then, for logs; what is wrong is told at the end."""

    def end(self, row: Row, requests: int) -> None:
        """Prints a line if a tenth of the run is over."""
        super().end(row, requests)
        self.wrong += row.outcome not in (Outcome.PASSED, Outcome.SKIPPED)
        tenth = self.done * TENTHS // self.total > (self.done - 1) * TENTHS // self.total
        if tenth and self.total >= TENTHS:
            wrong = f", {self.wrong} of them not passed" if self.wrong else ""
            told = f"{self.done} of {self.total} checks{wrong}; {requests:,} requests"
            self.console.print(told, soft_wrap=True, markup=False)


class Bar(Watcher):
    """A bar at a terminal, with what does not hold above it."""

    def __init__(self, console: Console, total: int) -> None:
        super().__init__(console, total)
        columns = (BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, TextColumn("{task.description}"), console=console, transient=True)
        self._task = self._progress.add_task("starting", total=total)
        self._told = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Takes the bar away."""
        self._progress.stop()

    def begin(self, check: str, version: str) -> None:
        """Shows which check is judged."""
        self._progress.update(self._task, description=f"{check} \\[{version}] {self._told}")

    def end(self, row: Row, requests: int) -> None:
        """Moves the bar on."""
        super().end(row, requests)
        self._told = f"{requests:,} requests"
        self._progress.update(self._task, completed=self.done)
        if row.outcome in (Outcome.FAILED, Outcome.REFUTED):
            self.wrong += 1
            if self.wrong <= SHOWN_WRONG:
                told = f"{row.promise.name} [{row.promise.version}]: {row.outcome}"
                self._progress.console.print(told, style=COLOURS[row.outcome], markup=False)


def watcher(console: Console, total: int, *, plain: bool, quiet: bool = False) -> Watcher:
    """Returns a bar at a terminal, lines elsewhere.

    Args:
        console: Where to.
        total: Checks in all.
        plain: Whether lines are wanted in any case, as in a pipeline.
        quiet: Whether nothing is to be said.
    """
    if quiet:
        return Watcher(console, total)
    return (Bar if console.is_terminal and not plain else Lines)(console, total)
