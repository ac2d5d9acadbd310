"""The second run: every planned test at every mutant that it reaches. A mutant is a parameter of the session."""

import json
from pathlib import Path
from typing import Any, TextIO

import pytest

from pytest_casavi.mutants.mutant import HEALTHY
from pytest_casavi.mutants.watching import KEY, MARK, mutant_of, without_mutant

_OFF = {
    "keyword": "", "markexpr": "", "deselect": None, "lf": False, "failedfirst": False, "newfirst": False,
    "stepwise": False, "stepwise_skip": False, "stepwise_reset": False, "maxfail": 0, "usepdb": False,
    "collectonly": False, "xmlpath": None, "htmlpath": None, "report_log": None, "json_report": False, "reruns": 0,
}  # fmt: skip
"""Options of the user's run that chose its tests, end it early or write its files."""


def prepare(config: pytest.Config, plan: dict[str, Any]) -> None:
    """Lets a run collect what is planned, whatever its arguments were. It must come before other plugins configure.

    Args:
        config: Of the run.
        plan: The planned tests.
    """
    for name, value in _OFF.items():
        if hasattr(config.option, name):
            setattr(config.option, name, value)
    files = dict.fromkeys(node.partition("::")[0] for node in plan["tests"])
    config.args = [str(config.rootpath / file) for file in files]


class Trying:
    """Hooks of a process that runs tests at mutants.

    Args:
        plan: The planned tests by node id, each with its mutants.
    """

    def __init__(self, plan: dict[str, Any]) -> None:
        self._planned: dict[str, list[str]] = {node: one["mutants"] for node, one in plan["tests"].items()}
        names: dict[str, dict[str, None]] = {}
        for node, mutants in self._planned.items():
            names.setdefault(node.partition("[")[0], {}).update(dict.fromkeys([HEALTHY, *mutants]))
        self._order = [HEALTHY, *plan["mutants"]]
        self._names = {base: sorted(found, key=self._order.index) for base, found in names.items()}

    @pytest.hookimpl(trylast=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Multiplies a test by its mutants."""
        names = self._names.get(metafunc.definition.nodeid.partition("[")[0])
        if names:
            ids = [f"{MARK}{name}" for name in names]
            metafunc.parametrize("_casavi_mutant", names, ids=ids, indirect=True, scope="session")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leaves out what is not planned."""
        kept = [item for item in items if mutant_of(item) in self._wanted(without_mutant(item))]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        kept.sort(key=lambda item: self._order.index(str(mutant_of(item))))
        items[:] = kept

    def _wanted(self, node: str) -> list[str]:
        return [HEALTHY, *self._planned[node]] if node in self._planned else []


class Writing:
    """Writes what was seen of each test at each mutant, line by line, so that an interrupted run can go on.

    Args:
        file: Where to.
    """

    def __init__(self, file: Path) -> None:
        self._stream: TextIO = file.open("a", encoding="utf-8")
        self._open: dict[tuple[str, str], dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes a report; when a test has ended, all of it is written."""
        seen = getattr(report, KEY, None)
        if seen is None or seen.get("mutant") is None:
            return
        pair = seen["test"], seen["mutant"]
        line = self._open.setdefault(pair, {"test": pair[0], "mutant": pair[1], "failed": False, "skipped": False})
        line["failed"] |= report.failed
        line["skipped"] |= report.skipped
        for name in ("reached", "broken", "differences", "more"):
            if name in seen:
                line[name] = seen[name]
        if seen["why"] and "why" not in line:
            line["why"], line["crashed"] = seen["why"], seen["crashed"]
        if report.when == "teardown":
            self._stream.write(json.dumps(self._open.pop(pair), default=str) + "\n")
            self._stream.flush()

    def pytest_unconfigure(self) -> None:
        """Closes the file."""
        self._stream.close()
