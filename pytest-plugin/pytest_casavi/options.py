"""Options of the command line, their ini keys and their environment variables."""

import copy
import os
from argparse import SUPPRESS
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import pytest

from pytest_casavi.config import BACKENDS, FAIL_ON, Backend, CasaviConfig, FailOn
from pytest_casavi.marks import names_of_rules
from pytest_casavi.secret_text import SECRETS, SecretText

_MUTANTS = "--casavi-mutants"


class Option(NamedTuple):
    """One setting, in its three forms."""

    name: str
    """Of the ini key; the option is the same with hyphens."""
    variable: str
    help: str
    metavar: str

    @property
    def flag(self) -> str:
        """As it is given on the command line."""
        return f"--{self.name.replace('_', '-')}"


OPTIONS = (
    Option(
        "casavi_backend",
        "CASAVI_BACKEND",
        "Where the mock runs: server (a thread and a free port), inprocess, process, url.",
        "NAME",
    ),
    Option("casavi_url", "CASAVI_URL", "Address of a running mock, or of casavi, for the backend url.", "URL"),
    Option("casavi_report_dir", "CASAVI_REPORT_DIR", "Folder for HAR, JSON and SARIF files of failed tests.", "DIR"),
    Option("casavi_allow", "CASAVI_ALLOW", "Rules of criteria that clients may break, separated by commas.", "RULES"),
    Option(
        "casavi_fail_on", "CASAVI_FAIL_ON", "Least severity that fails a test: note, warning, error, never.", "SEVERITY"
    ),
)
"""Flags beat variables, variables beat ini keys."""


def add(parser: pytest.Parser) -> None:
    """Declares the options and the ini keys."""
    group = parser.getgroup("casavi", "casavi-mock")
    for option in OPTIONS:
        told = f"{option.help} [ini: {option.name}; env: {option.variable}]"
        group.addoption(option.flag, dest=option.name, default=None, metavar=option.metavar, help=told)
        listed: Any = "args" if option.name == "casavi_allow" else None
        parser.addini(option.name, option.help, type=listed, default=None)

    _add_mutants(group)


def _add_mutants(group: Any) -> None:
    mutants = f"{_MUTANTS}-"
    group.addoption(
        _MUTANTS,
        dest="casavi_mutants",
        nargs="?",
        const="all",
        default=None,
        metavar="NAMES",
        help="Run the tests at vendors that are wrong on purpose, too: at all of them, or at those with these names, "
        "separated by commas; `list` lists them.",
    )
    group.addoption(
        f"{mutants}seconds", type=float, default=10.0, metavar="N", help="Seconds that a test at a mutant may take: 10."
    )
    group.addoption(f"{mutants}json", default=None, metavar="FILE", help="Write what was found as JSON.")
    group.addoption(f"{mutants}junit", default=None, metavar="FILE", help="Write what was found as JUnit XML.")
    group.addoption(
        f"{mutants}fail-on",
        choices=("unnoticed", "never"),
        default="never",
        help="Fail if a mutant is unnoticed; without this, what is found never fails.",
    )
    group.addoption(f"{mutants}resume", action="store_true", help="Go on where a run was interrupted.")
    group.addoption(f"{mutants}plan", default=None, help=SUPPRESS)


def complete(config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """Gives `--casavi-mutants` its value if it stands alone, since it would take the argument behind it.

    Args:
        config: Knows what was read of the arguments so far.
        parser: Reads them.
        args: The arguments, which are changed.
    """
    if _MUTANTS in args:
        args[:] = [f"{_MUTANTS}=all" if arg == _MUTANTS else arg for arg in args]
        known = parser.parse_known_args(args, namespace=copy.copy(config.option))
        known.confcutdir = known.confcutdir or config.known_args_namespace.confcutdir
        config.known_args_namespace = known


class _Source(NamedTuple):
    """A value and who gave it."""

    value: str
    where: str


def config_of(config: pytest.Config) -> CasaviConfig:
    """Returns what options, variables and ini keys say.

    Raises:
        pytest.UsageError: A value is impossible; the text says whose, and what is possible.
    """
    given = {option.name: _given(config, option) for option in OPTIONS}
    url = given["casavi_url"]
    return CasaviConfig(
        backend=_backend(given["casavi_backend"], url),
        url=url and _address(url),
        key=_hidden("CASAVI_API_KEY"),
        secret=_hidden("CASAVI_API_SECRET"),
        control_token=_hidden("CASAVI_MOCK_CONTROL_TOKEN"),
        report_dir=_folder(given["casavi_report_dir"], config.rootpath),
        allow=_rules(given["casavi_allow"]),
        fail_on=cast("FailOn", _one_of(given["casavi_fail_on"], FAIL_ON, "warning")),
    )


def _given(config: pytest.Config, option: Option) -> _Source | None:
    sources: tuple[tuple[Callable[[], Any], str], ...] = (
        (lambda: config.getoption(option.name), option.flag),
        (lambda: os.environ.get(option.variable), option.variable),
        (lambda: config.getini(option.name), f"ini key {option.name}"),
    )
    for value, where in sources:
        if found := value():
            text = " ".join(found) if isinstance(found, list) else str(found)
            return _Source(text.strip(), where)
    return None


def _one_of(given: _Source | None, possible: tuple[str, ...], default: str) -> str:
    if given is None:
        return default
    if given.value not in possible:
        raise pytest.UsageError(f"{given.where}: {given.value!r} is not known. Possible: {', '.join(possible)}")
    return given.value


def _backend(given: _Source | None, url: _Source | None) -> Backend:
    """Returns the backend; an address asks for `url`, unless it comes from the variable that clients read too."""
    asked_for_url = url is not None and url.where != "CASAVI_URL"
    chosen = cast("Backend", _one_of(given, BACKENDS, "url" if asked_for_url else "server"))
    if chosen == "url" and url is None:
        where = given.where if given else ""
        raise pytest.UsageError(f"{where}: the backend url needs an address: --casavi-url, CASAVI_URL or the ini key")
    if chosen != "url" and url is not None and url.where == "--casavi-url":
        raise pytest.UsageError(f"--casavi-url: an address is of no use to the backend {chosen!r}; it belongs to 'url'")
    return chosen


def _address(given: _Source) -> str:
    try:
        parts = urlsplit(given.value)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and parts.username is None
    except ValueError:  # such as a port that is no number
        good = False
    if not good or parts.query or parts.fragment:
        raise pytest.UsageError(
            f"{given.where}: expected an address such as http://127.0.0.1:4227, got {given.value!r}"
        )
    return given.value.rstrip("/")


def _folder(given: _Source | None, root: Path) -> Path | None:
    if given is None:
        return None
    folder = Path(given.value) if given.where.startswith("--") else root / given.value
    if folder.exists() and not folder.is_dir():
        raise pytest.UsageError(f"{given.where}: {given.value} is not a folder")
    return folder.absolute()


def _rules(given: _Source | None) -> frozenset[str]:
    if given is None:
        return frozenset()
    names = given.value.replace(",", " ").split()
    return names_of_rules(names, given.where)


def _hidden(variable: str) -> SecretText | None:
    text = os.environ.get(variable)
    SECRETS.remember(text)
    return SecretText(text) if text else None
