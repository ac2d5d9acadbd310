"""The marker `casavi_everywhere`: runs a test once, and then with every fault at every call that it made."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import pytest
from _pytest.runner import runtestprotocol

from pytest_casavi.errors import CasaviError
from pytest_casavi.mutants import everywhere
from pytest_casavi.mutants.everywhere import Found, Learnt
from pytest_casavi.mutants.world import world_of

MARK = "casavi_everywhere"


class Repeating:
    """One marked test: which fault its next run meets, and what the last one left.

    Args:
        mark: What it says.
        where: Node id of the test, for errors.

    Raises:
        pytest.UsageError: Its arguments are impossible.
    """

    def __init__(self, mark: pytest.Mark, where: str) -> None:
        said = dict(mark.kwargs)
        kinds, errors = said.pop("faults", everywhere.KINDS), said.pop("errors", ())
        if mark.args or said:
            raise pytest.UsageError(f"{where}: @pytest.mark.{MARK} takes faults and errors, by their names")
        try:
            self.kinds = everywhere.known((kinds,) if isinstance(kinds, str) else tuple(kinds))
        except CasaviError as error:
            raise pytest.UsageError(f"{where}: @pytest.mark.{MARK}(faults=…): {error}") from None
        self.errors = (errors,) if isinstance(errors, type) else tuple(errors)
        self.next: tuple[everywhere.Call, everywhere.Kind] | None = None
        self.steering: Any = None
        self.learnt: Learnt | None = None
        self.found: list[Found] = []

    def opened(self, steering: Any) -> None:
        """Takes the account of a run, the first that is opened for it, and plans the fault."""
        if self.steering is None:
            self.steering = steering
            if self.next is not None:
                everywhere.plan(steering, *self.next)

    def ended(self, error: BaseException | None) -> None:
        """Takes the end of a run, before its account is closed."""
        if self.steering is None:
            return
        if self.learnt is None:
            if error is None:
                self.learnt = everywhere.learn(self.steering)
        elif self.next is not None:
            world = world_of([self.steering.ask("getState")])
            if (wrong := everywhere.judge(self.learnt, world, error, self.errors)) is not None:
                self.found.append(Found(*self.next, *wrong))


def repeat(item: pytest.Item, nextitem: pytest.Item | None, key: "pytest.StashKey[Repeating]") -> bool:
    """Runs a marked test, as often as need be, and reports it as one.

    Args:
        item: The test.
        nextitem: The test after it.
        key: Where the hooks of its runs find what they are to tell.
    """
    mark = item.get_closest_marker(MARK)
    assert mark is not None, "it is asked for marked tests alone"
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    try:
        state = item.stash[key] = Repeating(mark, item.nodeid)
    except pytest.UsageError as error:  # told of all tests before the first one runs, but not in a worker of xdist
        reports = [_report(item, "setup", partial(pytest.fail, str(error), pytrace=False))]
    else:
        reports = _run(item)
        if state.learnt is not None and all(report.passed for report in reports):
            _with_faults(item, state, state.learnt, reports)
        del item.stash[key]
    ending = _report(item, "teardown", partial(item.session._setupstate.teardown_exact, nextitem))
    if ending.failed or len(reports) == 1:  # fixtures of a wider scope have ended, which the next test does not need
        reports.append(ending)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _run(item: pytest.Item) -> list[pytest.TestReport]:
    """Runs a test; its own fixtures end, those of a wider scope stay: as if another test of its class or file came."""
    return runtestprotocol(item, log=False, nextitem=item.parent)  # type: ignore[arg-type]


def _with_faults(item: pytest.Item, state: Repeating, learnt: Learnt, reports: list[pytest.TestReport]) -> None:
    """Runs a test with every fault at every call, and writes what was found into the report of its first run."""
    call_report = next(report for report in reports if report.when == "call")
    planned = list(everywhere.each(learnt, state.kinds))
    for state.next in planned:
        state.steering = None
        for report in _run(item):
            call_report.duration += report.duration
    if state.found:
        call_report.outcome = "failed"
        call_report.longrepr = everywhere.summary(state.found, len(planned), learnt)


def _report(item: pytest.Item, when: Literal["setup", "teardown"], do: Callable[[], object]) -> pytest.TestReport:
    """Does something, and returns the report of it."""
    call = pytest.CallInfo.from_call(do, when=when)
    return item.ihook.pytest_runtest_makereport(item=item, call=call)  # type: ignore[no-any-return]
