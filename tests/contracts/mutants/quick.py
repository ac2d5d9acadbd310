"""How many mutants a quick run finds: `python -m tests.contracts.mutants.quick [every so many-th]`."""

import logging
import sys
from collections.abc import Iterable

from casavi_contracts.contract import VERSIONS
from casavi_contracts.failures import BudgetSpent, CouldNotRun
from casavi_contracts.suite.settings import QUICK_EXAMPLES
from casavi_contracts.suite.tasks import CheckTask, deep, tasks
from tests.contracts.mutants.judging import FAILING, healthy, judged
from tests.contracts.mutants.mutant import Mutant
from tests.contracts.mutants.register import MUTANTS


def found_by(mutant: Mutant) -> str:
    """Returns the check of a quick run that finds a mutant, and in which version; empty if none does.

    The one that has to find it is asked first; those that look at what the others have seen come last all the same.
    """
    chosen = [task for task in tasks(VERSIONS, quick=True) if isinstance(task, CheckTask)]
    of_its = [task for task in chosen if task.version in mutant.versions]
    of_its.sort(key=lambda task: (task.check.last, task.check.name != mutant.check))
    with healthy().target(mutant.make()) as target:
        for task in of_its:
            try:
                result = judged(target, deep(task.check, QUICK_EXAMPLES), task.version)
            except (CouldNotRun, BudgetSpent):
                return f"{task.name} [{task.version}]"  # a run ends there, and says why
            if result.outcome in FAILING:
                return f"{task.name} [{task.version}]"
    return ""


def missed(mutants: Iterable[Mutant]) -> list[str]:
    """Returns the names of those mutants that a quick run does not find."""
    return [mutant.name for mutant in mutants if not found_by(mutant)]


def in_process(step: int = 1) -> list[Mutant]:
    """Returns every so many-th mutant that can be wrong without a socket."""
    return [mutant for mutant in MUTANTS if not mutant.sockets][::step]


def main() -> None:
    """Prints what was missed, and the share that was found."""
    logging.disable(logging.CRITICAL)
    chosen = in_process(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    lost = missed(chosen)
    for name in lost:
        sys.stdout.write(f"{name}: not found\n")
    sys.stdout.write(f"{1 - len(lost) / len(chosen):.1%} of {len(chosen)} are found\n")


if __name__ == "__main__":
    main()
