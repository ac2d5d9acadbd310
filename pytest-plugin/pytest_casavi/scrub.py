"""Takes secrets out of whatever a session writes, wherever pytest, a test or a client has put them."""

import logging
import re
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_casavi.secret_text import SECRETS

_LEFT = frozenset({"nodeid", "location", "keywords", "when", "outcome"})
"""Attributes of reports by which others find them again; no test can write anything into them."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x9b]")
_STEERING = re.compile(r"(?!\x1b\[[0-9;]*m)[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x9b]")
"""The same, apart from colours."""


def visible(text: str, *, colours: bool = False) -> str:
    """Returns a text that cannot steer a terminal.

    Args:
        text: Any text.
        colours: Whether colours may stay.
    """
    return (_STEERING if colours else _CONTROL).sub(lambda found: repr(found[0])[1:-1], text)


def scrub_report(report: pytest.CollectReport | pytest.TestReport) -> None:
    """Puts a mark in the place of each secret in a report, and makes visible what would steer a terminal.

    Args:
        report: Of a test, or of a part of one.
    """
    if report.passed and not (report.sections or getattr(report, "user_properties", None)):
        return
    report.sections = [
        (_cleaned(title, set()), visible(_without_secrets(text), colours=not title.startswith("casavi")))
        for title, text in report.sections
    ]
    for name, value in list(vars(report).items()):
        if name != "sections" and name not in _LEFT and value:
            setattr(report, name, _cleaned(value, set()))


def scrub_warning(message: warnings.WarningMessage) -> None:
    """Takes secrets out of a warning that pytest is going to show."""
    text = str(message.message)
    cleaned = SECRETS.clean(text)
    if cleaned != text:
        message.message = UserWarning(cleaned)  # its category is told elsewhere


def scrub_terminal(config: pytest.Config) -> None:
    """Takes secrets out of what pytest writes to the terminal from now on, and into its log file."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    writer: Any = getattr(reporter, "_tw", None)
    if writer is not None:
        write = writer.write

        def scrubbed(text: str, **markup: Any) -> None:
            write(SECRETS.clean(text), **markup)

        writer.write = scrubbed
    handler = getattr(config.pluginmanager.get_plugin("logging-plugin"), "log_file_handler", None)
    if isinstance(handler, logging.Handler):
        handler.setFormatter(_Scrubbing(handler.formatter or logging.Formatter()))


def scrub_file(path: str | None) -> None:
    """Takes secrets out of a file that was written, such as that of `--junit-xml`."""
    if path is None:
        return
    with suppress(OSError, UnicodeDecodeError):
        file = Path(path)
        text = file.read_text(encoding="utf-8")
        if (cleaned := SECRETS.clean(text)) != text:
            file.write_text(cleaned, encoding="utf-8")


class WaysOut:
    """Stands at every way by which pytest lets something out, once a session has used the mock.

    Args:
        config: Of the session.
    """

    def __init__(self, config: pytest.Config) -> None:
        scrub_terminal(config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Scrubs what others add to a report, and reports that others make."""
        scrub_report(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Scrubs a warning before its summary is made."""
        scrub_warning(warning_message)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Scrubs what a test has written into the JUnit file past all reports."""
        scrub_file(config.getoption("xmlpath", None))


class _Scrubbing(logging.Formatter):
    """Formats as another one does, without secrets."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self._formatter = formatter

    def format(self, record: logging.LogRecord) -> str:
        return SECRETS.clean(self._formatter.format(record))


def _cleaned(value: Any, seen: set[int]) -> Any:
    """Returns a value without secrets; what pytest has made to represent a failure is changed in place."""
    if isinstance(value, str):
        return visible(_without_secrets(value), colours=True)  # pytest's own
    if isinstance(value, list):
        return [_cleaned(part, seen) for part in value]
    if type(value) is tuple:
        return tuple(_cleaned(part, seen) for part in value)
    if isinstance(value, Mapping):
        return {_cleaned(name, seen): _cleaned(part, seen) for name, part in value.items()}
    home = type(value).__module__
    if home.startswith("_pytest.") and not isinstance(value, type) and id(value) not in seen:
        seen.add(id(value))
        for name in (*getattr(value, "__dict__", ()), *getattr(type(value), "__slots__", ())):
            with suppress(AttributeError, TypeError):
                object.__setattr__(value, name, _cleaned(getattr(value, name), seen))  # also if it is frozen
    return value


def _without_secrets(text: str) -> str:
    return SECRETS.without_fragments(SECRETS.clean(text))
