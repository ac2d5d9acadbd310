"""What a test's run at a mutant says of the test, and what all of them say of the mutant."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from pytest_casavi.mutants.mutant import Mutant, Verdict

ORDER: tuple[Verdict, ...] = ("noticed", "unnoticed", "tolerated", "not reached")
"""What is said of a mutant: the first of these that holds for a test. One test that notices it is enough."""


@dataclass(frozen=True, slots=True)
class Run:
    """One test at one mutant."""

    test: str
    """Its node id."""
    mutant: str
    failed: bool
    reached: bool
    """Whether the mutant changed anything."""
    why: str = ""
    """In one line, why it failed."""
    crashed: bool = False
    """Whether the client met what it had not thought of, rather than that the test saw it."""
    differences: tuple[tuple[str, Any, Any], ...] = ()
    """Where it stands something else than on the healthy mock: place, what the test believes, what is so."""

    @property
    def verdict(self) -> Verdict:
        """What it says of the test."""
        if not self.reached:
            return "not reached"
        if self.failed:
            return "noticed"
        return "unnoticed" if self.differences else "tolerated"


@dataclass(frozen=True, slots=True)
class Judged:
    """A mutant, and what the tests did at it."""

    mutant: Mutant
    runs: list[Run] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """What is to be said of it."""
        return min((run.verdict for run in self.runs), key=ORDER.index, default="not reached")

    def of(self, verdict: Verdict) -> list[Run]:
        """Returns the runs of one verdict."""
        return [run for run in self.runs if run.verdict == verdict]


def judged(mutants: Collection[Mutant], runs: Collection[Run]) -> list[Judged]:
    """Returns every mutant with its runs, both in the order in which they were given."""
    return [Judged(mutant, [run for run in runs if run.mutant == mutant.name]) for mutant in mutants]
