"""Watches the tests of a process: what they reach, what their accounts hold at the end, whether they end at all."""

import ctypes
import json
import os
import re
import signal
import threading
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_casavi.errors import CasaviError
from pytest_casavi.mutants.mutant import HEALTHY, Mutant
from pytest_casavi.mutants.vendor import STAGE
from pytest_casavi.mutants.world import differences, world_of

KEY = "casavi_mutants"
"""The attribute of a report that tells what was seen; xdist passes it on."""

MAX_DIFFERENCES = 20

_Failed: Any = pytest.fail.Exception
_AGAIN_SECONDS = 1.0
_WIDER = 6
"""How many times as long a fixture of a wider scope may take."""

_PATIENCE = 5
"""How often a test may catch what is to end it; then its process ends."""

ABANDONED = 70
"""Exit code of a process that a test does not let go on."""

_CRASH = re.compile(
    r"(\w+\.)*(TypeError|AttributeError|KeyError|IndexError|ValueError|JSONDecodeError|UnicodeError|NameError)\b"
)
"""How the message of such an error begins."""


class DoesNotEnd(_Failed):  # type: ignore[misc]
    """A test at a mutant that did not end in time."""

    __module__ = "builtins"


class Watch:
    """Hooks of a process that runs tests.

    Args:
        accounts: Returns the accounts that a test has used.
        mutants: Those that are wanted, by name.
        plan: What each test does on the healthy mock, by node id; None while that is still to be learnt.
        seconds: How long a test at a mutant may take.
        results: Where runs at mutants are written.
    """

    def __init__(
        self,
        accounts: Callable[[pytest.Item], Collection[Any]],
        mutants: dict[str, Mutant],
        plan: dict[str, Any] | None,
        seconds: float,
        results: Path | None = None,
    ) -> None:
        self._accounts = accounts
        self._mutants = mutants
        self._plan = plan
        self._seconds = seconds
        self._results = results
        self._told = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Puts the mutants of a test in front of the mock."""
        if self._plan is None:
            STAGE.begin(tuple(self._mutants.values()), shadow=True)
        else:
            name = mutant_of(item)
            STAGE.begin(() if name in (None, HEALTHY) else (self._mutants[str(name)],), shadow=False)
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: "pytest.FixtureDef[Any]", request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Ends a fixture that does not end. One of a wider scope may do more: it fails for all tests that share it."""
        with self._limit(request._pyfuncitem, 1 if fixturedef.scope == "function" else _WIDER):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Ends a test that does not end."""
        with self._limit(item):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: "pytest.CallInfo[None]"
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Writes into a report what was seen."""
        report = yield
        if STAGE.test is None:
            return report
        saw = STAGE.seen()
        seen = {name: saw[name] for name in ("reached", "broken")}
        if self._plan is not None:
            seen |= {
                "mutant": mutant_of(item),
                "test": without_mutant(item),
                "why": _why(report),
                "crashed": _crashed(report, item),
            }
        if report.when == "call" and report.passed:
            seen |= self._end(item, saw)
        if not self._told:  # the one process that reports may have loaded other conftest files
            self._told = True
            seen["mutants"] = [[one.name, one.legal, one.says, one.needs] for one in self._mutants.values()]
        setattr(report, KEY, seen)
        return report

    def _end(self, item: pytest.Item, saw: dict[str, Any]) -> dict[str, Any]:
        """Returns what stands at the end of a test: all of it, or where it differs from the healthy mock."""
        states = []
        for opened in self._accounts(item):
            try:
                states.append(opened.account.steering.ask("getState"))
            except (CasaviError, pytest.skip.Exception):
                continue
        now = {"world": world_of(states), "results": saw["results"], "read": saw["read"]}
        if self._plan is None:
            return now
        known = self._plan[without_mutant(item)]
        found = [*differences(known["world"], now["world"]), *differences(known["results"], now["results"])]
        found += differences(now["read"], known["read"])  # the client believes what it was told
        found += [(place, believed, holds) for place, believed, holds in saw["lies"]]
        return {"differences": found[:MAX_DIFFERENCES], "more": max(len(found) - MAX_DIFFERENCES, 0)}

    @contextmanager
    def _limit(self, item: pytest.Item, factor: float = 1) -> Iterator[None]:
        if self._plan is None or mutant_of(item) in (None, HEALTHY):
            yield
            return
        with time_limit(self._seconds * factor, partial(self._abandon, item)):
            yield

    def _abandon(self, item: pytest.Item) -> None:
        """Writes down that a test does not end whatever is raised in it, and ends the process."""
        assert self._results is not None, "it runs at mutants"
        name = mutant_of(item)
        line = {"test": without_mutant(item), "mutant": name, "failed": True, "skipped": False, "reached": [name]}
        why = f"does not end: it took more than {self._seconds:g} s, and catches every exception"
        with self._results.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**line, "why": why}) + "\n")
        os._exit(ABANDONED)


def mutant_of(item: pytest.Item) -> str | None:
    """Returns the name of the mutant that a test is to meet; None if it meets none."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    name: str | None = params.get("_casavi_mutant")
    return name


MARK = "mutant="
"""What the id of a parameter that stands for a mutant begins with."""


def without_mutant(item: pytest.Item) -> str:
    """Returns the node id that a test has without its mutant."""
    name = mutant_of(item)
    head, bracket, ids = item.nodeid.partition("[")
    if name is None or not bracket:
        return item.nodeid
    left = ids[:-1]
    for part in (f"-{MARK}{name}", f"{MARK}{name}-", f"{MARK}{name}"):
        if part in left:
            left = left.replace(part, "", 1)
            break
    return f"{head}[{left}]" if left else head


def _why(report: pytest.TestReport) -> str:
    if not report.failed:
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr or "")
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return (lines[0] if lines else "failed")[:300]


def _crashed(report: pytest.TestReport, item: pytest.Item) -> bool:
    """Whether something was raised that nobody raises on purpose, and not by the lines of the test itself."""
    crash = getattr(report.longrepr, "reprcrash", None)
    return crash is not None and _CRASH.match(crash.message) is not None and Path(crash.path) != item.path


@contextmanager
def time_limit(seconds: float, abandon: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Raises in this thread when a block takes too long, again and again if that is caught.

    Args:
        seconds: How long it may take.
        abandon: Called if it was caught too often.

    Raises:
        DoesNotEnd: It does.
    """
    text = f"does not end: it was stopped after {seconds:g} s"
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        left = iter(range(_PATIENCE))

        def stop(number: int, frame: object) -> None:
            if next(left, None) is None:
                abandon()
            raise DoesNotEnd(text, pytrace=False)

        before = signal.signal(signal.SIGALRM, stop)
        outer = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, *outer)  # that of the test which asks for a fixture, or none
            signal.signal(signal.SIGALRM, before)
        return
    own = ctypes.c_ulong(threading.get_ident())
    timer = threading.Timer(seconds, ctypes.pythonapi.PyThreadState_SetAsyncExc, (own, ctypes.py_object(DoesNotEnd)))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
