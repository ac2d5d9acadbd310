"""Judges a client by the exchanges it had: what casavi's API would refuse, or what bites in production."""

from collections.abc import Iterable

from casavi_mock.domain.journal import Exchange
from casavi_mock.domain.violations.checks import CHECKS
from casavi_mock.domain.violations.rules import RULES, Criteria, Rule, UnknownRule, Violation

__all__ = ["RULES", "Criteria", "Rule", "UnknownRule", "Violation", "judge"]


def judge(exchanges: Iterable[Exchange], criteria: Criteria | None = None) -> list[Violation]:
    """Returns what a client should do otherwise, in the order of the first exchange that shows it.

    Args:
        exchanges: A journal's, oldest first.
        criteria: What is asked; everything if not given.
    """
    asked = criteria or Criteria()
    history = tuple(exchanges)
    found = [
        Violation(rule, *RULES[rule][:3], finding.numbers, finding.detail, RULES[rule].evidence)
        for rule, check in CHECKS.items()
        if rule not in asked.allow
        for finding in check(history, asked)
    ]
    return sorted(found, key=lambda violation: violation.exchange_numbers[0])  # stable: the gravest first
