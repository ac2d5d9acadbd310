"""The kit raises no false alarm where casavi chose otherwise: each profile gives one assumption one other value."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from casavi_contracts import spec, stateful
from casavi_contracts.checks import CHECKS
from casavi_contracts.context import Accounts
from casavi_contracts.contract import VERSIONS, Contract
from casavi_contracts.outcome import Outcome
from casavi_contracts.runner import Runner
from casavi_contracts.suite.tasks import CheckTask, deep, tasks
from tests.support.assumptions import other_values
from tests.support.server import Mock

BY_NAME = {check.name: check for check in (*CHECKS, stateful.CHECK)}
REGISTER = spec.assumptions(spec.load_document())
CHOICES = [
    pytest.param(name, value, id=f"{name}={value}") for name, entry in REGISTER.items() for value in other_values(entry)
]
SAMPLE = (
    ("contact-name-required", True, ("all-wrong-places-are-named", "one-wrong-place-is-enough")),
    ("unknown-fields", "refuse", ("all-wrong-places-are-named", "unknown-fields-are-reported-and-kept-out")),
    ("error-statuses", "bad-request", ("wrong-secret-is-refused", "errors-explain-themselves")),
)
"""Values, and checks that they concern."""


def alarms(name: str, value: Any, chosen: Callable[[CheckTask], bool], cases: int = 2) -> dict[str, str]:
    """Returns what is not passed and not skipped in a quick run at a mock of that choice, and why."""
    contracts = {version: Contract(version, {name: value}) for version in VERSIONS}
    found = {}
    with Mock({name: value}).target() as target:
        for task in tasks(VERSIONS, quick=True):
            if not (isinstance(task, CheckTask) and chosen(task)):
                continue
            accounts = functools.partial(Accounts, target, contracts[task.version], "c-")
            result = Runner(BY_NAME, accounts, shrink_cases=0).run(deep(task.check, cases))
            if result.outcome not in (Outcome.PASSED, Outcome.SKIPPED):
                said = result.findings[0] if result.findings else result.reason
                found[f"{task.version} {task.name}"] = f"{result.outcome}: {said}"
    return found


@pytest.mark.parametrize(("name", "value", "names"), SAMPLE)
def test_no_false_alarm_in_a_sample(name: str, value: Any, names: tuple[str, ...]) -> None:
    assert alarms(name, value, lambda task: task.name in names) == {}


@pytest.mark.slow  # each of some fifty values takes seconds of processor time
@pytest.mark.parametrize(("name", "value"), CHOICES)
def test_no_false_alarm_in_any_check(name: str, value: Any) -> None:
    assert alarms(name, value, lambda task: True, cases=1) == {}
