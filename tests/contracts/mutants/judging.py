"""Judges mutants by checks, in process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from casavi_contracts.checks import CHECKS, Check
from casavi_contracts.failures import BudgetSpent, CouldNotRun
from casavi_contracts.http.target import Target
from casavi_contracts.outcome import Outcome, Result
from casavi_contracts.runner import Runner
from casavi_mock.domain.jobs import Progress
from tests.support import kit
from tests.support.server import Mock
from tests.support.tamper import Tamper

BY_NAME: Mapping[str, Check] = {check.name: check for check in CHECKS}
FAILING = (Outcome.FAILED, Outcome.REFUTED)


@cache
def healthy(mode: str = "time", polls: int = 1) -> Mock:
    """Returns a healthy server that runs on. Mutants share it: every check works in accounts of its own."""
    mock = Mock(progress=Progress(progress=mode, polls=polls))
    mock.keep_running()
    return mock


def judged(target: Target, check: Check, version: str, *, seed: int = 0, depth: float = 1.0) -> Result:
    """Returns what comes of a check; the first case that breaks it is not made smaller."""
    runner = Runner(
        BY_NAME, lambda: kit.accounts(target, kit.contract(version), "m-"), seed=seed, depth=depth, shrink_cases=0
    )
    return runner.run(check)


@dataclass(frozen=True, slots=True)
class Kill:
    """How a mutant was found."""

    version: str
    check: str
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
    mock: Mock, tamper: Tamper, checks: Sequence[Check], version: str, *, seed: int = 0, first: bool = True
) -> list[Kill]:
    """Returns the checks that find a mutant in one version, in the order in which they were judged.

    Args:
        mock: The healthy server.
        tamper: What is wrong with it.
        checks: Which are judged.
        version: The version that is judged.
        seed: From which the cases follow.
        first: Whether the first strong kill ends it.
    """
    found: list[Kill] = []
    with mock.target(tamper) as target:
        for check in checks:
            kill = _kill(target, check, version, seed)
            if kill is not None:
                found.append(kill)
                if first and kill.strong:
                    break
    return found


def _kill(target: Target, check: Check, version: str, seed: int) -> Kill | None:
    try:
        result = judged(target, check, version, seed=seed)
    except (CouldNotRun, BudgetSpent) as error:
        return Kill(version, check.name, "could not run", "", 0, 0, "", str(error))
    if result.outcome in (Outcome.PASSED, Outcome.SKIPPED):
        return None
    finding = result.findings[0] if result.findings else None
    return Kill(
        version,
        check.name,
        result.outcome,
        finding.check if finding else "",
        result.examples,
        result.requests,
        finding.expected if finding else "",
        finding.observed if finding else result.reason,
    )
