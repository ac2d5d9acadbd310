"""A server that is wrong about pages is told first by a check about pages, and not by one that just reads lists."""

import pytest

from casavi_contracts.checks import CHECKS, Check, links, pages
from casavi_contracts.checks.definition import checks_of
from casavi_contracts.report import Promise, Results
from casavi_contracts.report.causes import causes
from tests.contracts.mutants import pages as page_mutants
from tests.contracts.mutants.judging import healthy, judged
from tests.contracts.mutants.mutant import Mutant

ABOUT_PAGES = {check.name for module in (pages, links) for check in checks_of(module)}

READING = ("pages", "links", "reading", "imports", "updates", "isolation")
"""Modules whose checks read lists."""

DEAR = 100
"""Records of checks that are left out here, since they would not be told first anyway."""

SHALLOW = 0.05


def of_reading() -> list[Check]:
    """The checks that read lists, in the order of a run."""
    cheap = [check for check in CHECKS if not check.last and check.records < DEAR]
    return [check for check in cheap if check.body.__module__.rpartition(".")[2] in READING]


def first_told(mutant: Mutant, version: str) -> tuple[str, list[str]]:
    """The check that a report of this server names first, and those that it tells to fail with it or besides."""
    checks = of_reading()
    results = Results([Promise(check.name, version, check.sentence, check.evidence, "") for check in checks])
    with healthy().target(mutant.make()) as target:
        for check in checks:
            results.add(judged(target, check, version, depth=SHALLOW))
    found = causes(results)
    return found[0].head.promise.name, [cause.head.promise.name for cause in found]


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(one, id=one.name, marks=[] if number == 3 else [pytest.mark.slow])
        for number, one in enumerate(page_mutants.MUTANTS)
    ],
)
def test_a_wrong_page_is_told_first(mutant: Mutant) -> None:
    for version in mutant.versions[-1:]:
        first, all_ = first_told(mutant, version)
        assert first in ABOUT_PAGES, (version, all_)
