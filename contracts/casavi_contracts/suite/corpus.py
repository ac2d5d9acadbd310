"""The corpus: cases that a project keeps in a folder, each judged first on every run."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casavi_contracts import fuzz
from casavi_contracts.checks import Check
from casavi_contracts.checks.definition import no_case
from casavi_contracts.contract import Contract
from casavi_contracts.failures import CouldNotRun
from casavi_contracts.http.target import Capability
from casavi_contracts.outcome import COMMON, Finding, Outcome, Result
from casavi_contracts.report import KEPT, Promise, replay
from casavi_contracts.report.replay import Replay
from casavi_contracts.spec import ProfileError
from casavi_contracts.suite.tasks import CheckTask, Task, is_meant, task_of

if TYPE_CHECKING:
    from casavi_contracts.suite.bench import Bench

_MEND = "remove the file, or put a case in its place that the check has today"


@dataclass(frozen=True, slots=True)
class KeptTask:
    """A case that is kept in a file."""

    path: Path
    version: str
    task: Task | None
    """Judges the case; None if that is impossible."""
    found: Replay | None = None
    stale: str = ""
    """Why the file says nothing about any server, if it does not."""
    group: str = KEPT

    @property
    def name(self) -> str:
        """The file's."""
        return self.path.name

    @property
    def needs(self) -> tuple[Capability, ...]:
        """Those of the check."""
        return self.task.needs if self.task else ()

    @property
    def operations(self) -> tuple[str, ...]:
        """Those of the check."""
        return self.task.operations if self.task else ()

    @property
    def rank(self) -> tuple[int, ...]:
        """Before everything else."""
        return (-1,)

    def promise(self, contract: Contract) -> Promise:
        """Returns what the check promises, under the name of the file."""
        if self.task is None:
            return Promise(self.name, self.version, "A file in the folder of --replay-dir holds a case.", COMMON, KEPT)
        return replace(self.task.promise(contract), name=self.name, group=KEPT)

    def judge(self, bench: "Bench") -> Result:
        """Judges the case; whatever is found counts for the file."""
        contract = bench.contracts[self.version]
        stale = self.stale or _why_stale(self.task, self.found, contract)
        if self.task is None or self.found is None or stale:
            return self._failed(stale)
        if not _same_profile(self.found, bench.settings.profile, contract):
            reason = "it was found under another profile (--profile)"
            return Result(self.name, self.version, Outcome.SKIPPED, COMMON, reason=reason)
        result = self.task.judge(bench)
        findings = tuple(replace(one, check=self.name, seen_by=one.check) for one in result.findings)
        return replace(result, check=self.name, findings=findings)

    def _failed(self, stale: str) -> Result:
        finding = Finding(
            check=self.name,
            version=self.version,
            evidence=COMMON,
            expected=f"a case in {self.name} that can be judged",
            observed=f"it is stale: {stale}; {_MEND}",
            assumption=None,
            profile=None,
            case=None,
        )
        return Result(self.name, self.version, Outcome.FAILED, COMMON, findings=(finding,))


def kept(folder: Path | None, versions: Sequence[str], only: Sequence[str], own: Sequence[Check]) -> list[Task]:
    """Returns what judges the cases in a folder, by the names of their files.

    Args:
        folder: None if there is none; one that does not exist holds no cases.
        versions: Versions of the API that are judged; cases of others are left out.
        only: Names or patterns of the checks that are judged; all if empty.
        own: Checks that the user brings along.

    Raises:
        CouldNotRun: The folder cannot be read.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".json") if folder else []
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CouldNotRun(f"{folder} cannot be read: {error.strerror}") from error
    return [task for path in files for task in _of_file(path, versions, only, own)]


def file_of(finding: Finding, tasks: Iterable[Task]) -> Path | None:
    """Returns the file that holds the case of a finding already, None if there is none."""
    wanted = finding.seen_by or finding.check, finding.version, _text(finding.case)
    known = ((one.path, one.version, one.found) for one in tasks if isinstance(one, KeptTask) and one.found)
    same = (path for path, version, found in known if (found.check, version, _text(found.case)) == wanted)
    return next(same, None)


def names_in(folder: Path | None) -> list[str]:
    """Returns the names of the files that are kept; none of them is ever written over."""
    return [path.name for path in folder.iterdir()] if folder and folder.is_dir() else []


def _of_file(path: Path, versions: Sequence[str], only: Sequence[str], own: Sequence[Check]) -> Iterator[KeptTask]:
    try:
        found = replay.read(path)
    except CouldNotRun as error:
        yield KeptTask(path, versions[0], None, stale=str(error).removeprefix(f"{path}: "))
        return
    task, stale = None, ""
    try:
        task = task_of(found, own)
    except CouldNotRun as error:
        stale = str(error)
    subject = task.check.subject if isinstance(task, CheckTask) else ""
    if found.version in versions and is_meant(found.check, subject, only):
        yield KeptTask(path, found.version, task, found, stale=stale)


def _why_stale(task: Task | None, found: Replay | None, contract: Contract) -> str:
    """Returns why a case says nothing any more; empty if it does."""
    if found is None or task is None or found.check == fuzz.NAME:
        return ""
    assert isinstance(task, CheckTask)
    check = task.check
    missing = [name for name in check.operations if name not in contract.operations]
    if contract.version not in check.versions or missing:
        return f"{check.name} is not judged in {contract.version}"
    try:
        Contract(contract.version, found.profile, contract.overlay)
    except ProfileError as error:
        return f"its profile is impossible: {error}"
    if check.each is not None:
        cases = [_text(case) for case in check.each(contract)]
        known = _text(found.case) in cases
    else:
        known = check.cases is not no_case or check.search is not None or found.case is None
    return "" if known else f"{check.name} has no such case any more"


def _same_profile(found: Replay, profile: Mapping[str, Any], contract: Contract) -> bool:
    return (
        found.profile == profile
        or Contract(contract.version, found.profile, contract.overlay).values == contract.values
    )


def _text(case: Any) -> str:
    return json.dumps(case, sort_keys=True)
