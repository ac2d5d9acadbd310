"""What the suite judges, one after the other."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol

from casavi_contracts import fuzz, stateful
from casavi_contracts.checks import CHECKS, Check
from casavi_contracts.checks.definition import no_case
from casavi_contracts.contract import Contract
from casavi_contracts.failures import CouldNotRun
from casavi_contracts.http.target import Capability
from casavi_contracts.outcome import Outcome, Result
from casavi_contracts.report import Promise
from casavi_contracts.report.replay import Replay

if TYPE_CHECKING:
    from casavi_contracts.suite.bench import Bench


_EVERY_CHECK = (*CHECKS, stateful.CHECK)

_SURENESS = {"documented": 0, "third-party": 0, "client": 0, "inferred": 1, "assumed": 2}
_LISTING = frozenset({"authentication", "tokens", "filters", "modified", "pages", "links"})
"""Groups that come first on a shared account: they create few records, or read whole lists."""
_MANY = 100
"""Records with which a check comes after all others there."""

_SHARED = {
    **dict.fromkeys(("authentication", "tokens", "refresh", "unknown", "jobs", "bodies", "conventions"), "v1"),
    **dict.fromkeys(("imports", "rules", "updates", "ordering", "turns"), "v2"),
}
"""By group, the version in which a quick run judges what both versions share."""


class Task(Protocol):
    """Something to judge in one version of the API."""

    @property
    def name(self) -> str:
        """As it is called by `--only`."""

    @property
    def version(self) -> str:
        """Of the API."""

    @property
    def group(self) -> str:
        """What it is about."""

    @property
    def needs(self) -> tuple[Capability, ...]:
        """What it needs of a target."""

    @property
    def operations(self) -> tuple[str, ...]:
        """The `operationId`s that it sends."""

    @property
    def rank(self) -> tuple[int, ...]:
        """Where it comes on a shared account; less comes first."""

    def promise(self, contract: Contract) -> Promise:
        """Returns what is promised, by the contract of its version."""

    def judge(self, bench: "Bench") -> Result:
        """Returns what came of it."""


@dataclass(frozen=True, slots=True)
class CheckTask:
    """A check in one version."""

    check: Check
    version: str

    @property
    def name(self) -> str:
        """The check's."""
        return self.check.name

    @property
    def group(self) -> str:
        """The module of the checks, or the part of the kit, in which it stands."""
        place = self.check.body.__module__.removeprefix("casavi_contracts.").removeprefix("checks.")
        return place.partition(".")[0]

    @property
    def needs(self) -> tuple[Capability, ...]:
        """The check's."""
        return self.check.needs

    @property
    def operations(self) -> tuple[str, ...]:
        """The check's."""
        return self.check.operations

    @property
    def rank(self) -> tuple[int, ...]:
        """By evidence, by whether it reads whole lists, by how many records it creates."""
        check = self.check
        listing = self.group in _LISTING
        sure = _SURENESS[check.evidence]
        return check.last, check.records > _MANY, min(sure, 1) if listing else sure, not listing, check.records

    def promise(self, contract: Contract) -> Promise:
        """Returns the check as the report shows it."""
        check, evidence = self.check, self.check.evidence_in(contract)
        about = (self.group, check.source, check.assumption, check.subject)
        return Promise(check.name, self.version, check.sentence, evidence, *about)

    def judge(self, bench: "Bench") -> Result:
        """Judges the check."""
        result = bench.runner(self.version).run(deep(self.check, bench.settings.max_examples))
        most = bench.settings.max_examples
        if most is None or self.check.each is not None or self.check.examples <= most:
            return result
        return replace(result, usual=self.check.examples)


@dataclass(frozen=True, slots=True)
class ReplayTask(CheckTask):
    """One case of a check, judged again."""

    replay: Replay

    def judge(self, bench: "Bench") -> Result:
        """Judges the checks that have to come before, then the case."""
        runner = bench.runner(self.version)
        for check in CHECKS:
            if check.name in self.replay.before:
                runner.run(deep(check, self.replay.max_examples))
        return runner.replay(self.check, self.replay.case)


