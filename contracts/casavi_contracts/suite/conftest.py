"""Hooks that make a run of the suite out of a run of pytest."""

from pathlib import Path

import pytest

from casavi_contracts.failures import CouldNotRun
from casavi_contracts.suite.items import SESSION, Items, Judged
from casavi_contracts.suite.session import Session
from casavi_contracts.suite.settings import read

_ITEMS = Path(__file__).with_name("items.py")


def pytest_configure(config: pytest.Config) -> None:
    """Reads what was asked for."""
    try:
        config.stash[SESSION] = Session(read(config))
    except CouldNotRun as error:
        pytest.exit(str(error), returncode=2)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collects the laws in place of one file; the others hold none."""
    return Items.from_parent(parent, path=file_path) if file_path == _ITEMS else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the items back in order: laws that judge what others have seen come last, whatever shuffled them."""
    places = [place for place, item in enumerate(items) if isinstance(item, Judged)]
    order = {id(task): number for number, task in enumerate(items[places[0]].config.stash[SESSION].tasks)} if places else {}
    ours = sorted((item for item in items if isinstance(item, Judged)), key=lambda item: order[id(item.task)])
    for place, item in zip(places, ours, strict=True):
        items[place] = item


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Reaches the server before the first law is judged."""
    if session.config.option.collectonly or not any(isinstance(item, Judged) for item in session.items):
        return
    try:
        session.config.stash[SESSION].start()
    except CouldNotRun as error:
        pytest.exit(str(error), returncode=2)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Lets the server go."""
    if SESSION in config.stash:
        config.stash[SESSION].close()
