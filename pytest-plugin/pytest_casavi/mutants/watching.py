"""Watches the tests of a process: what they reach, what their accounts hold at the end, whether they end at all."""

import ctypes
import re
import signal
import threading
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
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
    """

    def __init__(
        self,
        accounts: Callable[[pytest.Item], Collection[Any]],
        mutants: dict[str, Mutant],
        plan: dict[str, Any] | None,
        seconds: float,
    ) -> None:
        self._accounts = accounts
        self._mutants = mutants
        self._plan = plan
        self._seconds = seconds
        self._told = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Puts the mutants of a test in front of the mock."""
        if self._plan is None:
            STAGE.begin(tuple(self._mutants.values()), shadow=True)
        else:
            name = mutant_of(item)
            STAGE.begin(() if name in (None, HEALTHY) else (self._mutants[str(name)],), shadow=False)
        with self._limit():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Ends a test that does not end."""
        with self._limit():
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
    def _limit(self) -> Iterator[None]:
        if self._plan is None:
            yield
            return
        with time_limit(self._seconds):
            yield


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
def time_limit(seconds: float) -> Iterator[None]:
    """Raises in this thread when a block takes too long, again and again if that is caught.

    Raises:
        DoesNotEnd: It does.
    """
    text = f"does not end: it was stopped after {seconds:g} s"
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():

        def stop(number: int, frame: object) -> None:
            raise DoesNotEnd(text, pytrace=False)

        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
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