@dataclass(frozen=True, slots=True)
class FuzzTask:
    """Everything that schemathesis makes of one document."""

    version: str
    asked: bool = False
    """Whether it was asked for by name."""
    replay: Replay | None = None
    """The case that is judged again, if it is that."""
    group: str = "fuzz"
    needs: tuple[Capability, ...] = ()
    operations: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The tool's."""
        return fuzz.NAME

    @property
    def rank(self) -> tuple[int, ...]:
        """After everything else."""
        return (2,)

    def promise(self, contract: Contract) -> Promise:
        """Returns what the tool judges."""
        sentence = "Whatever is made of the contract document, good and bad, is answered as the document says."
        return Promise(self.name, self.version, sentence, "inferred", self.group)

    def judge(self, bench: "Bench") -> Result:
        """Lets the tool loose, or sends one of its cases again."""
        contract, target = bench.contracts[self.version], bench.target
        if self.replay is not None and self.replay.case is not None:
            return fuzz.replay(target, contract, self.replay.case)
        if target.plane is None and not self.asked:
            reason = f"it sends very much; at a server that is no mock it has to be asked for: --only {self.name}"
            return Result(self.name, self.version, Outcome.SKIPPED, "inferred", reason=reason)
        settings, first = bench.settings, next(iter(bench.contracts.values()))
        return fuzz.fuzz(
            target,
            contract,
            seed=settings.seed,
            run=bench.new_prefix(),
            max_examples=settings.max_examples,
            covered=() if first is contract else [name for name in contract.operations if name in first.operations],
        )


def tasks(
    versions: Sequence[str], only: Sequence[str] = (), *, own: Sequence[Check] = (), quick: bool = False
) -> list[Task]:
    """Returns what is to be judged, in order.

    Checks that judge what the others have sent come after all others; what tools send comes after them.

    Args:
        versions: Versions of the API.
        only: Names, patterns of names, or subjects of checks; everything if empty.
        own: Checks that the user brings along.
        quick: Whether only what is cheap is judged: no fuzzing, and in one version what both share.

    Raises:
        CouldNotRun: A name or a pattern fits nothing, or a check has the name of another one.
    """
    checks = (*_EVERY_CHECK, *own)
    known = [*(check.name for check in checks), fuzz.NAME]
    for name in known:
        if known.count(name) > 1:
            raise CouldNotRun(f"there are two checks {name!r}; give yours another name")
    subjects = {check.subject for check in checks} - {""}
    for pattern in only:
        if pattern not in subjects and not any(fnmatchcase(name, pattern) for name in known):
            raise CouldNotRun(_unknown(pattern, [*known, *sorted(subjects)]))
    everything: list[Task] = [
        CheckTask(check, version)
        for check in sorted(checks, key=lambda check: check.last)
        for version in versions
        if version in check.versions
    ]
    if quick and len(versions) > 1:
        everything = [task for task in everything if _SHARED.get(task.group, task.version) == task.version]
    if not quick:
        everything += [FuzzTask(version, asked=bool(only)) for version in versions]
    chosen = [task for task in everything if is_meant(task.name, _subject(task), only)]
    if not chosen:
        raise CouldNotRun(f"in {' and '.join(versions)} there is nothing to judge of {', '.join(only)}")
    return chosen


def names(versions: Sequence[str]) -> list[str]:
    """Returns what `--only` takes in these versions: the names of checks, and the subjects of which several are."""
    found = [(task.name, _subject(task)) for task in tasks(versions)]
    return [*dict.fromkeys(name for several in zip(*found, strict=True) for name in several if name)]


def for_account(tasks: Sequence[Task]) -> list[Task]:
    """Returns tasks in the order in which a shared account is judged, whose requests may not be enough for all.

    What is surest comes first; of what is equally sure, that which reads whole lists while they are short, and that
    which makes them long at the end.

    Args:
        tasks: In their usual order.
    """
    return sorted(tasks, key=lambda task: task.rank)


def task_of(replay: Replay, own: Sequence[Check] = ()) -> Task:
    """Returns the task that judges a case again.

    Args:
        replay: The case.
        own: Checks that the user brings along.

    Raises:
        CouldNotRun: There is no such check.
    """
    if replay.check == fuzz.NAME:
        return FuzzTask(replay.version, asked=True, replay=replay)
    for check in (*_EVERY_CHECK, *own):
        if check.name == replay.check:
            return ReplayTask(check, replay.version, replay)
    raise CouldNotRun(_unknown(replay.check, [*(check.name for check in (*_EVERY_CHECK, *own)), fuzz.NAME]))


def deep(check: Check, max_examples: int | None) -> Check:
    """Returns a check that draws so many cases; as many as usual if None, and where it has a list of them."""
    if max_examples is None or check.examples == 1 or check.each is not None:
        return check
    return replace(
        check, examples=max_examples, alone=max_examples == 1 and check.search is None and check.cases is not no_case
    )


def _subject(task: Task) -> str:
    return task.check.subject if isinstance(task, CheckTask) else ""


def is_meant(name: str, subject: str, only: Sequence[str]) -> bool:
    """Whether `--only` means a check: by a name, a pattern of names, or the subject; everything if it is empty."""
    return not only or subject in only or any(fnmatchcase(name, pattern) for pattern in only)


def _unknown(pattern: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(pattern, known, n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else "casavi-mock check --list shows them all"
    return f"there is no check {pattern!r}; {hint}"
