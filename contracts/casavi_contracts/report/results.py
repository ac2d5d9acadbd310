"""Results of a run: each finding counts for the check that it names, whoever found it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from casavi_contracts.outcome import Finding, Outcome, Result

GRAVITY = (Outcome.FAILED, Outcome.REFUTED, Outcome.BLOCKED, Outcome.SKIPPED, Outcome.PASSED)
"""Worst first."""


KEPT = "replays"
"""What cases are about that a project keeps in files."""

LEFT_OVER = 0.02
"""Share of the checks that may be left over when a budget is spent, for a run that is good all the same."""

Sameness = tuple[str, str, str, str, str, str]


def sameness(finding: Finding) -> Sameness:
    """Returns what two findings have in common that say the same."""
    assumption = finding.assumption or ""
    return finding.check, finding.version, finding.evidence, assumption, finding.expected, finding.observed


@dataclass(frozen=True, slots=True)
class Promise:
    """What is judged in one version: a check, or another part of the suite."""

    name: str
    version: str
    sentence: str
    evidence: str
    group: str
    """What it is about, such as `jobs`."""
    source: str = ""
    assumption: str | None = None
    subject: str = ""
    """By which `--only` chooses it with others, if it is one of several about the same."""


@dataclass(slots=True)
class Row:
    """One promise and what came of it."""

    promise: Promise
    result: Result | None = None
    """Its own; None if it was not judged by itself, or not yet."""
    findings: list[Finding] = field(default_factory=list)
    """All that name it, worst first, each once; those that others found too."""
    seers: dict[Sameness, list[str]] = field(default_factory=dict)
    """The checks that have found the same, in the order in which they did."""

    @property
    def outcome(self) -> Outcome:
        """The worst of its own result and of what others found."""
        outcomes = [finding.outcome for finding in self.findings]
        outcomes.append(self.result.outcome if self.result else Outcome.BLOCKED)
        return min(outcomes, key=GRAVITY.index)

    @property
    def reason(self) -> str:
        """Why it was not judged or is not applicable; empty otherwise."""
        if self.outcome in (Outcome.BLOCKED, Outcome.SKIPPED):
            return self.result.reason if self.result else "the run ended before its turn"
        return ""


class Results:
    """The results of a run.

    Args:
        promises: What is to be judged, in order.
    """

    def __init__(self, promises: Sequence[Promise]) -> None:
        self._rows = {(promise.name, promise.version): Row(promise) for promise in promises}
        self.judged = 0
        """Results that say something about the target."""

    def add(self, result: Result) -> list[Finding]:
        """Takes a result; its findings go to the checks that they name. Returns those that are new."""
        self.judged += result.outcome not in (Outcome.BLOCKED, Outcome.SKIPPED)
        row = self._row(result.check, result.version, result.evidence)
        row.result = result
        return [finding for finding in result.findings if self.find(finding)]

    def find(self, finding: Finding) -> bool:
        """Takes a finding and returns whether it is a new one; what many checks stumble over counts once."""
        row = self._row(finding.check, finding.version, finding.evidence)
        seers = row.seers.setdefault(sameness(finding), [])
        new = not seers
        seers.append(finding.seen_by or finding.check)
        if new:
            row.findings.append(finding)
            row.findings.sort(key=lambda one: GRAVITY.index(one.outcome))
        return new

    def rows(self, *outcomes: Outcome) -> list[Row]:
        """Returns the rows, those with some outcomes if any are given: worst first, then in the order of the checks."""
        chosen = [row for row in self._rows.values() if not outcomes or row.outcome in outcomes]
        return sorted(chosen, key=lambda row: GRAVITY.index(row.outcome))

    def row(self, check: str, version: str) -> Row | None:
        """Returns one row, None if there is none."""
        return self._rows.get((check, version))

    @property
    def found(self) -> bool:
        """Whether anything does not hold."""
        return any(row.findings for row in self._rows.values())

    def count(self, outcome: Outcome) -> int:
        """Returns how many promises have that outcome."""
        return len(self.rows(outcome))

    def exit_code(self, *, tolerate: bool, spent: bool = False) -> int:
        """Returns 0 if all holds, 1 if not.

        Args:
            tolerate: Whether a refuted assumption is taken as it is.
            spent: Whether the run ended because as much was sent as was allowed; then very few may be left over.
        """
        left = [row for row in self._rows.values() if row.result is None]
        if spent and len(left) <= LEFT_OVER * len(self._rows):
            judged = [row for row in self._rows.values() if row.result is not None]
        else:
            judged = [*self._rows.values()]
        bad = {Outcome.FAILED, Outcome.BLOCKED} | (set() if tolerate else {Outcome.REFUTED})
        return int(any(row.outcome in bad for row in judged))

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def _row(self, check: str, version: str, evidence: str) -> Row:
        key = (check, version)
        if key not in self._rows:  # found by others, though it was not asked for
            self._rows[key] = Row(Promise(check, version, "", evidence, "others"))
        return self._rows[key]
