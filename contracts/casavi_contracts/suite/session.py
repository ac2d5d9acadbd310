"""One run of the suite: what is judged, by what, and what came of it."""

import contextlib
import traceback
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import RenderableType

from casavi_contracts.apart import hypothesis_apart
from casavi_contracts.checks import Check
from casavi_contracts.contract import Contract
from casavi_contracts.coverage import Coverage
from casavi_contracts.failures import BudgetSpent, CouldNotRun, Unmet
from casavi_contracts.http.exchange import Redactor
from casavi_contracts.http.target.target import reason
from casavi_contracts.observe.live import LiveCalls
from casavi_contracts.outcome import Finding, Outcome, Result, without_secrets
from casavi_contracts.report import Report, Results, Row, Timings, files, replay
from casavi_contracts.report.reached import Reached
from casavi_contracts.report.results import sameness
from casavi_contracts.spec import ProfileError
from casavi_contracts.suite.bench import Bench, set_up
from casavi_contracts.suite.calibrating import calibrate
from casavi_contracts.suite.corpus import KeptTask, file_of, kept, names_in
from casavi_contracts.suite.loading import checks_in
from casavi_contracts.suite.plan import plan
from casavi_contracts.suite.preflight import look
from casavi_contracts.suite.settings import Settings
from casavi_contracts.suite.tasks import Task, for_account, task_of, tasks


