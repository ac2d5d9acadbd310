"""Everything that is known of a run at its end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from casavi_contracts.coverage import Coverage
from casavi_contracts.outcome import Finding, Outcome
from casavi_contracts.report.results import Results, Sameness, sameness
from casavi_contracts.report.timings import Timings


@dataclass(slots=True, kw_only=True)
class Report:
    """A run of the suite."""

    results: Results
    coverage: Coverage
    timings: Timings
    target: str
    """What was judged, in words."""
    is_mock: bool = False
    versions: tuple[str, ...] = ()
    seed: int = 0
    profile: Mapping[str, Any] = field(default_factory=dict)
    prefix: str = ""
    """What every reference id of the run begins with."""
    started_at: str = ""
    """Date and time with zone."""
    command: str = ""
    """With which a case is judged again: what comes before the name of its file. Without secrets."""
    tolerate: bool = False
    """Whether a refuted assumption is taken as it is."""
    notes: list[str] = field(default_factory=list)
    """What was noticed before the first check was judged, in sentences."""
    stopped: str = ""
    """Why the run ended early."""
    gone: bool = False
    """Whether it ended early because the target can no longer be judged, and not because enough was sent."""
    planned: bool = False
    """Whether it only told what it would do."""
    requests: int = 0
    writes: int = 0
    records: int = 0
    pauses: int = 0
    """How often the target asked to wait."""
    waited: float = 0.0
    """Seconds that were waited for that, and to keep the rate."""
    never: Callable[[], list[str]] = list
    """Returns the states that no check has seen."""
    replays: dict[Sameness, str] = field(default_factory=dict)
    """Files of cases, by what they show."""

    @property
    def headline(self) -> str:
        """What is judged, in one line."""
        versions = " and ".join(self.versions)
        changed = f", {len(self.profile)} assumptions changed" if self.profile else ""
        return f"casavi-mock check: {self.target}, {versions}, {len(self.results)} checks, seed {self.seed}{changed}"

    @property
    def exit_code(self) -> int:
        """0 if all holds, 1 if a check does not, 2 if nothing could be judged."""
        if self.planned:
            return 0
        if self.stopped and (self.gone or not self.results.judged) and not self.results.found:
            return 2
        return self.results.exit_code(tolerate=self.tolerate, spent=bool(self.stopped) and not self.gone)

    @property
    def outcome(self) -> str:
        """The whole run in one word, for programs."""
        if self.planned:
            return "planned"
        if self.exit_code == 2:
            return "could not run"
        worst = self.results.rows()
        return str(worst[0].outcome) if worst else str(Outcome.PASSED)

    def replay_command(self, finding: Finding) -> str | None:
        """Returns the command that judges a finding again, None if its case was not written down."""
        file = self.replays.get(sameness(finding))
        return f"{self.command} {file}" if file else None


def job_states(report: Report) -> dict[tuple[str, str], list[str]]:
    """Returns the checks that saw a job in a state, by version and state; those states included that no check saw."""
    checks: dict[tuple[str, str], list[str]] = {
        (version, state): [] for version, states in report.coverage.states().items() for state in states
    }
    for row in report.results:
        for state in sorted(row.result.states) if row.result else ():
            checks.setdefault((row.promise.version, state), []).append(row.promise.name)
    return checks


def profile_lines(report: Report) -> list[str]:
    """Returns the lines of a profile with which the mock behaves as was observed, each once."""
    return list(dict.fromkeys(one.profile for row in report.results for one in row.findings if one.profile))
