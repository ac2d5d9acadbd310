"""The suite inside a run of pytest: items become results, results become what pytest knows."""

import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import pytest
from rich.console import Console

from casavi_contracts.failures import CouldNotRun
from casavi_contracts.outcome import Outcome
from casavi_contracts.report import Row, progress, terminal
from casavi_contracts.report.text import paragraphs
from casavi_contracts.suite.session import Session

if TYPE_CHECKING:
    from casavi_contracts.suite.items import Judged

LOG_WIDTH = 110
"""Columns where nobody knows how many there are: in the log of a pipeline."""

RUN = pytest.StashKey["Run"]()


class Run:
    """A session, and what is shown of it.

    Args:
        session: What is judged, and what came of it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._alone = False
        self._console = Console(highlight=False)
        if not self._console.is_terminal and "COLUMNS" not in os.environ:
            self._console.width = LOG_WIDTH
        self._watcher: progress.Watcher | None = None
        self.started = False

    def list(self) -> None:
        """Shows what can be judged."""
        results = self.session.report.results
        self._console.print(terminal.listing(row.promise for row in results))

    def start(self, items: Sequence["Judged"], *, alone: bool) -> None:
        """Reaches the server before the first item, and ends the run of pytest if it cannot be judged.

        Args:
            items: What is to be judged; not all of what was collected, perhaps.
            alone: Whether nobody else reports to the user, so that progress and report are shown here.
        """
        self._alone = alone
        session = self.session
        session.choose([item.task for item in items])
        self.started = True
        if not session.start():
            self._end()
        if self._alone:
            if not session.settings.quiet:
                self._introduce()
            plain, quiet = bool(os.environ.get("CI")), session.settings.quiet
            self._watcher = progress.watcher(self._console, len(session.tasks), plain=plain, quiet=quiet)
            self._watcher.__enter__()

    def judge(self, item: "Judged") -> None:
        """Judges an item, and passes, fails or skips it."""
        task = item.task
        if self._watcher:
            self._watcher.begin(task.name, task.version)
        row = self.session.judge(task)
        if row is None:
            self._end()
        if self._watcher:
            self._watcher.end(row, self.session.requests)
        item.user_properties += [
            ("check", task.name),
            ("evidence", row.promise.evidence),
            ("outcome", str(row.outcome)),
        ]
        self._tell(row)

    def finish(self) -> int | None:
        """Ends the session, writes the files and shows the report; returns an exit code if that goes wrong."""
        if self._watcher:
            self._watcher.__exit__(None, None, None)
        failed = None
        try:
            self.session.finish()
        except CouldNotRun as error:
            failed = error
        if self._alone:
            self._show(self._console)
            if failed:
                self._complain(str(failed))
        return 2 if failed else None

    def interrupt(self) -> None:
        """Notes that the user ends the run."""
        self.session.stop(CouldNotRun("it was interrupted"))

    def summary(self, width: int) -> str:
        """Returns the report as plain text, for those who report to the user in another way."""
        text = io.StringIO()
        self._show(Console(file=text, width=width, highlight=False, color_system=None))
        return text.getvalue()

    def _show(self, console: Console) -> None:
        report = self.session.report
        if self._alone and report.exit_code == 2:
            self._complain(report.stopped)
        if report.exit_code == 2 and not report.results.judged:
            return
        if self.session.plan or not self._watcher:
            self._introduce(console)
        console.print()
        if self.session.plan:
            console.print(self.session.plan)
        else:
            terminal.print_report(report, console, brief=self.session.settings.brief)
        if self.session.calibrated:
            console.print(self.session.calibrated, markup=False)

    def _introduce(self, console: Console | None = None) -> None:
        report = self.session.report
        for line in (report.headline, *report.notes):
            (console or self._console).print(line, markup=False)

    def _complain(self, sentence: str) -> None:
        sys.stderr.write(f"casavi-mock: {sentence}\n")

    def _end(self) -> NoReturn:
        report = self.session.report
        pytest.exit(report.stopped or "nothing is judged", returncode=report.exit_code)

    def _tell(self, row: Row) -> None:
        """Tells pytest what came of an item."""
        if row.outcome is Outcome.PASSED:
            return
        if row.outcome is Outcome.SKIPPED:
            pytest.skip(row.reason)
        told = [f"{row.outcome}: {row.reason}" if row.reason else str(row.outcome)]
        told += paragraphs(row, self.session.report)
        if row.outcome is Outcome.REFUTED and self.session.settings.tolerate:
            pytest.xfail("\n".join(told))
        pytest.fail("\n\n".join(told), pytrace=False)
