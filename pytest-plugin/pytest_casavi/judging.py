"""Fails a test at its end if its client violated a rule, or if a fault of the test could never strike."""

import inspect
from collections.abc import Collection
from typing import Any, NoReturn

import pytest

from pytest_casavi.factory import Opened
from pytest_casavi.handle.violations import described


def judge(item: pytest.Item, accounts: Collection[Opened]) -> None:
    """Fails the test if one of its clients did something that its criteria do not allow.

    Args:
        item: The test.
        accounts: Those that it opened.

    Raises:
        pytest.fail.Exception: One does, or a fault was begun that can never strike.
    """
    if (failure := failure_of(accounts)) is not None:
        raise_in_test(item, failure)


def failure_of(accounts: Collection[Opened]) -> "ClientViolates | None":
    """Returns what is to be raised for what the clients of accounts did; None if that is nothing."""
    texts: list[str] = []
    short: list[str] = []
    for account in accounts:
        if not account.account.controlled:
            continue
        casavi = account.casavi
        texts += [
            f"casavi: casavi.faults.on({operation!r}) was not told what happens, so it never struck. "
            "End it with .status(503), .json(…), .delay(…), .drip(…), .reset(), .truncate(), .lost_response(), "
            ".job_fails(), .job_stalls()"
            for operation in casavi.faults.unfinished
        ]
        violations = casavi.violations if account.account.asked() != 0 else []
        if grave := account.criteria.grave(violations):
            texts.append(described(violations, grave))
            short += [f"{one.rule}: {one.detail}" for one in grave]
    if not texts:
        return None
    failure = ClientViolates("\n\n".join(texts))
    failure.short = _in_short(short)
    return failure


_Failed: Any = pytest.fail.Exception


class ClientViolates(_Failed):  # type: ignore[misc]  # pytest names it in this way alone
    """The client of a test violates a rule."""

    __module__ = "builtins"  # as that of its base, so that pytest names it alone
    short = ""
    """In one line."""

    def __init__(self, text: str) -> None:
        super().__init__(text, pytrace=False)


def shorten(report: pytest.TestReport, error: BaseException | None) -> None:
    """Lets the short summary begin with the rule."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if isinstance(error, ClientViolates) and error.short and crash is not None:
        crash.message = error.short


def raise_in_test(item: pytest.Item, error: BaseException) -> NoReturn:
    """Raises an error as if it came from the last line of a test, where its fixtures are at hand for a debugger."""
    function: Any = getattr(item, "obj", None)
    try:
        function = inspect.unwrap(function)
        code, names = function.__code__, dict(getattr(item, "funcargs", {}))
        lines, first = inspect.getsourcelines(function)
    except (AttributeError, TypeError, ValueError, OSError):
        raise error from None
    statement = "\n" * (first + len(lines) - 2) + "raise _casavi_violation"
    place = compile(statement, code.co_filename, "exec").replace(co_name=code.co_name)
    exec(place, function.__globals__, {**names, "_casavi_violation": error})  # noqa: S102  # our own statement
    raise error


def _in_short(violations: list[str]) -> str:
    rules = list(dict.fromkeys(one.partition(": ")[0] for one in violations))
    if len(rules) < 2:
        return violations[0] if violations else ""
    return f"{', '.join(rules)}: {violations[0].partition(': ')[2]}"