class Session:
    """The suite inside a run of pytest.

    Args:
        settings: What was asked for.

    Raises:
        CouldNotRun: That is impossible.
    """

    def __init__(self, settings: Settings) -> None:
        again = replay.read(settings.replay) if settings.replay else None
        if again is not None:
            settings = replace(
                settings, versions=(again.version,), seed=again.seed, profile=settings.profile or again.profile
            )
        files.check_writable(settings.junit, settings.json, settings.html)
        self.settings = settings
        self.contracts = _contracts(settings)
        own = checks_in(settings.checks, settings.folder)
        self.tasks = [task_of(again, own)] if again else _tasks(settings, own)
        self._own = own
        coverage, timings = Coverage(self.contracts), Timings()
        self.report = Report(
            results=Results([task.promise(self.contracts[task.version]) for task in self.tasks]),
            coverage=coverage,
            timings=timings,
            target=settings.url or settings.app or "the mock in this process",
            versions=settings.versions,
            seed=settings.seed,
            profile=settings.profile,
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            command=settings.command,
            tolerate=settings.tolerate,
        )
        self.plan: RenderableType | None = None
        """What would be sent, if the user has not agreed to it."""
        self.calibrated = ""
        """What was written about assumptions, as a sentence."""
        self._open = contextlib.ExitStack()
        self._bench: Bench | None = None
        self._redactors = [_redactor(settings)]
        self._live = LiveCalls()

    @property
    def requests(self) -> int:
        """How many were sent until now."""
        return self._bench.target.recorder.count if self._bench else 0

    def choose(self, chosen: Sequence[Task]) -> None:
        """Leaves out what is not to be judged."""
        self.tasks = list(chosen)
        self.report.results = Results([task.promise(self.contracts[task.version]) for task in self.tasks])

    def start(self) -> bool:
        """Reaches the server and looks whether it can be judged; returns whether it can.

        If not, the report says why.
        """
        try:
            with self.report.timings.part("looking at the target"):
                return self._start()
        except (CouldNotRun, BudgetSpent) as stopped:
            self.stop(stopped)
            return False

    def judge(self, task: Task) -> Row | None:
        """Judges one task and returns what came of it, None if the run has to end.

        Its row may show more than its own result: what others have found.
        """
        assert self._bench is not None, "the run has started"
        if self.report.stopped:
            return None
        try:
            with self.report.timings.part(task.group):
                result = task.judge(self._bench)
        except (CouldNotRun, BudgetSpent) as stopped:
            self.stop(stopped)
            return None
        except httpx.RemoteProtocolError as error:  # of the control plane, which may be there all the same
            return self.give_up(task, f"the control plane was not understood: {reason(error)}")
        except httpx.HTTPError as gone:  # of the control plane; other requests tell more
            self.stop(CouldNotRun(f"the server went away: {reason(gone)}"))
            return None
        except Unmet as error:
            return self.give_up(task, str(error))
        except Exception as error:  # noqa: BLE001  # a mistake in a check must not end the run
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(last.filename).name}:{last.lineno}"
            return self.give_up(task, f"its check failed by itself: {type(error).__name__} at {where}")
        self._take(result, task.path if isinstance(task, KeptTask) else None)
        failed = self.report.results.count(Outcome.FAILED)
        if self.settings.maxfail is not None and failed >= self.settings.maxfail:
            self.stop(BudgetSpent(f"{failed} checks have failed (--maxfail)"))
        return self.report.results.row(result.check, result.version)

    def give_up(self, task: Task, reason: str) -> Row | None:
        """Notes that a task cannot be judged, and why."""
        promise = task.promise(self.contracts[task.version])
        self._take(Result(task.name, task.version, Outcome.BLOCKED, promise.evidence, reason=reason))
        return self.report.results.row(task.name, task.version)

    def stop(self, why: Exception) -> None:
        """Notes that the run ends early."""
        self.report.stopped = self._redacted(str(why))
        self.report.gone = not isinstance(why, BudgetSpent)

    def finish(self) -> None:
        """Lets the server go, counts, and writes the files that were asked for.

        Raises:
            CouldNotRun: A file cannot be written.
        """
        report = self.report
        if self._bench is not None:
            report.requests, report.writes = self._bench.budget.requests, self._bench.budget.writes
            report.records = self._bench.budget.records
            report.pauses, report.waited = self._bench.pace.pauses, self._bench.pace.waited
        self._open.close()
        if self.settings.calibrate is not None and self._live.exchanges:
            self.calibrated = calibrate(self._live, self.report, self.settings)
            report.notes.append(self.calibrated)
        files.write(report, junit=self.settings.junit, json=self.settings.json, html=self.settings.html)

    def _start(self) -> bool:
        self._open.enter_context(hypothesis_apart())
        bench = self._bench = set_up(self._open, self.settings, self.contracts, self._own)
        self.settings = bench.settings
        report, target = self.report, bench.target
        self._redactors.append(target.recorder.redact)
        report.is_mock, report.prefix = target.plane is not None, bench.prefix
        if target.shared:
            self.tasks = for_account(self.tasks)
        reached = Reached(self.contracts)
        if not self.settings.only and not self.settings.replay:
            report.never = reached.missing
        target.recorder.listeners += [self.report.coverage.see, self.report.timings.see, reached.see]
        if self.settings.calibrate is not None:
            target.recorder.listeners.append(self._live.see)
        known = look(target, next(iter(self.contracts.values())), self.settings.credentials)
        report.notes += map(self._redacted, known.notes)
        if known.unusable:
            self._judge_none(known.unusable)
            for finding in known.findings:
                report.results.find(without_secrets(finding, self._redacted, self._known))
            return False
        if bench.planned:
            report.planned = True
            self._judge_none("nothing is judged there before you agree")
            self.plan = plan(self.settings, self.tasks, target, bench.prefix)
            return False
        return True

    def _take(self, result: Result, kept_in: Path | None = None) -> None:
        new = self.report.results.add(
            replace(
                result,
                reason=self._redacted(result.reason),
                findings=tuple(without_secrets(finding, self._redacted, self._known) for finding in result.findings),
            )
        )
        for finding in new if self.settings.replay is None else ():
            if kept_in is None:
                self._write_down(finding)
            else:
                self._note_file(finding, kept_in)

    def _redacted(self, text: str) -> str:
        """Returns a text as it may leave the run."""
        return self._redactors[-1](self._known(text))

    def _known(self, text: str) -> str:
        """Returns a text without the secrets of the run."""
        for redactor in self._redactors:
            text = redactor.known(text)
        return text

    def _write_down(self, finding: Finding) -> None:
        assert self._bench is not None, "something was judged"
        if there := file_of(finding, self.tasks):
            self._note_file(finding, there)
            return
        try:
            path = replay.write(
                self.settings.replay_dir,
                finding,
                seed=self.settings.seed,
                max_examples=self.settings.max_examples,
                profile=self.settings.profile,
                redact=self._bench.target.recorder.redact.known,
                taken={*self.report.replays.values(), *names_in(self.settings.corpus)},
            )
        except CouldNotRun as error:  # the result counts all the same
            if str(error) not in self.report.notes:
                self.report.notes.append(str(error))
            return
        self._note_file(finding, path)

    def _note_file(self, finding: Finding, path: Path) -> None:
        folder = self.settings.folder
        self.report.replays[sameness(finding)] = str(path.relative_to(folder) if path.is_relative_to(folder) else path)

    def _judge_none(self, reason: str) -> None:
        results = self.report.results
        for row in list(results):
            promise = row.promise
            results.add(Result(promise.name, promise.version, Outcome.BLOCKED, promise.evidence, reason=reason))


def _tasks(settings: Settings, own: Sequence[Check]) -> list[Task]:
    """Returns what is judged, the cases first that the project keeps."""
    everything = tasks(settings.versions, settings.only, own=own, quick=settings.quick)
    return [*kept(settings.corpus, settings.versions, settings.only, own), *everything]


def _contracts(settings: Settings) -> dict[str, Contract]:
    try:
        return {
            version: Contract(version, settings.profile, settings.overlay, settings.evidence)
            for version in settings.versions
        }
    except ProfileError as error:
        raise CouldNotRun(f"profile: {error}") from error


def _redactor(settings: Settings) -> Redactor:
    """Returns what knows the secrets that a run is given; those that it gets are learned later."""
    redactor = Redactor()
    for account in settings.credentials:
        redactor.learn(account.key)
        redactor.learn(account.secret)
    redactor.learn(settings.control_token or "")
    return redactor
