"""Writes the reports of a run to files."""

from collections.abc import Callable
from pathlib import Path

from casavi_contracts.failures import CouldNotRun
from casavi_contracts.report.document import dumped
from casavi_contracts.report.junit import junit as as_junit
from casavi_contracts.report.page import page
from casavi_contracts.report.report import Report


def write(report: Report, *, junit: Path | None, json: Path | None, html: Path | None) -> None:
    """Writes the reports that are wanted.

    Args:
        report: What came of the run.
        junit: File for JUnit XML.
        json: File for JSON.
        html: File for the page.

    Raises:
        CouldNotRun: A file cannot be written.
    """
    forms: tuple[tuple[Path | None, Callable[[Report], str]], ...] = ((junit, as_junit), (json, dumped), (html, page))
    for path, form in forms:
        if path is not None:
            text = form(report)
            try:
                path.write_text(text, encoding="utf-8")
            except OSError as error:
                raise CouldNotRun(f"{path} cannot be written: {error.strerror}") from error


def check_writable(*paths: Path | None) -> None:
    """Finds out before a run whether its reports can be written after it.

    Raises:
        CouldNotRun: The folder of a file is missing.
    """
    for path in paths:
        if path is not None and path.name == "-":
            raise CouldNotRun("reports go to files; standard output shows the progress")
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            problem = "is a folder" if path.is_dir() else "cannot be written: its folder is missing"
            raise CouldNotRun(f"{path} {problem}")
