"""Judges a client by the exchanges it had: what casavi's API would refuse, or what bites in production."""

from collections.abc import Iterable

from casavi_mock.domain.journal import Exchange
from casavi_mock.domain.manners.checks import CHECKS
from casavi_mock.domain.manners.rules import RULES, Manners, RuleOfManners, UnknownRule, Violation

__all__ = ["RULES", "Manners", "RuleOfManners", "UnknownRule", "Violation", "judge"]


def judge(exchanges: Iterable[Exchange], manners: Manners | None = None) -> list[Violation]:
    """Returns what a client should do otherwise, in the order of the first exchange that shows it.

    Args:
        exchanges: A journal's, oldest first.
        manners: What is asked; everything if not given.
    """
    asked = manners or Manners()
    history = tuple(exchanges)
    found = [
        Violation(rule, *RULES[rule][:3], finding.numbers, finding.detail, RULES[rule].evidence)
        for rule, check in CHECKS.items()
        if rule not in asked.allow
        for finding in check(history, asked)
    ]
    return sorted(found, key=lambda violation: violation.exchange_numbers[0])  # stable: the gravest first
