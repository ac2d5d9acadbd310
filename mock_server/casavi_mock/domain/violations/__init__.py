"""Finds in a journal what a client did wrong: what casavi would refuse, or what fails in production later."""

from collections.abc import Callable, Iterable

from casavi_mock.domain.journal import Exchange
from casavi_mock.domain.violations.checks import CHECKS
from casavi_mock.domain.violations.observed import Observed
from casavi_mock.domain.violations.rules import RULES, Criteria, Rule, UnknownRule, Violation
from casavi_mock.domain.violations.steering import Command, Steering

__all__ = ["RULES", "Command", "Criteria", "Rule", "Steering", "UnknownRule", "Violation", "find_violations"]


def find_violations(
    exchanges: Iterable[Exchange],
    criteria: Criteria | None = None,
    steering: Steering | None = None,
    job_ended: Callable[[str], bool | None] = lambda job_id: True,
) -> list[Violation]:
    """Returns what a client should do otherwise, in the order of the first exchange that shows it.

    Args:
        exchanges: Those of one journal, the oldest first.
        criteria: Which rules count, and how strictly; all of them, with the defaults, if not given.
        steering: What the test did to the account itself; nothing if not given.
        job_ended: Returns whether the job with an id has ended; None if it is gone.
    """
    observed = Observed(tuple(exchanges), criteria or Criteria(), steering or Steering(0), job_ended)
    found = [
        Violation(rule, *RULES[rule][:3], finding.numbers, finding.detail, RULES[rule].evidence)
        for rule, check in CHECKS.items()
        if rule not in observed.criteria.allow
        for finding in check(observed)
    ]
    return sorted(found, key=lambda violation: violation.exchange_numbers[0])  # stable: the gravest first
