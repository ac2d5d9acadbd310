"""Hooks that make a run of the suite out of a run of pytest."""

import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from casavi_contracts.failures import CouldNotRun
from casavi_contracts.report import terminal
from casavi_contracts.suite.items import Items, Judged
from casavi_contracts.suite.run import RUN, Run
from casavi_contracts.suite.session import Session
from casavi_contracts.suite.settings import read

_ITEMS = Path(__file__).with_name("items.py")


def pytest_configure(config: pytest.Config) -> None:
    """Reads what was asked for. Whoever switched pytest's own reporter off is shown everything here."""
    alone = not config.pluginmanager.has_plugin("terminalreporter")
    try:
        if getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
            raise CouldNotRun("run it without -n: laws are judged one after the other, some by what others have sent")
        settings = read(config)
        config.stash[RUN] = Run(Session(settings), alone=alone)
    except CouldNotRun as error:
        if alone:
            sys.stderr.write(f"casavi-mock: {error}\n")
        pytest.exit(str(error), returncode=2)
    if settings.listing:
        results = config.stash[RUN].session.report.results
        Console(highlight=False).print(terminal.listing(row.promise for row in results))
        pytest.exit("the laws were listed", returncode=0)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collects the laws in place of one file; the others hold none."""
    return Items.from_parent(parent, path=file_path) if file_path == _ITEMS else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts the items back in order: laws that judge what others have seen come last, whatever shuffled them."""
    if RUN not in config.stash:
        return  # the settings were impossible
    order = {id(task): number for number, task in enumerate(config.stash[RUN].session.tasks)}
    places = [place for place, item in enumerate(items) if isinstance(item, Judged)]
    ours = sorted((item for item in items if isinstance(item, Judged)), key=lambda item: order[id(item.task)])
    for place, item in zip(places, ours, strict=True):
        items[place] = item


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Reaches the server before the first law is judged."""
    ours = [item for item in session.items if isinstance(item, Judged)]
    if ours and not session.config.option.collectonly:
        session.config.stash[RUN].start(ours)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Lets the server go and writes the reports, of a run that was interrupted too."""
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
        terminalreporter.section("casavi: laws of the API")
        terminalreporter.write(run.summary(terminalreporter._tw.fullwidth))
