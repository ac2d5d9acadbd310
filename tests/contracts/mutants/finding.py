"""Judges a mutant by the check that has to find it, and by that check alone."""

from contextlib import ExitStack

import httpx

from casavi_contracts.checks import CHECKS, Check
from casavi_contracts.http.target import ControlPlane, Target
from casavi_contracts.outcome import Result
from tests.contracts.mutants.judging import BY_NAME, FAILING, healthy, judged
from tests.contracts.mutants.mutant import Mutant
from tests.contracts.mutants.proxy import proxy
from tests.support.server import Mock

TRAFFIC = ("log-in-gives-a-token", "accepted-job-ends", "import-is-read-back")
"""Checks that are judged before one that judges what the others have seen, so that there is something to see."""


class NotFound(AssertionError):
    """The check that has to find a mutant did not."""


def examples(mutant: Mutant) -> dict[str, int]:
    """Returns how many examples it took to find a mutant, by version.

    Raises:
        NotFound: It was not found.
    """
    return {version: find(mutant, version).examples for version in mutant.versions}


def find(mutant: Mutant, version: str, *, seed: int = 0) -> Result:
    """Returns the result by which a mutant is found in one version.

    Args:
        mutant: What is wrong.
        version: The version that is judged.
        seed: From which the cases follow.

    Raises:
        NotFound: It was not found.
    """
    result = judged_by(mutant, BY_NAME[mutant.check], version, seed=seed)
    if result.outcome in FAILING and any(finding.check == mutant.check for finding in result.findings):
        return result
    raise NotFound(
        f"the mutant {mutant.name} ({mutant.sentence}) is not found in {version} with seed {seed}:"
        f" {mutant.check} is judged {result.outcome} after {result.examples} examples. {result.reason}"
    )


def judged_by(mutant: Mutant, check: Check, version: str, *, seed: int = 0) -> Result:
    """Returns what comes of a check at a mutant in one version; one that looks at what was seen gets something to see."""
    before = [one for one in CHECKS if one.name in TRAFFIC and one is not check] if check.last else []
    with ExitStack() as stack:
        target = (
            stack.enter_context(healthy().target(mutant.make())) if not mutant.sockets else _over_http(mutant, stack)
        )
        for one in before:
            judged(target, one, version, seed=seed)
        return judged(target, check, version, seed=seed)


def _over_http(mutant: Mutant, stack: ExitStack) -> Target:
    live = stack.enter_context(Mock(accounts=1).listening())
    address = stack.enter_context(proxy(live.url, mutant.make()))
    http = stack.enter_context(httpx.Client(base_url=address, timeout=60, trust_env=False))
    return Target(http, plane=ControlPlane.find(http))
