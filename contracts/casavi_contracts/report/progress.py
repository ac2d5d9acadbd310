"""What a run is doing while it does it: a bar at a terminal, a line for each law elsewhere."""

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from casavi_contracts.report.results import Row
from casavi_contracts.report.terminal import COLOURS
from casavi_contracts.verdict import Outcome


class Watcher(Protocol):
    """Told of every law."""

    def __enter__(self) -> Self:
        """Begins."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Ends."""

    def begin(self, law: str, version: str) -> None:
        """A law is about to be judged."""

    def end(self, row: Row, requests: int) -> None:
        """A law was judged; so many requests were sent in all."""


class Outlook:
    """How far a run is, and how long the rest may take.

    Args:
        weights: Of the laws, in order: how much work each is.
        clock: Returns seconds that only go forward.
    """

    def __init__(self, weights: list[int], clock: Callable[[], float]) -> None:
        self._weights = weights
        self._clock = clock
        self._started = clock()
        self.done = 0

    @property
    def total(self) -> int:
        """Laws in all."""
        return len(self._weights)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    def told(self, requests: int) -> str:
        """Returns rate and time left in words; called when something was judged."""
        elapsed = max(self.elapsed, 1e-9)
        left = elapsed * sum(self._weights[self.done :]) / sum(self._weights[: self.done])
        return f"{requests / elapsed:,.0f} requests/s, {_duration(left)} left"


class Lines:
    """A line for each law, for logs.

    Args:
        console: Where to.
        outlook: Of the run.
    """

    def __init__(self, console: Console, outlook: Outlook) -> None:
        self._console = console
        self._outlook = outlook

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        pass

    def begin(self, law: str, version: str) -> None:
        """Says nothing: the line comes when the law was judged."""

    def end(self, row: Row, requests: int) -> None:
        """Prints the line."""
        self._outlook.done += 1
        width = len(str(self._outlook.total))
        number = f"{self._outlook.done:{width}}/{self._outlook.total}"
        self._console.print(
            f"{number} {row.promise.name} [{row.promise.version}]: {_said(row)} ({self._outlook.told(requests)})",
            style=None if row.outcome is Outcome.HOLDS else COLOURS[row.outcome],
            soft_wrap=True,
            markup=False,
        )


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

    def begin(self, law: str, version: str) -> None:
        """Shows which law is judged."""
        self._progress.update(self._task, description=f"{law} \\[{version}] {self._told}")

    def end(self, row: Row, requests: int) -> None:
        """Moves the bar on."""
        self._outlook.done += 1
        self._told = self._outlook.told(requests)
        self._progress.update(self._task, completed=self._outlook.done)
        if row.outcome not in (Outcome.HOLDS, Outcome.NOT_APPLICABLE):
            told = f"{row.promise.name} [{row.promise.version}]: {_said(row)}"
            self._progress.console.print(told, style=COLOURS[row.outcome], markup=False)


def watcher(console: Console, outlook: Outlook, *, plain: bool) -> Watcher:
    """Returns a bar at a terminal, lines elsewhere.

    Args:
        console: Where to.
        outlook: Of the run.
        plain: Whether lines are wanted in any case, as in a pipeline.
    """
    return Bar(console, outlook) if console.is_terminal and not plain else Lines(console, outlook)


def _said(row: Row) -> str:
    if row.reason:
        return f"{row.outcome}: {row.reason}"
    verdict = row.verdict
    if verdict is None:
        return str(row.outcome)
    return f"{row.outcome}, cases {verdict.examples}, requests {verdict.requests}, {verdict.seconds:.1f} s"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
