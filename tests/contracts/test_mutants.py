"""Every mutant is found by the check that its entry names; the healthy server in the same wrapper is not.

One mutant of each check is judged in every run, which proves that each check can fail; the others are slow.
"""

import contextlib
from collections.abc import Iterable, Iterator

import pytest

from casavi_contracts.checks import CHECKS, Check
from casavi_contracts.http.target import Target
from casavi_contracts.outcome import Outcome
from tests.contracts.mutants import races
from tests.contracts.mutants.finding import NotFound, find
from tests.contracts.mutants.judging import healthy, judged
from tests.contracts.mutants.mutant import Mutant
from tests.contracts.mutants.register import MUTANTS
from tests.support.tamper import untouched

IN_PROCESS = [mutant for mutant in MUTANTS if not mutant.sockets]
HEALTHY_DEPTH = 0.2
"""The suite's own tests judge the healthy server deeply; here it is about the wrapper."""


def first_of_each_check(mutants: Iterable[Mutant]) -> set[str]:
    """The names of one mutant for each check: the first by name, so that a further mutant seldom changes the choice."""
    first: dict[str, str] = {}
    for name, check in sorted((mutant.name, mutant.check) for mutant in mutants):
        first.setdefault(check, name)
    return set(first.values())


FAST = first_of_each_check(IN_PROCESS)


def test_every_check_but_those_about_sockets_is_judged_in_every_run() -> None:
    judged_fast = {mutant.check for mutant in IN_PROCESS if mutant.name in FAST}
    assert {check.name for check in CHECKS} - judged_fast == {"every-request-is-answered"}


@pytest.mark.parametrize(
    "mutant",
    [pytest.param(one, id=one.name, marks=[] if one.name in FAST else [pytest.mark.slow]) for one in IN_PROCESS],
)
def test_mutant_is_found(mutant: Mutant) -> None:
    for version in mutant.versions:
        find_soon(mutant, version, tries=RACES if mutant in races.MUTANTS else 1)


RACES = 8
"""Times that a race is tried: whether the requests of some threads meet is up to the machine."""


def find_soon(mutant: Mutant, version: str, tries: int) -> None:
    """Finds a mutant with the first of some seeds that does so."""
    for seed in range(tries - 1):
        with contextlib.suppress(NotFound):
            find(mutant, version, seed=seed)
            return
    find(mutant, version, seed=tries - 1)


@pytest.fixture(scope="module")
def untampered() -> Iterator[Target]:
    """The healthy server in the wrapper that mutants are made of."""
    with healthy().target(untouched) as target:
        yield target


@pytest.mark.parametrize(
    ("check", "version"),
    [
        pytest.param(check, version, id=f"{check.name}-{version}", marks=[] if number % 2 else [pytest.mark.slow])
        for number, (check, version) in enumerate(
            (check, version)
            for position, check in enumerate(check for check in CHECKS if not check.last)
            for version in (("v1", "v2") if position % 2 else ("v2", "v1"))
        )
    ],
)
def test_untampered_server_is_not_found(untampered: Target, check: Check, version: str) -> None:
    result = judged(untampered, check, version, depth=HEALTHY_DEPTH)
    assert result.outcome in (Outcome.PASSED, Outcome.SKIPPED), result.findings or result.reason
