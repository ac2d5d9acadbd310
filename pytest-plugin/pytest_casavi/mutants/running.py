"""One run with mutants: the healthy mock first, then every test at every mutant that it reaches, then the report."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_casavi.mutants import parameter
from pytest_casavi.mutants.catalogue import MUTANTS
from pytest_casavi.mutants.mutant import HEALTHY, Mutant, chosen, from_entry_points, own
from pytest_casavi.mutants.report import Findings, as_json, as_junit, told
from pytest_casavi.mutants.trying import Trying, Writing, prepare
from pytest_casavi.mutants.vendor import STAGE
from pytest_casavi.mutants.verdict import Run, judged
from pytest_casavi.mutants.watching import ABANDONED, KEY, Watch

PLUGIN = "casavi-mutants"
BACKENDS = ("server", "inprocess", "process")
"""Where the mock is started by this session, so that mutants can be put in front of it."""

_END_SECONDS = 20.0

Accounts = Callable[[pytest.Item], Collection[Any]]


def known_mutants(config: pytest.Config) -> dict[str, Mutant]:
    """Returns all mutants by name: those of this distribution, of entry points, of conftest files.

    Raises:
        pytest.UsageError: One is none, or two have one name.
    """
    given = config.pluginmanager.hook.pytest_casavi_mutants(config=config)
    found = own([*MUTANTS.values(), *from_entry_points(), *reversed(given)])
    return {mutant.name: mutant for mutant in found}


def listing(config: pytest.Config) -> str:
    """Returns a text with a line for each mutant."""
    mutants = known_mutants(config).values()
    width = max(len(mutant.name) for mutant in mutants)
    return "\n".join(f"{one.name:{width}}  {'legal  ' if one.legal else 'illegal'}  {one.says}" for one in mutants)


def configure(config: pytest.Config, backend: str, accounts: Accounts) -> None:
    """Puts the hooks of a run with mutants in place.

    Args:
        config: Of the run.
        backend: Where the mock runs.
        accounts: Returns the accounts that a test has used.

    Raises:
        pytest.UsageError: A mutant is unknown, or the mock cannot be made wrong.
    """
    if backend not in BACKENDS:
        raise pytest.UsageError(
            f"--casavi-mutants: the mock of the backend {backend!r} cannot be made wrong from here. "
            f"Possible: {', '.join(f'--casavi-backend={name}' for name in BACKENDS)}"
        )
    STAGE.on = True
    config.add_cleanup(_off)
    known = known_mutants(config)
    file, seconds = config.option.casavi_mutants_plan, float(config.option.casavi_mutants_seconds)
    worker = hasattr(config, "workerinput")
    if file is None:
        wanted = {mutant.name: mutant for mutant in chosen(config.option.casavi_mutants, known)}
        config.pluginmanager.register(Watch(accounts, wanted, None, seconds), f"{PLUGIN}-watch")
        if not worker:
            config.pluginmanager.register(Running(config, wanted), PLUGIN)
        return
    plan = json.loads(Path(file).read_text(encoding="utf-8"))
    results = Path(plan["results"])
    config.pluginmanager.register(Watch(accounts, known, plan["tests"], seconds, results), f"{PLUGIN}-watch")
    config.pluginmanager.register(parameter, f"{PLUGIN}-parameter")
    config.pluginmanager.register(Trying(plan), f"{PLUGIN}-trying")
    if not worker:
        prepare(config, plan)
        config.pluginmanager.register(Writing(results), f"{PLUGIN}-writing")


def _off() -> None:
    STAGE.on, STAGE.test = False, None


class Running:
    """Learns from the reports of the healthy run, runs the rest in a process of its own, and reports.

    Args:
        config: Of the run.
        mutants: Those that are wanted, by name.
    """

    def __init__(self, config: pytest.Config, mutants: dict[str, Mutant]) -> None:
        self._config = config
        self._mutants = mutants
        self._tests: dict[str, dict[str, Any]] = {}
        self._failed: set[str] = set()
        self._skipped: set[str] = set()
        self._broken: dict[str, str] = {}
        self._findings: Findings | None = None
        self._told: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Learns what a test does on the healthy mock."""
        seen = getattr(report, KEY, None)
        if report.failed:
            self._failed.add(report.nodeid)
        if seen is None:
            return
        for name, legal, says, needs in seen.get("mutants", ()):  # of conftest files that only a worker has read
            if name not in self._mutants and self._config.option.casavi_mutants == "all":
                self._mutants[name] = Mutant(name=name, legal=legal, says=says, needs=needs)
        test = self._tests.setdefault(report.nodeid, {"mutants": [], "world": {}, "results": {}, "read": {}})
        test["mutants"] = [name for name in self._mutants if name in {*test["mutants"], *seen["reached"]}]
        self._broken |= seen["broken"]
        if report.skipped:
            self._skipped.add(report.nodeid)
        if "world" in seen:
            test |= {name: seen[name] for name in ("world", "results", "read")}

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Runs every test at every mutant that it reaches."""
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or session.config.option.collectonly:
            return
        tests = {
            node: test
            for node, test in self._tests.items()
            if test["mutants"] and node not in self._failed | self._skipped
        }
        runs: list[Run] = []
        interrupted, unsteady = False, set(self._failed)
        if tests:
            folder = self._folder()
            lines, interrupted = self._tried(tests, folder)
            unsteady |= self._unsteady(lines)
            runs = self._runs(lines, unsteady)
        known = judged(list(self._mutants.values()), runs)
        self._findings = Findings(known, sorted(unsteady), self._broken, interrupted, len(self._tests))
        self._write(self._findings)
        if interrupted:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
        elif self._fails(self._findings) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Tells it."""
        if self._findings is not None:
            terminalreporter.section("casavi: mutants")
            terminalreporter.write_line(told(self._findings))

    def _fails(self, findings: Findings) -> bool:
        wanted = self._config.option.casavi_mutants_fail_on
        return bool(findings.broken) or any(one.verdict == wanted for one in findings.judged)

    def _folder(self) -> Path:
        cache = getattr(self._config, "cache", None)
        if cache is not None:
            return Path(cache.mkdir("casavi-mutants"))
        return Path(tempfile.mkdtemp(prefix="casavi-mutants-"))

    # The second run

    def _tried(self, tests: dict[str, dict[str, Any]], folder: Path) -> tuple[list[dict[str, Any]], bool]:
        """Runs what is planned; returns what was seen, and whether it was interrupted."""
        results, marks = folder / "results.jsonl", {node: _mark(test) for node, test in tests.items()}
        known = _read(results) if self._config.option.casavi_mutants_resume else []
        lines = [line for line in known if line.get("mark") == marks.get(line["test"])]
        results.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        code = ABANDONED
        while code == ABANDONED and (planned := _left(tests, _read(results))):
            plan = {"tests": planned, "mutants": list(self._mutants), "results": str(results)}
            (folder / "plan.json").write_text(json.dumps(plan, default=str), encoding="utf-8")
            code = self._run(folder, sum(len(test["mutants"]) for test in planned.values()))
        lines = [{**line, "mark": marks.get(line["test"])} for line in _read(results)]
        results.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return lines, code == pytest.ExitCode.INTERRUPTED

    def _run(self, folder: Path, number: int) -> int:
        """Runs the plan in a process of its own; returns its exit code.

        Raises:
            pytest.UsageError: It cannot be run.
        """
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(f"casavi: {number} runs of tests at mutants")
        args = self._config.invocation_params.args
        command = [sys.executable, *_path(), "-m", "pytest", *map(str, args), *_more(self._config)]
        command += [f"--casavi-mutants-plan={folder / 'plan.json'}", "-q"]
        with (folder / "log.txt").open("wb") as log:
            child = subprocess.Popen(  # noqa: S603  # the command of the user's own run
                command, cwd=self._config.invocation_params.dir, stdout=log, stderr=subprocess.STDOUT, env=_environ()
            )
            try:
                code = child.wait()
            except KeyboardInterrupt:
                _ended(child)
                return pytest.ExitCode.INTERRUPTED
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED, ABANDONED):
            tail = "\n".join((folder / "log.txt").read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
            raise pytest.UsageError(f"casavi: the run at mutants ended with {code}:\n{tail}")
        return code

    def _unsteady(self, lines: list[dict[str, Any]]) -> set[str]:
        """Returns tests that are not twice the same on the healthy mock."""
        return {line["test"] for line in lines if line["mutant"] == HEALTHY and line["failed"]}

    def _runs(self, lines: list[dict[str, Any]], unsteady: set[str]) -> list[Run]:
        varying = {
            line["test"]: {place for place, _, _ in line.get("differences", ())}
            for line in lines
            if line["mutant"] == HEALTHY
        }
        found = {}
        for line in lines:
            node, name = line["test"], line["mutant"]
            if name == HEALTHY or name not in self._mutants or node in unsteady:
                continue
            self._broken |= line.get("broken", {})
            differ = [tuple(one) for one in line.get("differences", ()) if one[0] not in varying.get(node, ())]
            reached = name in line.get("reached", ()) and not line["skipped"]
            crashed, why = line.get("crashed", False), line.get("why", "")
            found[node, name] = Run(node, name, line["failed"], reached, why, crashed, tuple(differ))
        return sorted(found.values(), key=lambda run: run.test)  # workers, and other plugins, shuffle them

    def _write(self, findings: Findings) -> None:
        option, root = self._config.option, self._config.invocation_params.dir
        if option.casavi_mutants_json:
            (root / option.casavi_mutants_json).write_text(as_json(findings), encoding="utf-8")
        if option.casavi_mutants_junit:
            (root / option.casavi_mutants_junit).write_bytes(as_junit(findings))


def _left(tests: dict[str, dict[str, Any]], lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Returns what is planned and not yet done."""
    done = {(line["test"], line["mutant"]) for line in lines}
    left = {
        node: {**test, "mutants": [name for name in test["mutants"] if (node, name) not in done]}
        for node, test in tests.items()
    }
    return {node: test for node, test in left.items() if test["mutants"] or (node, HEALTHY) not in done}


def _ended(child: "subprocess.Popen[bytes]") -> None:
    """Waits for a process that the same interrupt has reached, but not for ever."""
    try:
        child.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _environ() -> dict[str, str]:
    """Returns the environment without what is pytest's own about this run."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_XDIST", "PYTEST_CURRENT"))
    }


def _path() -> list[str]:
    """Returns what keeps the folder of the run out of the path if this run has it not there either."""
    return [] if {"", str(Path.cwd())} & set(sys.path) else ["-P"]


def _more(config: pytest.Config) -> Sequence[str]:
    """Returns arguments that a run at mutants has beside those of the user."""
    cov = ["--no-cov"] if config.pluginmanager.hasplugin("_cov") or config.pluginmanager.hasplugin("pytest_cov") else []
    # What a test at one mutant leaves behind would be told of another one.
    return [*cov, "-W", "ignore::pytest.PytestUnraisableExceptionWarning"]


def _mark(test: dict[str, Any]) -> str:
    """Returns what is the same as long as a test does the same on the healthy mock."""
    text = json.dumps([test["world"], test["results"], test["read"]], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(file: Path) -> list[dict[str, Any]]:
    """Returns the lines of a file; one that was cut by an interrupt is left out."""
    if not file.exists():
        return []
    lines = []
    for text in file.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            continue
    return lines
