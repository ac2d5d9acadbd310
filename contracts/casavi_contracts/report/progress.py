"""What a run is doing while it does it: a bar at a terminal, a few lines elsewhere."""

from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from casavi_contracts.outcome import Outcome
from casavi_contracts.report.results import Row
from casavi_contracts.report.terminal import COLOURS

TENTHS = 10
"""Lines that a log gets while a run goes on."""

SHOWN_WRONG = 10
"""Checks that are told above the bar when they fail."""


class Watcher(Protocol):
    """Told of every check."""

    def __enter__(self) -> Self:
        """Begins."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Ends."""

    def begin(self, check: str, version: str) -> None:
        """A check is about to be judged."""

    def end(self, row: Row, requests: int) -> None:
        """A check was judged; so many requests were sent in all."""


class Outlook:
    """How far a run is.

    Args:
        total: Checks in all.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0


class Lines:
    """A line now and then, for logs; what is wrong is told at the end.

    Args:
        console: Where to.
        outlook: Of the run.
    """

    def __init__(self, console: Console, outlook: Outlook) -> None:
        self._console = console
        self._outlook = outlook
        self._wrong = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        pass

    def begin(self, check: str, version: str) -> None:
        """Says nothing: a line comes when enough was judged."""

    def end(self, row: Row, requests: int) -> None:
        """Prints a line if a tenth of the run, or the first check that fails, is over."""
        outlook = self._outlook
        outlook.done += 1
        self._wrong += row.outcome not in (Outcome.PASSED, Outcome.SKIPPED)
        tenth = outlook.done * TENTHS // outlook.total > (outlook.done - 1) * TENTHS // outlook.total
        if tenth and outlook.total >= TENTHS:
            wrong = f", {self._wrong} of them not passed" if self._wrong else ""
            self._console.print(
                f"{outlook.done} of {outlook.total} checks{wrong}; {requests:,} requests", soft_wrap=True, markup=False
            )


class Silent(Lines):
    """Nothing at all."""

    def end(self, row: Row, requests: int) -> None:
        """Says nothing."""


class Bar:
    """A bar, with what does not hold above it.

    Args:
        console: A terminal.
        outlook: Of the run.
    """

    def __init__(self, console: Console, outlook: Outlook) -> None:
        self._console = console
        self._outlook = outlook
        columns = (BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, TextColumn("{task.description}"), console=console, transient=True)
        self._task = self._progress.add_task("starting", total=outlook.total)
        self._told = ""
        self._wrong = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._progress.stop()

    def begin(self, check: str, version: str) -> None:
        """Shows which check is judged."""
        self._progress.update(self._task, description=f"{check} \\[{version}] {self._told}")

    def end(self, row: Row, requests: int) -> None:
        """Moves the bar on."""
        self._outlook.done += 1
        self._told = f"{requests:,} requests"
        self._progress.update(self._task, completed=self._outlook.done)
        if row.outcome in (Outcome.FAILED, Outcome.REFUTED):
            self._wrong += 1
            if self._wrong <= SHOWN_WRONG:
                told = f"{row.promise.name} [{row.promise.version}]: {row.outcome}"
                self._progress.console.print(told, style=COLOURS[row.outcome], markup=False)


def watcher(console: Console, outlook: Outlook, *, plain: bool, quiet: bool = False) -> Watcher:
    """Returns a bar at a terminal, lines elsewhere.

    Args:
        console: Where to.
        outlook: Of the run.
        plain: Whether lines are wanted in any case, as in a pipeline.
        quiet: Whether nothing is to be said.
    """
    if quiet:
        return Silent(console, outlook)
    return Bar(console, outlook) if console.is_terminal and not plain else Lines(console, outlook)
