"""Judges mutants by checks, in process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from casavi_contracts.checks import LAWS, Law
from casavi_contracts.failures import BudgetSpent, CouldNotRun
from casavi_contracts.judge import Judge
from casavi_contracts.target import Target
from casavi_contracts.verdict import Outcome, Verdict
from casavi_mock.domain.jobs import Progress
from tests.support import kit
from tests.support.server import Mock
from tests.support.tamper import Tamper

BY_NAME: Mapping[str, Law] = {law.name: law for law in LAWS}
FAILING = (Outcome.FAILED, Outcome.REFUTED)


@cache
def healthy(mode: str = "time", polls: int = 1) -> Mock:
    """Returns a healthy server that runs on. Mutants share it: every check works in accounts of its own."""
    mock = Mock(progress=Progress(progress=mode, polls=polls))
    mock.keep_running()
    return mock


def judged(target: Target, law: Law, version: str, *, seed: int = 0, depth: float = 1.0) -> Verdict:
    """Returns what comes of a check; the first case that breaks it is not made smaller."""
    judge = Judge(
        BY_NAME, lambda: kit.accounts(target, kit.contract(version), "m-"), seed=seed, depth=depth, shrink_cases=0
    )
    return judge.judge(law)


@dataclass(frozen=True, slots=True)
class Kill:
    """How a mutant was found."""

    version: str
    law: str
    """The check under judgement."""
    outcome: str
    finding: str
    """The check that the finding names."""
    examples: int
    requests: int
    expected: str
    observed: str

    @property
    def strong(self) -> bool:
        """Whether the check under judgement itself is broken or its assumption refuted."""
        return self.outcome in FAILING


def kills(
    mock: Mock, tamper: Tamper, laws: Sequence[Law], version: str, *, seed: int = 0, first: bool = True
) -> list[Kill]:
    """Returns the checks that find a mutant in one version, in the order in which they were judged.

    Args:
        mock: The healthy server.
        tamper: What is wrong with it.
        laws: Which are judged.
        version: The version that is judged.
        seed: From which the cases follow.
        first: Whether the first strong kill ends it.
    """
    found: list[Kill] = []
    with mock.target(tamper) as target:
        for law in laws:
            kill = _kill(target, law, version, seed)
            if kill is not None:
                found.append(kill)
                if first and kill.strong:
                    break
    return found


def _kill(target: Target, law: Law, version: str, seed: int) -> Kill | None:
    try:
        verdict = judged(target, law, version, seed=seed)
    except (CouldNotRun, BudgetSpent) as error:
        return Kill(version, law.name, "could not run", "", 0, 0, "", str(error))
    if verdict.outcome in (Outcome.PASSED, Outcome.SKIPPED):
        return None
    finding = verdict.findings[0] if verdict.findings else None
    return Kill(
        version,
        law.name,
        verdict.outcome,
        finding.law if finding else "",
        verdict.examples,
        verdict.requests,
        finding.expected if finding else "",
        finding.observed if finding else verdict.reason,
    )
