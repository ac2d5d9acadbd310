"""Hooks that make a run of the suite out of a run of pytest."""

import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from casavi_contracts.failures import CouldNotRun
from casavi_contracts.suite.items import Items, Judged
from casavi_contracts.suite.run import RUN, Run
from casavi_contracts.suite.session import Session
from casavi_contracts.suite.settings import read
from casavi_contracts.suite.tasks import Task

REFUSAL = pytest.StashKey[str]()
"""Why nothing can be judged, as far as it is known before anything is sent."""

COLLECTED_AT = pytest.StashKey[tuple[int, int, int]]()
"""The interpreter's threshold for collecting garbage, to which it goes back."""

RARELY = 20_000
"""Objects after which it collects during a run: at 700 that took a twentieth of the time, and found next to nothing."""

_ITEMS = Path(__file__).with_name("items.py")


def pytest_configure(config: pytest.Config) -> None:
    """Reads what was asked for. What is impossible ends the run later: while it collects, pytest calls it an error."""
    try:
        if getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
            raise CouldNotRun("run it without -n: checks are judged one after the other, some by what others have sent")
        config.stash[RUN] = Run(Session(read(config)))
    except CouldNotRun as error:
        config.stash[REFUSAL] = str(error)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collects the checks in place of one file; the others hold none."""
    return Items.from_parent(parent, path=file_path) if file_path == _ITEMS else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Ends a run that is impossible, and lists the checks if that is asked for.

    Puts the items back in order: checks that judge what others have sent come last, whatever has shuffled them.
    """
    refusal = config.stash.get(REFUSAL, None)
    if refusal is not None:
        if _alone(config):
            sys.stderr.write(f"casavi-mock: {refusal}\n")
        pytest.exit(refusal, returncode=2)
    if config.stash[RUN].session.settings.listing:
        config.stash[RUN].list()
        pytest.exit("the checks were listed", returncode=0)
    _put_in_order(items, config.stash[RUN].session.tasks)


def _put_in_order(items: list[pytest.Item], tasks: Sequence[Task]) -> None:
    order = {id(task): number for number, task in enumerate(tasks)}
    places = [place for place, item in enumerate(items) if isinstance(item, Judged)]
    ours = sorted((item for item in items if isinstance(item, Judged)), key=lambda item: order[id(item.task)])
    for place, item in zip(places, ours, strict=True):
        items[place] = item


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Reaches the server before the first check is judged."""
    ours = [item for item in session.items if isinstance(item, Judged)]
    if ours and not session.config.option.collectonly:
        run = session.config.stash[RUN]
        session.config.stash[COLLECTED_AT] = gc.get_threshold()
        gc.set_threshold(RARELY)
        run.start(ours, alone=_alone(session.config))
        _put_in_order(session.items, run.session.tasks)  # that of a real account is known just now


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Lets the server go and writes the reports, of a run that was interrupted too."""
    gc.set_threshold(*session.config.stash.get(COLLECTED_AT, gc.get_threshold()))
    run = session.config.stash.get(RUN, None)
    if run is not None and run.started:
        if exitstatus == pytest.ExitCode.INTERRUPTED and not run.session.report.stopped:
            run.interrupt()
        failed = run.finish()
        if failed is not None:
            session.exitstatus = failed


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Shows the report below pytest's own."""
    run = config.stash.get(RUN, None)
    if run is not None and run.started:
        terminalreporter.section("casavi: checks of the API")
        terminalreporter.write(run.summary(config.get_terminal_writer().fullwidth))


def _alone(config: pytest.Config) -> bool:
    """Whether the suite itself has to tell the user everything, since pytest's own reporter is switched off."""
    return not config.pluginmanager.has_plugin("terminalreporter")
