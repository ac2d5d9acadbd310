"""Fails a test at its end if its client violated a rule, or if a fault of the test could never strike."""

from collections.abc import Collection

import pytest

from pytest_casavi.factory import Opened
from pytest_casavi.handle.violations import described


def judge(accounts: Collection[Opened]) -> None:
    """Fails the test if one of its clients did something that its criteria do not allow.

    Args:
        accounts: Those that the test opened.

    Raises:
        pytest.fail.Exception: One does, or a fault was begun that can never strike.
    """
    texts: list[str] = []
    for account in accounts:
        if not account.account.controlled:
            continue
        casavi = account.casavi
        texts += [
            f"casavi: casavi.faults.on({operation!r}) was not told what happens, so it never struck. "
            "End it with .status(503), .delay(…), .reset(), .truncate(), .lost_response(), .job_fails(), .job_stalls()"
            for operation in casavi.faults.unfinished
        ]
        violations = casavi.violations
        if grave := account.criteria.grave(violations):
            texts.append(described(violations, grave))
    if texts:
        pytest.fail("\n\n".join(texts), pytrace=False)
